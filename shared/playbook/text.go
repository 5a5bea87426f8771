package playbook

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Text says in Markdown what the playbook is for and what it asks, in English. It
// is what the MCP resource of the playbook returns.
func (p Playbook) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\nAsked as far as it is not known yet, what is required first:\n", p.Title, p.Description)
	for _, slot := range p.Slots {
		fmt.Fprintf(&b, "\n- `%s` (%s%s): %s", slot.Key, slot.Type, required(slot), strings.ReplaceAll(slot.Question, "{goal}", "the goal"))
		var titles []string
		for _, option := range slot.Options {
			titles = append(titles, cmp.Or(option.Title, fmt.Sprint(option.Value)))
		}
		if len(titles) > 0 {
			fmt.Fprintf(&b, " %s: %s.", several(slot), strings.Join(titles, "; "))
		}
	}
	if len(p.Goals) > 0 {
		b.WriteString("\n\nFor goals such as:\n")
		for _, goal := range p.Goals[:min(len(p.Goals), goalsInText)] {
			fmt.Fprintf(&b, "\n- %s", plain.Line(goal))
		}
	}
	return b.String() + "\n"
}

// goalsInText is how many example goals a text names. More would only repeat the
// kind of goal.
const goalsInText = 5

func required(slot questioning.Slot) string {
	if slot.Required {
		return ", required"
	}
	return ""
}

func several(slot questioning.Slot) string {
	if slot.Type == questioning.Choices {
		return "Any of"
	}
	return "One of"
}
