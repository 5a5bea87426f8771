// Package playbook holds playbooks: for one kind of goal, what an expert would ask
// before starting. They are data files; the one that fits a goal is found by the words
// of the goal, and the generic one serves where none does. It decides what to ask for
// and knows nothing of conversations or of the order of questions. Begin with Open.
package playbook

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Generic names the playbook that serves any goal.
const Generic = "generic"

// Playbook is what to ask for one kind of goal. It is read-only: a Library hands
// out the same slots to every caller. For returns copies.
type Playbook struct {
	Name        string // lower case, digits and hyphens
	Title       string
	Description string
	// Goals are examples as people type them; retrieval goes by their words where
	// there are no cues.
	Goals []string
	Cues  Cues
	// Slots may say {goal} in their questions. Their texts are in English.
	Slots []questioning.Slot

	translated map[string][]questioning.Slot // by language
}

// For returns the slots with their texts in a language, by ISO 639-1 code, and
// {goal} replaced by what the goal begins with, in quotes. A playbook that does
// not speak the language gives English.
func (p Playbook) For(goal, language string) []questioning.Slot {
	slots, translated := p.translated[language]
	if !translated {
		slots = p.Slots
	}
	slots = slices.Clone(slots)
	quoted := plain.Quote(plain.Excerpt(firstSentence(goal), excerptRunes))
	for i := range slots {
		slots[i].Question = strings.ReplaceAll(slots[i].Question, "{goal}", quoted)
	}
	return slots
}

// excerptRunes is how much of a goal a question repeats.
const excerptRunes = 60

// firstSentence is what the text begins with: its first line, or less. A goal may
// be a page of text, of which a question repeats only the beginning.
func firstSentence(goal string) string {
	goal, _, _ = strings.Cut(strings.TrimSpace(goal), "\n")
	goal = plain.Line(goal)
	for i, r := range goal {
		if strings.ContainsRune(".!?", r) && (i+1 == len(goal) || goal[i+1] == ' ') {
			return strings.TrimRight(goal[:i], ".!?")
		}
	}
	return goal
}
