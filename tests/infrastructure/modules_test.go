package infrastructure

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// Knative's func builds a folder with its own go.mod, so each function has one. They are
// not edited by hand: shared/go.mod decides versions, and `make tidy` copies them. These
// tests need neither network nor module cache.

const ours = "github.com/sequential-questioning/sequential-questioning/"

func TestModulesHaveTheVersionsOfShared(t *testing.T) {
	root := filepath.Join("..", "..")
	decided := readModule(t, root, "shared")
	others, err := filepath.Glob(filepath.Join(root, "functions", "*", "go.mod"))
	require.NoError(t, err)
	require.NotEmpty(t, others)
	for i, path := range others {
		others[i] = strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../../")
	}
	for _, folder := range append(others, "migrations", "tests") {
		for _, problem := range disagreements(decided, readModule(t, root, folder)) {
			t.Errorf("%s: %s; run make tidy", folder, problem)
		}
	}
}

func TestAModuleWithOtherVersionsIsReported(t *testing.T) {
	decided := module{require: map[string]string{"a": "v1.1.0", "b": "v1.0.0"}, sums: map[string]string{"a v1.1.0": "h1:x"}, language: "1.26.0"}
	for want, other := range map[string]module{
		"a is v1.0.0, v1.1.0 in shared/go.mod":        {require: map[string]string{"a": "v1.0.0"}, language: "1.26.0"},
		"a is v1.2.0, v1.1.0 in shared/go.mod":        {require: map[string]string{"a": "v1.2.0"}, language: "1.26.0"},
		"go is 1.25.0, 1.26.0 in shared/go.mod":       {require: map[string]string{"a": "v1.1.0"}, language: "1.25.0"},
		"a v1.1.0 has another sum than shared/go.sum": {sums: map[string]string{"a v1.1.0": "h1:y"}, language: "1.26.0"},
		"b v1.0.0 has no sum":                         {require: map[string]string{"b": "v1.0.0"}, language: "1.26.0"},
	} {
		assert.Contains(t, disagreements(decided, other), want)
	}
	assert.Empty(t, disagreements(decided, module{
		require: map[string]string{"a": "v1.1.0", "c": "v3.0.0", ours + "shared": "v0.0.0"},
		sums:    map[string]string{"a v1.1.0": "h1:x", "c v3.0.0": "h1:z"}, language: "1.26.0"}))
}

// module has the content of a folder's go.mod and go.sum.
type module struct {
	require  map[string]string // version by path
	sums     map[string]string // hash by path and version
	language string
}

func readModule(t *testing.T, root, folder string) module {
	t.Helper()
	path := filepath.Join(root, folder, "go.mod")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := modfile.Parse(path, raw, nil)
	require.NoError(t, err)
	m := module{require: map[string]string{}, sums: map[string]string{}, language: file.Go.Version}
	for _, r := range file.Require {
		m.require[r.Mod.Path] = r.Mod.Version
	}
	raw, err = os.ReadFile(filepath.Join(root, folder, "go.sum"))
	require.NoError(t, err)
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		require.Len(t, fields, 3, "%s/go.sum: %s", folder, line)
		m.sums[fields[0]+" "+fields[1]] = fields[2]
	}
	return m
}

// disagreements returns where a module's versions differ from the deciding module's. It
// ignores modules that the deciding one does not need.
func disagreements(decided, other module) []string {
	var problems []string
	if other.language != decided.language {
		problems = append(problems, fmt.Sprintf("go is %s, %s in shared/go.mod", other.language, decided.language))
	}
	for path, version := range other.require {
		if want, ok := decided.require[path]; ok && version != want {
			problems = append(problems, fmt.Sprintf("%s is %s, %s in shared/go.mod", path, version, want))
		}
		if _, ok := other.sums[path+" "+version]; !ok && !strings.HasPrefix(path, ours) {
			// A module that only its go.mod is needed of has the sum of that.
			if _, ok := other.sums[path+" "+version+"/go.mod"]; !ok {
				problems = append(problems, fmt.Sprintf("%s %s has no sum", path, version))
			}
		}
	}
	for name, sum := range other.sums {
		if want, ok := decided.sums[name]; ok && sum != want {
			problems = append(problems, name+" has another sum than shared/go.sum")
		}
	}
	slices.Sort(problems)
	return problems
}
