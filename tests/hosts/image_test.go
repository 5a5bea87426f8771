package hosts

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// imageUser is the user of the image.
const imageUser = 65532

// imageConfig is how an image wants to be run.
type imageConfig struct {
	User, WorkingDir string
	Env              []string
	Entrypoint, Cmd  []string
}

// container is an unpacked image with an empty volume.
type container struct {
	config imageConfig
	root   string
	volume string
}

// newContainer builds the image for this machine as a release does, and unpacks it.
func newContainer(t *testing.T) container {
	t.Helper()
	dist, layout := t.TempDir(), filepath.Join(t.TempDir(), "image")
	path := filepath.Join(dist, product)
	build := exec.Command("go", "build", "-trimpath", "-o", path, "./functions/local/cmd/sequential-questioning")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	output(t, build)
	artifacts, err := json.Marshal([]map[string]string{{"path": path, "goos": "linux", "goarch": runtime.GOARCH, "type": "Binary"}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dist, "artifacts.json"), artifacts, 0o600))
	digest := output(t, exec.Command(absolute(t, root+"/.bin/release"), "program", "--dist", dist, "--layout", layout))
	assert.Regexp(t, `^sha256:[0-9a-f]{64}\n$`, digest)

	folder, err := os.MkdirTemp("", "sequential-questioning-image-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	require.NoError(t, os.Chmod(folder, 0o755)) // the image's user passes through
	c := container{root: filepath.Join(folder, "root"), volume: filepath.Join(folder, "volume")}
	require.NoError(t, os.Mkdir(c.volume, 0o700))
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(c.volume, imageUser, imageUser))
	}
	c.config = unpack(t, layout, strings.TrimSpace(digest), c.root)
	return c
}

type descriptor struct{ Digest string }

// unpack writes the files of an image with one platform below folder.
func unpack(t *testing.T, layout, digest, folder string) imageConfig {
	t.Helper()
	blob := func(digest string) *os.File {
		file, err := os.Open(filepath.Join(layout, "blobs", strings.ReplaceAll(digest, ":", "/")))
		require.NoError(t, err)
		t.Cleanup(func() { file.Close() })
		return file
	}
	var index struct{ Manifests []descriptor }
	require.NoError(t, json.NewDecoder(blob(digest)).Decode(&index))
	require.Len(t, index.Manifests, 1)
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	require.NoError(t, json.NewDecoder(blob(index.Manifests[0].Digest)).Decode(&manifest))
	var config struct{ Config imageConfig }
	require.NoError(t, json.NewDecoder(blob(manifest.Config.Digest)).Decode(&config))
	require.NoError(t, os.Mkdir(folder, 0o755))
	within, err := os.OpenRoot(folder)
	require.NoError(t, err)
	defer within.Close()
	for _, layer := range manifest.Layers {
		unzipped, err := gzip.NewReader(blob(layer.Digest))
		require.NoError(t, err)
		for archive := tar.NewReader(unzipped); ; {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			extract(t, within, header, archive)
		}
	}
	return config.Config
}

func extract(t *testing.T, within *os.Root, header *tar.Header, content io.Reader) {
	t.Helper()
	name, mode := strings.TrimSuffix(header.Name, "/"), os.FileMode(header.Mode).Perm()
	switch header.Typeflag {
	case tar.TypeDir:
		if err := within.Mkdir(name, 0o755); err != nil {
			require.ErrorIs(t, err, os.ErrExist)
		}
		require.NoError(t, within.Chmod(name, mode|0o700)) // this test may be no root
	case tar.TypeSymlink:
		require.NoError(t, within.Symlink(header.Linkname, name))
	case tar.TypeLink:
		require.NoError(t, within.Link(header.Linkname, name))
	default:
		file, err := within.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		require.NoError(t, err)
		_, err = io.Copy(file, content)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		require.NoError(t, within.Chmod(name, mode))
	}
}

// command runs the image as a container engine does, by bubblewrap: as its user, with
// its files read-only, a volume, and the given arguments instead of the image's.
func (c container) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	wrap := []string{"bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--uid", strconv.Itoa(imageUser), "--gid", strconv.Itoa(imageUser),
		"--ro-bind", c.root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--bind", c.volume, "/data", "--chdir", c.config.WorkingDir, "--clearenv"}
	for _, setting := range c.config.Env {
		name, value, _ := strings.Cut(setting, "=")
		wrap = append(wrap, "--setenv", name, value)
	}
	wrap = append(append(wrap, c.config.Entrypoint...), args...)
	command := exec.Command(wrap[0], wrap[1:]...)
	if os.Geteuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: imageUser, Gid: imageUser}}
	}
	return command
}

// The image has everything: nothing of this machine but its kernel is there.
func TestTheImageBringsWhatItNeeds(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Skipped: images of Linux run on Linux only.")
	}
	for _, tool := range []string{"bwrap", "apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("Skipped: " + tool + " is not on this machine.")
		}
	}
	c := newContainer(t)
	assert.Equal(t, fmt.Sprintf("%d:%d", imageUser, imageUser), c.config.User)

	// As `docker run -i IMAGE --stdio`.
	stdio := c.command(t, "--stdio")
	stdio.Stdin = strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sequential_questioning","arguments":{"context":"Book a trip"}}}` + "\n")
	assert.Contains(t, output(t, stdio), "where you want to go")

	// As `docker run -p 8420:8420 IMAGE`, on a free port.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	http := c.command(t, append(c.config.Cmd, "--port", port)...)
	out, err := http.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, http.Start())
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = http.Process.Kill()
			_ = http.Wait()
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, "is ready at http://127.0.0.1:"+port+"/mcp")
	m := newMachine(t)
	answer := m.run(t, "mcp-inspector", "--cli", "http://127.0.0.1:"+port+"/mcp", "--transport", "http",
		"--method", "tools/call", "--tool-name", "sequential_questioning", "--tool-arg", "context=Book a trip")
	assert.Contains(t, answer, "where you want to go")
	ended = true
	require.NoError(t, http.Process.Kill()) // bubblewrap passes no signal on
	_ = http.Wait()

	doctor := c.command(t, "doctor", "--port", port)
	report := output(t, doctor)
	assert.Contains(t, report, "PostgreSQL 17")
	assert.Contains(t, report, "data folder /data/sequential-questioning can be written")
}
