package playbook_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// tellingGoal is a goal and what it tells of the slots of a playbook.
type tellingGoal struct {
	Goal  string
	Tells map[string]any
}

// leastPickedUp is the share of what the goals tell that has to be picked up.
// What is not is asked for, which costs a question; a value nobody told would
// cost trust, and there is none.
const leastPickedUp = 0.7

func TestGoalsTellValuesOfSlots(t *testing.T) {
	data, err := os.ReadFile("testdata/goals_that_tell.yaml")
	require.NoError(t, err)
	var byPlaybook map[string][]tellingGoal
	require.NoError(t, yaml.Unmarshal(data, &byPlaybook))
	library, err := playbook.Open(playbook.Config{})
	require.NoError(t, err)
	c := parse.Context{Now: time.Date(2026, time.May, 4, 9, 0, 0, 0, time.UTC)} // a Monday
	goals, told, right := 0, 0, 0
	var missed []string
	for name, all := range byPlaybook {
		at := slices.IndexFunc(library.All(), func(p playbook.Playbook) bool { return p.Name == name })
		require.GreaterOrEqual(t, at, 0, name)
		for _, g := range all {
			goals++
			slots := library.All()[at].For(g.Goal, "en")
			got := map[string]string{}
			for _, part := range parse.ReadReply(g.Goal, nil, slots, c).Volunteered {
				got[part.Slot] = questioning.Render(part.Value, "")
				want, isTold := g.Tells[part.Slot]
				assert.True(t, isTold && inWords(want) == got[part.Slot], "%s: %q told %s = %s, want %v", name, g.Goal, part.Slot, got[part.Slot], want)
				assert.Contains(t, g.Goal, part.Words, "an assumption cites its words")
			}
			for slot, want := range g.Tells {
				told++
				if got[slot] == inWords(want) {
					right++
				} else {
					missed = append(missed, fmt.Sprintf("%s: %q does not tell %s = %v", name, g.Goal, slot, want))
				}
			}
		}
	}
	slices.Sort(missed)
	t.Logf("%d of %d values in %d goals; not picked up:\n%s", right, told, goals, strings.Join(missed, "\n"))
	assert.GreaterOrEqual(t, goals, 60)
	assert.GreaterOrEqual(t, float64(right)/float64(told), leastPickedUp)
}

// inWords is a value of the file as a slot's value is rendered.
func inWords(value any) string {
	switch v := value.(type) {
	case time.Time: // as YAML reads a date
		return v.Format(time.DateOnly)
	case bool:
		return questioning.Render(v, "")
	}
	return fmt.Sprint(value)
}
