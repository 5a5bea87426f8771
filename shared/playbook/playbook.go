// Package playbook holds playbooks: for one kind of goal, what an expert would
// ask before starting. They are data files; the one that fits a goal is found
// by retrieval, and the generic one serves where none does.
package playbook

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Generic names the playbook that serves any goal.
const Generic = "generic"

// Playbook is what to ask for one kind of goal.
type Playbook struct {
	Name        string // lower case, digits and hyphens
	Title       string
	Description string
	// Goals are examples as people type them; retrieval goes by them.
	Goals []string
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
	quoted := "“" + excerpt(firstSentence(goal)) + "”"
	for i := range slots {
		slots[i].Question = strings.ReplaceAll(slots[i].Question, "{goal}", quoted)
	}
	return slots
}

const excerptRunes = 60

func excerpt(text string) string {
	if runes := []rune(text); len(runes) > excerptRunes {
		return string(runes[:excerptRunes-1]) + "…"
	}
	return text
}

// firstSentence is what the text begins with: its first line, or less.
func firstSentence(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	text = strings.Join(strings.Fields(text), " ")
	for i, r := range text {
		if strings.ContainsRune(".!?", r) && (i+1 == len(text) || text[i+1] == ' ') {
			return strings.TrimRight(text[:i], ".!?")
		}
	}
	return text
}
