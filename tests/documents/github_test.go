package documents

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestEveryRuleOfCodeownersMatchesAPath(t *testing.T) {
	t.Parallel()
	rules := 0
	for _, line := range strings.Split(read(t, ".github/CODEOWNERS"), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		rules++
		require.Greater(t, len(fields), 1, "%q names nobody", line)
		for _, owner := range fields[1:] {
			assert.Regexp(t, `^@[\w-]+/[\w-]+$`, owner)
		}
		if fields[0] != "*" {
			assert.True(t, exists(strings.TrimPrefix(fields[0], "/")), "nothing is at %s", fields[0])
		}
	}
	assert.Greater(t, rules, 5)
}

// GitHub drops a form that breaks its rules without a word; these are the rules
// that are easily broken. https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
func TestEveryIssueFormIsValidForGitHub(t *testing.T) {
	t.Parallel()
	forms := slices.DeleteFunc(files(t, ".github/ISSUE_TEMPLATE", ".yaml"), func(name string) bool { return path.Base(name) == "config.yaml" })
	require.NotEmpty(t, forms)
	for _, name := range forms {
		var form struct {
			Name, Description string
			Body              []struct {
				Type, ID   string
				Attributes struct {
					Label, Value string
					Options      []string
				}
			}
		}
		require.NoError(t, yaml.Unmarshal([]byte(read(t, name)), &form), name)
		assert.NotEmpty(t, form.Name, name)
		assert.NotEmpty(t, form.Description, name)
		seen := map[string]bool{}
		for _, field := range form.Body {
			if field.Type == "markdown" {
				assert.NotEmpty(t, field.Attributes.Value, name)
				continue
			}
			assert.Contains(t, []string{"input", "textarea", "dropdown", "checkboxes"}, field.Type, name)
			assert.NotEmpty(t, field.Attributes.Label, "%s: %s", name, field.ID)
			assert.Regexp(t, `^[a-z][a-z0-9_-]*$`, field.ID, name)
			assert.False(t, seen[field.ID], "%s has %s twice", name, field.ID)
			seen[field.ID] = true
			assert.Equal(t, field.Type == "dropdown", len(field.Attributes.Options) > 0, "%s: %s", name, field.ID)
		}
		assert.NotEmpty(t, seen, "%s asks nothing", name)
	}
}

func TestTheDevcontainerHasTheWorkspacesGoAndForwardsTheServersPort(t *testing.T) {
	t.Parallel()
	container := read(t, ".devcontainer/devcontainer.json")
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.work"))
	require.Len(t, version, 2)
	assert.Contains(t, container, "devcontainers/go:"+version[1]+"-")
	port := regexp.MustCompile(`defaultPort = (\d+)`).FindStringSubmatch(read(t, "functions/local/cmd/sequential-questioning/main.go"))
	require.Len(t, port, 2)
	assert.Contains(t, container, `"forwardPorts": [`+port[1]+`]`)
}
