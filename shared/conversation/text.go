package conversation

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// The texts of turns, revisions, reports and recall print values by these functions
// alone, so that a person reads a value the same way everywhere.

// slotByKey is the slot of a key; without one, a slot that says nothing of its values.
func slotByKey(slots []questioning.Slot, key string) questioning.Slot {
	for _, slot := range slots {
		if slot.Key == key {
			return slot
		}
	}
	return questioning.Slot{}
}

// valueText is a slot's value as a person reads it, or its state in words where it holds
// none.
func valueText(slot questioning.Slot, state questioning.Status, value any, language string) string {
	if value != nil {
		return slot.Quote(value, language)
	}
	return strings.ReplaceAll(string(state), "_", " ")
}

// answerText is an answer's value as a person reads it, with the person's words where
// they say it differently.
func answerText(slot questioning.Slot, value any, words, language string) string {
	text := slot.Quote(value, language)
	if words != "" && words != slot.Render(value, language) && words != questioning.Render(value, language) {
		text += " (" + plain.Quote(words) + ")"
	}
	return text
}

// excerptRunes is how much of a goal, or of words that hold no value, a text repeats:
// a line or two, enough to recognize them.
const excerptRunes = 200

func excerpt(words string) string { return plain.Quote(plain.Excerpt(words, excerptRunes)) }
