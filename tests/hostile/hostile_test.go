// Package hostile runs every function as deployed, under the memory limit of its manifest,
// and sends it hostile requests.
package hostile

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
	"github.com/sequential-questioning/sequential-questioning/tests/deployed"
	"github.com/sequential-questioning/sequential-questioning/tests/transcript"
)

func TestMain(m *testing.M) { postgrestest.Main(m, migrations.Up) }

const (
	root = "../.."
	// answerLimit is how long a call may wait for its answer, on a machine that
	// does other work beside: what is asserted is memory, not speed.
	answerLimit = 2 * time.Minute
	// atOnce is the number of concurrent requests.
	atOnce = 4
)

// manifest has the fields of func.yaml that the tests read.
type manifest struct {
	Name string
	Run  struct {
		Envs []struct{ Name, Value string }
	}
	// Deploy.Options.Resources.Limits.Memory is in MiB: 128Mi.
	Deploy struct {
		Options struct {
			Resources struct{ Limits struct{ Memory string } }
		}
	}
}

func readManifest(t *testing.T, name string) (m manifest, limit int64) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "functions", name, "func.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, &m))
	number, ok := strings.CutSuffix(m.Deploy.Options.Resources.Limits.Memory, "Mi")
	require.True(t, ok, "a memory limit in MiB: %q", m.Deploy.Options.Resources.Limits.Memory)
	mebibytes, err := strconv.ParseInt(number, 10, 64)
	require.NoError(t, err)
	return m, mebibytes << 20
}

// program is a running function under the memory limit of its manifest.
type program struct {
	name    string
	url     string
	metrics string // where it serves its metrics
	limit   int64
	group   group
	output  transcript.Transcript
	ended   chan struct{}
	problem error // why it ended
}

// start runs a function with the settings of its manifest, and those given.
func start(t *testing.T, binaries, name string, settings ...string) *program {
	t.Helper()
	m, limit := readManifest(t, name)
	address, err := deployed.FreeAddress()
	require.NoError(t, err)
	metrics, err := deployed.FreeAddress()
	require.NoError(t, err)
	p := &program{name: name, url: "http://" + address, metrics: "http://" + metrics, limit: limit, group: newGroup(t, limit), ended: make(chan struct{})}
	run := p.group.command(filepath.Join(binaries, name))
	run.Env = []string{"PATH=" + os.Getenv("PATH"), "LISTEN_ADDRESS=" + address, "METRICS_ADDRESS=" + metrics}
	for _, setting := range m.Run.Envs {
		if !strings.ContainsAny(setting.Value, "{$") { // those of a cluster
			run.Env = append(run.Env, setting.Name+"="+setting.Value)
		}
	}
	run.Env = append(run.Env, settings...)
	run.Stdout, run.Stderr = &p.output, &p.output
	require.NoError(t, run.Start())
	go func() {
		p.problem = run.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = run.Process.Kill() // it may have ended by itself
		<-p.ended
	})
	require.Eventually(t, func() bool { return get(p.url+"/health/readiness") != "" }, 20*time.Second, 20*time.Millisecond, "ready: %s", &p.output)
	return p
}

// get returns an address's response body; empty unless the status is a success.
func get(url string) string {
	response, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// alive fails the test if the program exited or was killed.
func (p *program) alive(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
		t.Fatalf("%s ended: %v\n%s", p.name, p.problem, tail(p.output.String()))
	default:
	}
	if killed := p.group.killed(t); killed > 0 {
		t.Fatalf("%s was killed for memory", p.name)
	}
}

func tail(text string) string { return text[max(0, len(text)-2000):] }

// post sends a body as a call of the newest revision and returns what came.
func (p *program) post(ctx context.Context, tool, body string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/mcp", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool,
	} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

// attack sends all inputs, a few concurrently, and returns the longest duration. Every
// input must get a result or an error for the caller.
func (p *program) attack(t *testing.T, tool string, inputs []input) (slowest time.Duration, which string) {
	t.Helper()
	queue := make(chan input)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for in := range queue {
				ctx, cancel := context.WithTimeout(t.Context(), answerLimit)
				began := time.Now()
				status, answer, err := p.post(ctx, tool, in.body)
				took := time.Since(began)
				cancel()
				mu.Lock()
				if took > slowest {
					slowest, which = took, in.name
				}
				mu.Unlock()
				// A body too long is refused while it is still sent.
				if err != nil && len(in.body) <= mebibyte {
					t.Errorf("%s: no answer: %v", in.name, err)
				}
				for _, ours := range leaks {
					if found := ours.FindString(answer); found != "" {
						t.Errorf("%s: status %d, the answer shows %q: %.300s", in.name, status, found, answer)
					}
				}
			}
		})
	}
	for _, in := range inputs {
		select {
		case <-p.ended:
		case queue <- in:
		}
	}
	close(queue)
	workers.Wait()
	return slowest, which
}

