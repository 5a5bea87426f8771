package questioning

import (
	"fmt"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// question words the question for slot i.
func (st *State) question(i, number int, b *beliefs) Question {
	slot, state, say := st.Slots[i], st.SlotStates[i], st.printer()
	q := Question{Number: number, Slot: slot.Key, Purpose: st.purpose(i), Text: slot.wording(say), Bits: round(st.bits(i, b))}
	switch q.Purpose {
	case Clarify:
		q.Text = say.Text(messages.NotRead, plain.Quote(plain.Excerpt(state.Words, excerptRunes)), q.Text)
		q.Reason = "The answer could not be read; asked once more, with what is expected."
	case Confirm:
		q.Text = say.Text(messages.Contradicts, withoutArticle(slot.Title), Quote(state.Value, st.Language))
		q.Reason = fmt.Sprintf("Answers %s contradict each other.", numbers(state.Answers))
		q.Bits = 1
	default:
		q.Reason = st.reason(i, q.Bits, b)
	}
	return q
}

// A reason names so many other slots that an answer tells so much about.
const (
	maxTold  = 3
	muchTold = 0.25 // bits
)

// reason says in words why slot i is worth asking for.
func (st *State) reason(i int, bits float64, b *beliefs) string {
	slot := st.Slots[i]
	kind := "Optional"
	if slot.Required {
		kind = "Required"
	}
	open := "the answer is open"
	switch slot.Type {
	case Choice, Choices:
		open = fmt.Sprintf("%d options are open", len(slot.Options))
	case Boolean:
		open = "yes and no are open"
	}
	reason := fmt.Sprintf("%s; %s: about %.1f bits.", kind, open, bits)
	var hang []string
	for _, s := range st.Slots {
		if s.When != nil && s.When.Slot == slot.Key {
			hang = append(hang, lowerFirst(s.Title))
		}
	}
	if len(hang) > 0 {
		reason += " Decides whether to ask for " + strings.Join(hang, ", ") + "."
	}
	var told []string
	for j, s := range st.Slots {
		if len(told) < maxTold && st.tells(i, j, b).bits >= muchTold {
			told = append(told, lowerFirst(s.Title))
		}
	}
	if len(told) > 0 {
		reason += " Going by earlier conversations, also tells about " + strings.Join(told, ", ") + "."
	}
	return reason
}

func numbers(all []int) string {
	parts := make([]string, len(all))
	for i, n := range all {
		parts[i] = fmt.Sprint(n)
	}
	return strings.Join(parts, " and ")
}
