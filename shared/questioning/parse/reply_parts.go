package parse

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// A reply and its parts. No word of a reply is lost: it is in the words of an answer, in a
// volunteered value, or unmatched. replying gathers the parts while the files below look at
// the reply, from what the person marked to what nobody did.

// OpenQuestion is a question that waits for an answer.
type OpenQuestion struct {
	Number int
	Slot   questioning.Slot
}

// Part is what a reply says about one slot.
type Part struct {
	// Number is that of the question answered, 0 when none asked for the slot.
	Number int
	Slot   string
	Words  string // the person's own
	// Named says that the person named the slot, as in "Budget: 500".
	Named bool
	// Corrects says that the sentence does nothing but put the value in the place of
	// another, as in "actually, make it 25 guests".
	Corrects bool
	// Unsure says of a value that nobody asked for that words stand in its clause which are
	// not understood: "vegetarian food for 3 people".
	Unsure bool
	Reading
}

// Remark is a sentence of a reply that answers nothing and is about no question alone.
type Remark struct {
	Intent Intent
	Words  string
}

// Reply is a person's reply with each part at its slot. No word of it is lost:
// what is in no part is in Unmatched.
type Reply struct {
	// Answers are in the order asked, at most one for each question, none blank.
	Answers []Part
	// Volunteered are values of slots that no open question asks for, in the order of
	// the slots. Nobody asked for them, so they are to be confirmed.
	Volunteered []Part
	// Unvalued are slots that the person named though no open question asks for them,
	// with words that are an outcome or cannot be read.
	Unvalued []Part
	// Remarks are sentences that ask back, put off or refer to something.
	Remarks []Remark
	// Unmatched is what belongs to no slot, "" when all does.
	Unmatched string
	// Ended says that the person wants no more questions.
	Ended bool
	// Doubts say, of values that more than one slot could take, why none did.
	Doubts []string
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// interval is a part of a text, in bytes.
type interval struct{ start, end int }

// told is a value of the unmarked text that a slot took, by the clause that holds it, and
// how much the words around it speak for the slot.
type told struct {
	interval
	slot  string
	score int
}

// replying gathers what a reply says.
type replying struct {
	open    []OpenQuestion
	slots   []questioning.Slot
	context Context

	answers     map[int]*Part // by question
	volunteered map[string]*Part
	unvalued    []Part
	remarks     []Remark
	told        []told   // of the unmarked text, in the order in which slots took them
	left        []string // unmatched
	doubts      []string
	used        []interval // of the unmarked text, in the words of parts
	words       []string   // of the text in which values are looked for, each once
}

// slotOf is the slot of a key, nil when there is none.
func (r *replying) slotOf(key string) *questioning.Slot {
	for i := range r.slots {
		if r.slots[i].Key == key {
			return &r.slots[i]
		}
	}
	return nil
}

// question is the open question for a slot that has no answer yet.
func (r *replying) question(key string) (OpenQuestion, bool) {
	for _, question := range r.open {
		if question.Slot.Key == key {
			return question, r.answers[question.Number] == nil
		}
	}
	return OpenQuestion{}, false
}

// isOpen reports whether a question for the slot is open, answered here or not.
func (r *replying) isOpen(key string) bool {
	return slices.ContainsFunc(r.open, func(question OpenQuestion) bool { return question.Slot.Key == key })
}

// waiting are the open questions that have no answer yet, in the order asked.
func (r *replying) waiting() []OpenQuestion {
	return slices.DeleteFunc(slices.Clone(r.open), func(question OpenQuestion) bool { return r.answers[question.Number] != nil })
}

// answer reads words as the answer to a question. Words that cannot be read as
// a whole may still hold one value that nothing around it speaks against.
func (r *replying) answer(question OpenQuestion, words string) {
	if words = strings.TrimSpace(words); words == "" {
		return
	}
	read := Read(question.Slot, words, r.context)
	if read.Problem != "" {
		if value, ok := r.onlyValue(question.Slot, words); ok {
			read = Reading{Outcome: questioning.Answered, Value: value, Language: read.Language}
		}
	}
	r.answers[question.Number] = &Part{Number: question.Number, Slot: question.Slot.Key, Words: words, Reading: read}
}

// onlyValue is the value that words marked as a slot's hold for it.
func (r *replying) onlyValue(slot questioning.Slot, words string) (any, bool) {
	if len(words) > longestTyped {
		return nil, false
	}
	found := Find(slot, words, r.context)
	if len(found) == 0 {
		return nil, false
	}
	for _, f := range found {
		if f.Problem != "" || !same(f.Value, found[0].Value) {
			return nil, false
		}
	}
	return found[0].Value, true
}

// volunteer notes a value that nobody asked for; one that contradicts it takes both back.
func (r *replying) volunteer(slot questioning.Slot, words string, value any) {
	r.volunteered[slot.Key] = &Part{Slot: slot.Key, Words: strings.TrimSpace(words), Reading: Reading{Outcome: questioning.Answered, Value: value}}
}

// leave notes words that belong to no slot, or what they do instead of answering.
func (r *replying) leave(words string) {
	if words = strings.Trim(emptyItems.ReplaceAllString(words, "$1$2"), " \t\n,;"); words == "" {
		return
	}
	if intent := textOf(questioning.Slot{Type: questioning.Text}, words, r.context).intent(); intent != "" && intent != Ends {
		r.remarks = append(r.remarks, Remark{intent, words})
		return
	}
	r.left = append(r.left, words)
}

// emptyItems are the commas and spaces around what was cut out of a text.
var emptyItems = lazyregexp.New(`([,;])(?:\s*[,;])+|[ \t]+([ \t])`)

// reply puts the parts in their order.
func (r *replying) reply() Reply {
	var reply Reply
	for _, question := range r.open {
		if part := r.answers[question.Number]; part != nil {
			reply.Answers = append(reply.Answers, *part)
			delete(r.answers, question.Number)
		}
	}
	for _, slot := range r.slots {
		if part := r.volunteered[slot.Key]; part != nil {
			reply.Volunteered = append(reply.Volunteered, *part)
			delete(r.volunteered, slot.Key)
		}
	}
	reply.Unvalued = r.unvalued
	reply.Remarks = r.remarks
	reply.Unmatched, reply.Doubts = strings.Join(r.left, "\n"), r.doubts
	return reply
}
