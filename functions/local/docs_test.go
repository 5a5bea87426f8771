package local

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	fn "knative.dev/func-go/http"

	"github.com/sequential-questioning/sequential-questioning/functions/gateway"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/slotspec"
	"github.com/sequential-questioning/sequential-questioning/shared/tool/tooltest"
)

const root = "../.."

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	require.NoError(t, err)
	return string(data)
}

func TestEverySettingIsDocumentedWithItsDefault(t *testing.T) {
	documented := read(t, "docs", "configuration.md")
	setting := regexp.MustCompile("env:\"([A-Z][A-Z_]+)\"(?: envDefault:\"([^\"]*)\")?")
	found := 0
	for _, folder := range []string{"shared", "functions", "migrations"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, s := range setting.FindAllStringSubmatch(string(source), -1) {
				found++
				row := regexp.MustCompile("(?m)^\\| `" + s[1] + "` \\|.*$").FindString(documented)
				assert.NotEmpty(t, row, "%s of %s", s[1], path)
				if s[2] != "" {
					assert.Contains(t, row, "`"+s[2]+"`", s[1])
				}
			}
			return err
		}))
	}
	assert.Greater(t, found, 15)
}

func TestEveryToolIsInTheREADME(t *testing.T) {
	readme := read(t, "README.md")
	for _, f := range ToolFunctions {
		assert.Contains(t, readme, "| `"+f.Tool.Name+"` |", "add %s to the README's table of tools", f.Tool.Name)
	}
	for line := range strings.Lines(Clients("http://127.0.0.1:8420/mcp")) {
		if _, command, found := strings.Cut(strings.TrimSpace(line), "   "); found {
			command = strings.TrimPrefix(strings.TrimSpace(command), "in .cursor/mcp.json: ")
			assert.Contains(t, readme, command, "the README connects clients otherwise than by %s", command)
		}
	}
}

func TestWhatTheDocsAskForCanBeAskedFor(t *testing.T) {
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(read(t, "docs", "asking.md"), -1)
	require.Len(t, examples, 3)
	for _, example := range examples {
		wanted, err := slotspec.Read(t.Context(), []byte(example[1]))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, len(wanted.Slots), 6)
	}
}

func TestLinksWithinTheDocsLead(t *testing.T) {
	for _, page := range []string{"README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/asking.md", "docs/configuration.md", "docs/performance.md", "docs/api_reference.md", "docs/production_deployment_guide.md", "docs/e2e.md", "docs/infrastructure.md", "docs/monitoring.md", "docs/operating.md", "gitops/platform/README.md", "policies/README.md", "tests/cluster/README.md"} {
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(read(t, filepath.FromSlash(page)), -1) {
			_, err := os.Stat(filepath.Join(root, filepath.Dir(page), link[1]))
			assert.NoError(t, err, page)
		}
	}
}

func TestEveryToolFunctionIsListed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "functions", "*", "func.yaml"))
	require.NoError(t, err)
	listed := map[string]bool{"gateway": true}
	for _, f := range ToolFunctions {
		listed[f.Name] = true
	}
	for _, name := range EventingFunctions {
		listed[name] = true
	}
	for _, file := range files {
		assert.True(t, listed[filepath.Base(filepath.Dir(file))], "add %s to ToolFunctions", file)
	}
}

func TestNoToolFunctionIsOpenByOversight(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://nowhere:1/x")
	t.Setenv("REQUEST_STATE_KEYS", keyring.Generate())
	routes := map[string]fn.Starter{"gateway": gateway.New()}
	for _, f := range ToolFunctions {
		routes[f.Name] = f.New()
	}
	for name, f := range routes {
		err := f.Start(t.Context(), nil)
		assert.ErrorContains(t, err, "OAUTH_ISSUER", name)
		assert.ErrorContains(t, err, "ALLOW_UNAUTHENTICATED", name)
	}
}

// What the tools say of themselves is paid for in every client's context, whether
// they are used or not. A token is taken to be four characters of JSON.
func TestTheToolsAreAffordable(t *testing.T) {
	var all, withoutOutput int
	for _, f := range ToolFunctions {
		whole, err := json.Marshal(f.Tool)
		require.NoError(t, err)
		all += len(whole)
		withoutOutput += len(whole) - len(`,"outputSchema":`) - len(f.Tool.RawOutputSchema)
		assert.LessOrEqual(t, len(strings.Fields(f.Tool.Description)), 60, f.Tool.Name)
	}
	t.Logf("%d tokens, %d without output schemas", all/4, withoutOutput/4)
	assert.LessOrEqual(t, all/4, 4000)
	assert.LessOrEqual(t, withoutOutput/4, 1900)
}

func TestEveryProviderTakesTheTools(t *testing.T) {
	for _, f := range ToolFunctions {
		assert.Empty(t, tooltest.Lint(f.Tool), f.Tool.Name)
	}
}
