// Package infrastructure checks what runs elsewhere: workflows and their scripts.
package infrastructure

import (
	"go/version"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const root = "../.."

var (
	makes  = regexp.MustCompile(`(?m)(?:^|[\s;&|(])make +([a-z][a-z0-9-]*)`)
	paths  = regexp.MustCompile(`(?:\.github|docs|functions|gitops|migrations|policies|shared|tests)/[\w./*-]*[\w*]`)
	uses   = regexp.MustCompile(`(?m)uses: *(.+)$`)
	pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
)

type workflow struct {
	Name        string
	On          map[string]any
	Permissions map[string]string
	Concurrency map[string]string
	Jobs        map[string]struct {
		If          string
		Timeout     int `yaml:"timeout-minutes"`
		Permissions map[string]string
		Steps       []struct{ Run string }
	}
}

func TestEveryMakeTargetThatAWorkflowCallsExists(t *testing.T) {
	t.Parallel()
	targets := map[string]bool{}
	for _, target := range regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`).FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[target[1]] = true
	}
	for name, content := range workflows(t) {
		for _, job := range parse(t, name, content).Jobs {
			for _, step := range job.Steps {
				for _, call := range makes.FindAllStringSubmatch(step.Run, -1) {
					assert.True(t, targets[call[1]], "%s calls make %s", name, call[1])
				}
			}
		}
	}
}

func TestEveryPathThatAWorkflowNamesExists(t *testing.T) {
	t.Parallel()
	everything := workflows(t)
	for _, name := range []string{".github/actions/setup/action.yaml", ".github/scripts/pins", ".github/scripts/sign", ".github/scripts/verify"} {
		everything[name] = read(t, name)
	}
	for name, content := range everything {
		for _, path := range paths.FindAllString(content, -1) {
			found, err := filepath.Glob(filepath.Join(root, strings.TrimSuffix(path, "/**")))
			require.NoError(t, err)
			assert.NotEmpty(t, found, "%s names %s", name, path)
		}
	}
}

func TestEveryActionIsPinnedByCommit(t *testing.T) {
	t.Parallel()
	everything := workflows(t)
	everything["setup"] = read(t, ".github/actions/setup/action.yaml")
	for name, content := range everything {
		for _, used := range uses.FindAllStringSubmatch(content, -1) {
			if !strings.HasPrefix(used[1], "./") {
				assert.Regexp(t, pinned, used[1], name)
			}
		}
	}
}

func TestEveryJobIsBoundedAndMayDoOnlyWhatItSays(t *testing.T) {
	t.Parallel()
	for name, content := range workflows(t) {
		read := parse(t, name, content)
		assert.NotNil(t, read.Permissions, "%s: no permissions means the repository's default", name)
		assert.NotEmpty(t, read.Concurrency["group"], "%s: no concurrency group", name)
		for scope, access := range read.Permissions {
			assert.NotEqual(t, "write", access, "%s: %s for every job", name, scope)
		}
		for id, job := range read.Jobs {
			assert.Positive(t, job.Timeout, "%s: job %s has no timeout-minutes", name, id)
		}
	}
}

func TestImagesAreBuiltOnlyOfWhatPassedOnMain(t *testing.T) {
	t.Parallel()
	images := parse(t, "images.yaml", read(t, ".github/workflows/images.yaml"))
	trigger, ok := images.On["workflow_run"].(map[string]any)
	require.True(t, ok, "images.yaml does not wait for another workflow")
	assert.Equal(t, []any{parse(t, "test.yaml", read(t, ".github/workflows/test.yaml")).Name}, trigger["workflows"])
	assert.Equal(t, []any{"main"}, trigger["branches"])
	assert.Contains(t, images.Jobs["build"].If, "conclusion == 'success'")
	// A fork's branch may be called main as well.
	assert.Contains(t, images.Jobs["build"].If, "workflow_run.event == 'push'")
}

func TestTheGoOfTheWorkflowsBuildsEveryModule(t *testing.T) {
	t.Parallel()
	setup := regexp.MustCompile(`go-version: (\S+)`).FindStringSubmatch(read(t, ".github/actions/setup/action.yaml"))
	require.NotNil(t, setup)
	directive := regexp.MustCompile(`(?m)^go (\S+)$`)
	for _, module := range modules(t) {
		wanted := directive.FindStringSubmatch(read(t, module+"/go.mod"))
		require.NotNil(t, wanted, module)
		assert.GreaterOrEqual(t, version.Compare("go"+setup[1], "go"+wanted[1]), 0, "%s needs Go %s; setup-go sets GOTOOLCHAIN=local", module, wanted[1])
	}
}

func TestDependabotWatchesEveryModule(t *testing.T) {
	t.Parallel()
	var config struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directories []string
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, ".github/dependabot.yml")), &config))
	var patterns []string
	for _, update := range config.Updates {
		if update.Ecosystem == "gomod" {
			patterns = append(patterns, update.Directories...)
		}
	}
	for _, module := range modules(t) {
		assert.Condition(t, func() bool { return covered(patterns, "/"+module) }, "no gomod directory of .github/dependabot.yml covers /%s", module)
	}
}

// covered tells whether a pattern is the path; ** stands for any number of folders.
func covered(patterns []string, path string) bool {
	for _, pattern := range patterns {
		expression := strings.NewReplacer(`/\*\*`, `(/.*)?`, `\*`, `[^/]*`).Replace(regexp.QuoteMeta(pattern))
		if regexp.MustCompile("^" + expression + "$").MatchString(path) {
			return true
		}
	}
	return false
}

func workflows(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 7)
	contents := map[string]string{}
	for _, file := range files {
		contents[filepath.Base(file)] = read(t, ".github/workflows/"+filepath.Base(file))
	}
	return contents
}

func parse(t *testing.T, name, content string) workflow {
	t.Helper()
	var parsed workflow
	require.NoError(t, yaml.Unmarshal([]byte(content), &parsed), name)
	return parsed
}

// modules returns the folders of all go.mod files, from the repository's root.
func modules(t *testing.T) []string {
	t.Helper()
	var folders []string
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		if name == "go.mod" {
			relative, err := filepath.Rel(root, filepath.Dir(path))
			folders = append(folders, filepath.ToSlash(relative))
			return err
		}
		return nil
	}))
	require.Greater(t, len(folders), 10)
	return folders
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return string(content)
}
