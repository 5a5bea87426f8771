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
		q.Text = say.Text(messages.Contradicts, withoutArticle(slot.Title), slot.Quote(state.Value, st.Language))
		q.Reason = fmt.Sprintf("Answers %s contradict each other.", numbers(state.Answers))
		q.Bits = 1
	default:
		q.Reason = st.reason(i, b)
	}
	return q
}

// A reason names so many other slots at most, and those of which an answer is
// expected to reveal so much, in bits.
const (
	maxNamed     = 3
	muchRevealed = 0.25
)

// reason says in words what the answer for slot i decides or saves, nothing where it
// does neither. How much it is expected to reveal is in Question.Bits.
func (st *State) reason(i int, b *beliefs) string {
	var why []string
	if st.weight(i) >= st.heaviest(st.candidates()) && st.sense(i) > 0 {
		why = append(why, "the rest makes sense by it")
	}
	var decided, saved []string
	for j, s := range st.Slots {
		if s.When != nil && s.When.Slot == st.Slots[i].Key {
			decided = append(decided, s.Title)
		} else if st.reveals(i, j, b).bits >= muchRevealed {
			saved = append(saved, s.Title)
		}
	}
	if len(decided) > 0 {
		why = append(why, "decides whether to ask for "+some(decided))
	}
	if len(saved) > 0 {
		why = append(why, "may save asking for "+some(saved)+", going by earlier conversations")
	}
	if len(why) == 0 {
		return ""
	}
	return upperFirst(strings.Join(why, "; ")) + "."
}

// some names the first titles, and how many more there are.
func some(titles []string) string {
	if more := len(titles) - maxNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(titles[:maxNamed], ", "), more)
	}
	return strings.Join(titles, ", ")
}

// numbers names answers: "2 and 5".
func numbers(all []int) string {
	parts := make([]string, len(all))
	for i, n := range all {
		parts[i] = fmt.Sprint(n)
	}
	return strings.Join(parts, " and ")
}
