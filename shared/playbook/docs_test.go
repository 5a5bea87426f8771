package playbook

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func documentation(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/playbooks.md")
	require.NoError(t, err)
	return string(raw)
}

func TestTheExampleInTheDocumentationLoadsAndIsChosen(t *testing.T) {
	example := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(documentation(t))
	require.NotNil(t, example)
	library, err := Open(Config{Folder: folderWith(t, map[string]string{"garden.yaml": example[1]})})
	require.NoError(t, err)
	choice := library.Choose("Plants for a small garden behind the house")
	assert.Equal(t, "garden-design", choice.Playbook.Name, choice.Reason)
	assert.Len(t, choice.Playbook.Slots, 6)
}

func TestTheDocumentationListsEveryBuiltInPlaybook(t *testing.T) {
	text := documentation(t)
	for _, p := range open(t).All() {
		required := 0
		for _, s := range p.Slots {
			if s.Required {
				required++
			}
		}
		row := regexp.MustCompile(fmt.Sprintf("(?m)^\\| `%s` \\| .+ \\| %d \\| %d \\|$", p.Name, len(p.Slots), required))
		assert.True(t, row.MatchString(text), "%s has %d slots, %d of them required", p.Name, len(p.Slots), required)
	}
}
