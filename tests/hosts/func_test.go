package hosts

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// invocations are what `func invoke` sends to a function that is no tool, and a part of
// what it prints.
var invocations = map[string]struct{ data, answer string }{
	"gateway": {`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, `"sequential_questioning_report"`}, // a revision without headers
	"relay":   {`{}`, `"published":0`},
	"indexer": {`{}`, "(HTTP 400)"}, // it takes CloudEvents
}

var keys = "k1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))

const listTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"func","version":"0"}}}}`

// knative is Knative's own command on a machine that has the modules of a release.
type knative struct {
	program string
	env     []string
}

func newKnative(t *testing.T) (command knative, folder string) {
	t.Helper()
	folder, modules := released(t)
	command.program = absolute(t, root+"/.bin/func")
	require.FileExists(t, command.program, "`make hosts` builds it")
	command.env = append(os.Environ(), append(fromProxy(t, folder, modules),
		"HOME="+t.TempDir(), "GOPATH="+strings.TrimSpace(output(t, exec.Command("go", "env", "GOPATH"))), "GOCACHE="+strings.TrimSpace(output(t, exec.Command("go", "env", "GOCACHE"))))...)
	return command, folder
}

func (k knative) run(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, k.program, arguments...)
	command.Env = k.env
	// `func run` leaves the function behind when it ends: signal both.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	return command
}

// A released function is one for whoever knows Knative's func: its folder is all that is
// needed, because its module requires published versions.
func TestKnativesFuncServesEveryFunction(t *testing.T) {
	command, folder := newKnative(t)
	functions, err := filepath.Glob(filepath.Join(folder, "functions", "*", "func.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, functions)
	for _, file := range functions {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			function := filepath.Join(t.TempDir(), name)
			require.NoError(t, os.CopyFS(function, os.DirFS(filepath.Dir(file))))

			built, err := command.run(t.Context(), "build", "--path", function, "--builder", "host", "--registry", "registry.test/functions").CombinedOutput()
			require.NoError(t, err, "%s", built)
			image, err := os.ReadFile(filepath.Join(function, ".func", "built-image"))
			require.NoError(t, err)
			assert.Contains(t, string(image), "registry.test/functions/"+name)
			assert.Equal(t, []string{"linux/amd64", "linux/arm64", "linux/arm/v7"}, platforms(t, function))

			running, stop := context.WithCancel(t.Context())
			address := freeAddress(t)
			var log bytes.Buffer
			instance := command.run(running, "run", "--path", function, "--builder", "host", "--address", address, "--start-timeout", "2m",
				"--env", "DATABASE_URL="+postgrestest.New(t), "--env", "ALLOW_UNAUTHENTICATED=true", "--env", "K_SINK=http://127.0.0.1:1",
				"--env", "EVENT_SIGNING_KEYS="+keys, "--env", "REQUEST_STATE_KEYS="+keys)
			instance.Stdout, instance.Stderr = &log, &log
			require.NoError(t, instance.Start())
			defer func() {
				stop()
				_ = instance.Wait() // ended by the signal
				if t.Failed() {
					t.Log(log.String())
				}
			}()
			sent, ok := invocations[name]
			if !ok {
				sent = struct{ data, answer string }{listTools, `"inputSchema"`}
			}
			require.EventuallyWithT(t, func(c *assert.CollectT) {
				answer, _ := command.run(t.Context(), "invoke", "--path", function, "--target", "local", "--data", sent.data).CombinedOutput()
				assert.Contains(c, string(answer), sent.answer)
			}, 3*time.Minute, time.Second)
		})
	}
}

// platforms are those of the image that `func build` wrote into a function's folder.
func platforms(t *testing.T, function string) (names []string) {
	t.Helper()
	layout := filepath.Join(function, ".func", "build", "oci")
	var index struct {
		Manifests []struct {
			Digest   string
			Platform struct{ OS, Architecture, Variant string }
		}
	}
	content, err := os.ReadFile(filepath.Join(layout, "index.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &index))
	for _, manifest := range index.Manifests {
		names = append(names, strings.TrimSuffix(strings.Join([]string{manifest.Platform.OS, manifest.Platform.Architecture, manifest.Platform.Variant}, "/"), "/"))
	}
	return names
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}