// leaks matches what callers must not see: the server's paths, Go types, and internal
// failures.
var leaks = []*regexp.Regexp{
	regexp.MustCompile(`file:///\w+/\S*schema`), regexp.MustCompile(`Go (?:value|struct)|json: cannot|of type \*?[a-z]+\.[A-Z]|interface \{\}|runtime error|goroutine`),
	regexp.MustCompile(`internal error|panic`), regexp.MustCompile(`urn:schema`),
}

// build builds every function as deployed.
func build(t *testing.T) (folder string, functions []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "functions", "*", "func.yaml"))
	require.NoError(t, err)
	folder = t.TempDir()
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		functions = append(functions, name)
		command := exec.Command("go", "build", "-trimpath", "-tags=grpcnotrace,nethttpomithttp2,nopgxregisterdefaulttypes", "-ldflags=-s -w", "-o", filepath.Join(folder, name), "./functions/"+name+"/cmd/"+name)
		command.Dir, command.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	require.Len(t, functions, 10)
	return folder, functions
}

func catalogue(t *testing.T) map[string]tool {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "functions/gateway/catalogue.json"))
	require.NoError(t, err)
	var all struct{ Tools []tool }
	require.NoError(t, json.Unmarshal(content, &all))
	byFunction := map[string]tool{}
	for _, one := range all.Tools {
		byFunction[one.Function] = one
	}
	return byFunction
}

// A function responds to any request within its memory limit and keeps serving.
func TestFunctionsStayWithinTheirMemoryLimit(t *testing.T) {
	binaries, functions := build(t)
	memory, err := embedded.Start(embedded.Options{Address: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, memory.Close()) })
	settings := []string{
		"DATABASE_URL=" + postgrestest.New(t), "QDRANT_URL=" + memory.URL(),
		"REQUEST_STATE_KEYS=a:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "K_SINK=http://127.0.0.1:9/",
		"EVENT_SIGNING_KEYS=" + keyring.Generate(), "ALLOW_UNAUTHENTICATED=true",
	}
	tools := catalogue(t)
	asking := start(t, binaries, "ask", settings...)
	conversation := open(t, asking, tools["ask"])
	for _, name := range functions {
		t.Run(name, func(t *testing.T) {
			target, settings := tools[name], settings
			if name == "gateway" {
				target = tools["ask"]
				settings = append(settings, "FUNCTION_URLS=ask="+asking.url+"/mcp")
			}
			valid := map[string]any{}
			for argument, value := range map[string]any{"context": "Book a trip", "conversation_id": conversation, "query": "trip", "slot": "destination", "text": "Lisbon"} {
				if _, known := target.Tool.InputSchema.Properties[argument]; known {
					valid[argument] = value
				}
			}
			if target.Function == "ask" || target.Function == "automatic" {
				delete(valid, "conversation_id")
			}
			inputs := bodies()
			if target.Function != "" {
				inputs = corpus(target, valid)
			}
			p := start(t, binaries, name, settings...)
			assert.Contains(t, get(p.metrics+"/metrics"), fmt.Sprintf("go_gc_gomemlimit_bytes %g\n", float64(int64(float64(p.limit)*.85))), "Go knows the limit")
			slowest, which := p.attack(t, target.Tool.Name, inputs)
			p.alive(t)
			asking.alive(t)
			assert.NotEmpty(t, get(p.url+"/health/readiness"), "it keeps serving")
			if target.Function != "" && name != "forget" {
				encoded, err := json.Marshal(valid)
				require.NoError(t, err)
				status, answer, err := p.post(t.Context(), target.Tool.Name, call(target.Tool.Name, string(encoded)))
				require.NoError(t, err)
				assert.Equal(t, http.StatusOK, status)
				assert.NotContains(t, answer, `"isError":true`)
				assert.Contains(t, answer, `"structuredContent"`)
			}
			t.Logf("%d requests, at most %d of %d MiB, the slowest %s: %.0f ms", len(inputs), p.group.used(t)>>20, p.limit>>20, which, slowest.Seconds()*1000)
		})
	}
}

// open opens the conversation for the calls of other functions.
func open(t *testing.T, p *program, ask tool) string {
	t.Helper()
	_, answer, err := p.post(t.Context(), ask.Tool.Name, call(ask.Tool.Name,
		`{"context":"Book a trip","information_needed":["destination","budget",{"key":"code","type":"string","pattern":"^[a-z]{1,900}$"}]}`))
	require.NoError(t, err)
	var opened struct {
		Result struct {
			StructuredContent struct {
				ConversationID string `json:"conversation_id"`
			} `json:"structuredContent"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(answer), &opened), answer)
	require.NotEmpty(t, opened.Result.StructuredContent.ConversationID, answer)
	return opened.Result.StructuredContent.ConversationID
}
