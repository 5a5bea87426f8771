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

func TestTheExampleOfAPlaybookLoadsAndIsChosen(t *testing.T) {
	example, err := os.ReadFile("../../docs/examples/moving.yaml")
	require.NoError(t, err)
	library, err := Open(Config{Folder: folderWith(t, map[string]string{"moving.yaml": string(example)})})
	require.NoError(t, err)
	own, found := library.Get("moving-house")
	require.True(t, found)
	for _, goal := range append(own.Goals, "Wir brauchen Helfer und Kartons für den Umzug in die neue Wohnung", "Find a removal company for our flat") {
		choice := library.Choose(goal)
		assert.Equal(t, "moving-house", choice.Playbook.Name, choice.Reason)
	}
	assert.Equal(t, "travel", library.Choose("Book flights to Rome").Playbook.Name)
	german := own.For("Umzug", "de")
	assert.Equal(t, "An welchem Tag ist der Umzug?", german[0].Question)
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
