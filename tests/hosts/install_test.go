// Package hosts tests what a release publishes, without publishing it, and the ready
// configurations in docs/examples/hosts, by the programs of the hosts themselves.
package hosts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

const (
	root    = "../.."
	project = "github.com/sequential-questioning/sequential-questioning"
	script  = root + "/functions/local/packaging/modules"
)

// output runs a command, which must succeed.
func output(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, "%s: %s", command, stderr.String())
	return string(out)
}

// released returns a copy of the modules as they are released, and their folders in it.
func released(t *testing.T) (folder string, modules []string) {
	t.Helper()
	folder = t.TempDir()
	files := strings.Fields(output(t, exec.Command("git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "shared", "migrations", "functions")))
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o644))
	}
	output(t, exec.Command(script, folder))
	return folder, strings.Fields(output(t, exec.Command(script, "--list")))
}

// proxy returns the URL of a module proxy that serves the modules.
func proxy(t *testing.T, folder string, modules []string) string {
	t.Helper()
	served := t.TempDir()
	for _, name := range modules {
		m := module.Version{Path: project + "/" + name, Version: "v" + version.Version}
		versions := filepath.Join(served, filepath.FromSlash(m.Path), "@v")
		require.NoError(t, os.MkdirAll(versions, 0o755))
		file, err := os.Create(filepath.Join(versions, m.Version+".zip"))
		require.NoError(t, err)
		require.NoError(t, zip.CreateFromDir(file, m, filepath.Join(folder, name)))
		require.NoError(t, file.Close())
		mod, err := os.ReadFile(filepath.Join(folder, name, "go.mod"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(versions, m.Version+".mod"), mod, 0o600))
		info := fmt.Sprintf(`{"Version":%q,"Time":%q}`, m.Version, time.Unix(0, 0).UTC().Format(time.RFC3339))
		require.NoError(t, os.WriteFile(filepath.Join(versions, m.Version+".info"), []byte(info), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(versions, "list"), []byte(m.Version+"\n"), 0o600))
	}
	return "file://" + served
}

// fromProxy returns the variables with which Go takes our modules from a proxy of their
// own. The module cache is new and filled from the machine's: Go takes what a cache holds
// of a version for unchangeable, and keeps an index of it by its path.
func fromProxy(t *testing.T, folder string, modules []string) []string {
	t.Helper()
	usual := strings.TrimSpace(output(t, exec.Command("go", "env", "GOPROXY")))
	cache := strings.TrimSpace(output(t, exec.Command("go", "env", "GOMODCACHE")))
	return []string{"GOWORK=", "GOFLAGS=-mod=mod -modcacherw -trimpath", "CGO_ENABLED=0", "GOSUMDB=off", "GOMODCACHE=" + t.TempDir(),
		"GOPROXY=" + proxy(t, folder, modules) + ",file://" + filepath.Join(cache, "cache", "download") + "," + usual}
}

func TestTheProgramIsInstalledFromAnywhere(t *testing.T) {
	folder, modules := released(t)
	bin := t.TempDir()
	install := exec.Command("go", "install", "-trimpath", project+"/functions/local/cmd/sequential-questioning@v"+version.Version)
	install.Dir = t.TempDir() // no module, no workspace
	install.Env = append(append(os.Environ(), fromProxy(t, folder, modules)...), "GOBIN="+bin, "GOFLAGS=-modcacherw")
	output(t, install)
	installed := filepath.Join(bin, "sequential-questioning")
	assert.Equal(t, version.Version, strings.TrimSpace(output(t, exec.Command(installed, "--version"))))
}

func TestOneCommandTagsEveryModule(t *testing.T) {
	clone := filepath.Join(t.TempDir(), "clone")
	output(t, exec.Command("git", "clone", "--quiet", "--no-hardlinks", root, clone))
	git := func(args ...string) string {
		command := exec.Command("git", append([]string{"-C", clone, "-c", "user.name=t", "-c", "user.email=t@example.test"}, args...)...)
		return strings.TrimSpace(output(t, command))
	}
	content, err := os.ReadFile(script)
	require.NoError(t, err)
	tags := filepath.Join(clone, "functions", "local", "packaging", "modules")
	require.NoError(t, os.WriteFile(tags, content, 0o755))
	head, status := git("rev-parse", "HEAD"), git("status", "--porcelain")
	tag := func() *exec.Cmd {
		command := exec.Command(tags, "--tag")
		command.Env = append(os.Environ(), "GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.test", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.test")
		return command
	}
	said := output(t, tag())

	assert.Equal(t, []string{head, status}, []string{git("rev-parse", "HEAD"), git("status", "--porcelain")}, "the checkout is as before")
	for _, name := range strings.Fields(output(t, exec.Command(script, "--list"))) {
		tagged := name + "/v" + version.Version
		assert.Contains(t, said, tagged)
		assert.NotContains(t, git("show", tagged+":"+name+"/go.mod"), "=> ../", name)
		assert.Equal(t, head, git("rev-parse", tagged+"^"))
		assert.Empty(t, git("ls-tree", tagged, "go.work"))
	}
	again, err := tag().CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(again), "cannot be moved")
}
