// Package infrastructure checks the workflows, their scripts and the modules.
package infrastructure

import (
	"go/version"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
		Services    map[string]struct{ Image string }
		Steps       []step
	}
}

type step struct {
	Run  string
	Uses string
	With map[string]any
}

// checksOut reports whether the step checks out a commit.
func (s step) checksOut() bool { return strings.HasPrefix(s.Uses, "actions/checkout@") }

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

func TestEveryPathInAWorkflowExists(t *testing.T) {
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

func TestEveryJobHasATimeoutAndExplicitPermissions(t *testing.T) {
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

func TestImagesAreOnlyBuiltFromTestedCommitsOnMain(t *testing.T) {
	t.Parallel()
	images := parse(t, "images.yaml", read(t, ".github/workflows/images.yaml"))
	trigger, ok := images.On["workflow_run"].(map[string]any)
	require.True(t, ok, "images.yaml does not wait for another workflow")
	assert.Equal(t, []any{parse(t, "test.yaml", read(t, ".github/workflows/test.yaml")).Name}, trigger["workflows"])
	assert.Equal(t, []any{"main"}, trigger["branches"])
	assert.Contains(t, images.Jobs["build"].If, "conclusion == 'success'")
	// A fork's branch may also be named main.
	assert.Contains(t, images.Jobs["build"].If, "workflow_run.event == 'push'")
}

// Writers of a cache can influence the builds that use it, and tests run third-party code
// and write to main's cache. Also, a rebuild from the first build's cache proves nothing.
func TestSigningReproducingAndCheckingUseNoCache(t *testing.T) {
	t.Parallel()
	for name, content := range workflows(t) {
		parsed := parse(t, name, content)
		_, judges := parsed.On["pull_request_target"]
		for id, job := range parsed.Jobs {
			signs := job.Permissions["id-token"] == "write" || strings.Contains(content, "needs: "+id)
			for _, step := range job.Steps {
				if !judges && !signs {
					continue
				}
				assert.False(t, strings.HasPrefix(step.Uses, "actions/cache"), "%s: job %s", name, id)
				if step.Uses == "./.github/actions/setup" {
					assert.Equal(t, false, step.With["cache"], "%s: job %s", name, id)
				}
			}
		}
	}
	for _, build := range []string{"images.yaml build", "release.yaml reproduce", "promotion.yaml rules"} {
		file, id, _ := strings.Cut(build, " ")
		steps := parse(t, file, read(t, ".github/workflows/"+file)).Jobs[id].Steps
		assert.True(t, slices.ContainsFunc(steps, func(s step) bool { return s.Uses == "./.github/actions/setup" && s.With["cache"] == false }), build)
	}
	assert.Contains(t, read(t, ".github/actions/setup/action.yaml"), "cache: ${{ inputs.cache }}")
}

// Unreviewed code must run without secrets, without a writing token, and only in workflows
// of its own change.
func TestPullRequestsHaveNoSecretsAndNoWriteAccess(t *testing.T) {
	t.Parallel()
	for name, content := range workflows(t) {
		parsed := parse(t, name, content)
		_, runsChange := parsed.On["pull_request"]
		_, judgesChange := parsed.On["pull_request_target"]
		assert.False(t, runsChange && judgesChange, "%s: one or the other", name)
		assert.NotContains(t, parsed.On, "issue_comment", name)
		if !runsChange && !judgesChange {
			continue
		}
		assert.NotRegexp(t, `secrets\s*[.:\[]`, content, name)
		for id, job := range parsed.Jobs {
			for scope, access := range job.Permissions {
				assert.Equal(t, "read", access, "%s: job %s: %s", name, id, scope)
			}
			for _, step := range job.Steps {
				if runsChange && step.checksOut() {
					assert.Equal(t, false, step.With["persist-credentials"], "%s: job %s leaves its token to what it runs", name, id)
				}
			}
		}
	}
}

// Otherwise a change could rewrite the rules that it is checked against.
func TestAPromotionIsCheckedByTheDefaultBranch(t *testing.T) {
	t.Parallel()
	judge := parse(t, "promotion.yaml", read(t, ".github/workflows/promotion.yaml"))
	require.Contains(t, judge.On, "pull_request_target")
	for id, job := range judge.Jobs {
		checkouts := 0
		for _, step := range job.Steps {
			if step.checksOut() {
				checkouts++
				assert.Equal(t, "${{ github.event.repository.default_branch }}", step.With["ref"], id)
			}
			assert.NotRegexp(t, `git (checkout|switch|merge|reset|pull|worktree|restore)`, step.Run, "job %s: the proposed commit is data", id)
			assert.NotContains(t, step.Run, "${{", "job %s: a branch's name is not shell", id)
		}
		assert.Equal(t, 1, checkouts, id)
	}
	for name, content := range workflows(t) {
		if name != "promotion.yaml" {
			assert.NotContains(t, parse(t, name, content).On, "pull_request_target", name)
		}
	}
}

func TestNoWorkflowPutsUntrustedValuesIntoAShell(t *testing.T) {
	t.Parallel()
	for name, content := range workflows(t) {
		for id, job := range parse(t, name, content).Jobs {
			for _, step := range job.Steps {
				assert.NotContains(t, step.Run, "${{", "%s: job %s: pass it through env", name, id)
			}
		}
	}
}

func TestEveryServiceIsPinnedByDigest(t *testing.T) {
	t.Parallel()
	found := 0
	for name, content := range workflows(t) {
		for id, job := range parse(t, name, content).Jobs {
			for service, s := range job.Services {
				found++
				assert.Regexp(t, `^[\w./-]+:v\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$`, s.Image, "%s: job %s: %s", name, id, service)
			}
		}
	}
	assert.Positive(t, found)
}

func TestEveryChangeIsCheckedForRacesAndVulnerabilities(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"test", "vulnerabilities"} {
		called := false
		for name, content := range workflows(t) {
			parsed := parse(t, name, content)
			if _, everyChange := parsed.On["pull_request"]; !everyChange {
				continue
			}
			for _, job := range parsed.Jobs {
				called = called || slices.ContainsFunc(job.Steps, func(s step) bool { return strings.TrimSpace(s.Run) == "make "+target })
			}
		}
		assert.True(t, called, "no workflow of a pull request runs make %s", target)
	}
	makefile := read(t, "Makefile")
	assert.Regexp(t, `(?m)^RACE = .*,-race\)$`, makefile)
	assert.Regexp(t, `(?m)^unit: .*\n.*\n\tgo test \$\(RACE\)`, makefile, "make test does not use the race detector")
	assert.Regexp(t, `(?m)^test: .*\bunit\b`, makefile)
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

// covered reports whether a pattern matches the path; ** matches any number of folders.
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
