package questioning

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

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
		q.Text = say.Text(messages.Contradicts, inline(slot.Title, say), Quote(state.Value, st.Language))
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

// wording is the slot's own question, or one made from its title.
func (s Slot) wording(say *messages.Printer) string {
	for _, own := range []string{s.Question, s.Description, s.Title} {
		if own != "" && (own == s.Question || strings.HasSuffix(own, "?")) {
			return own
		}
	}
	title := inline(s.Title, say)
	pattern := messages.WhatIs
	switch {
	case s.Type == Boolean:
		pattern, title = messages.YesNo, upperFirst(strings.TrimPrefix(title, "is "))
	case s.Type == Choice:
		pattern = messages.WhichOption
	case s.Type == Choices:
		pattern = messages.WhichOptions
	case s.Type == List || plural(title):
		pattern = messages.WhatAre
	}
	text := say.Text(pattern, title)
	if s.Description != "" {
		text += " (" + strings.TrimRight(s.Description, ". ") + ")"
	}
	return text
}

// inline is a title within a sentence. Only English lowers it: other languages
// quote it, or begin with it.
func inline(title string, say *messages.Printer) string {
	if say.Language() == messages.English {
		return lowerFirst(title)
	}
	return title
}

// plural guesses whether a title names several things: "number of guests" does not.
func plural(title string) bool {
	head := title
	for _, preposition := range []string{" of ", " in ", " for ", " per ", " with "} {
		head, _, _ = strings.Cut(head, preposition)
	}
	return strings.HasSuffix(head, "s") &&
		!strings.HasSuffix(head, "ss") && !strings.HasSuffix(head, "us") && !strings.HasSuffix(head, "is")
}

// Render writes a value as a person would read it in a language, English where
// it is empty.
func Render(value any, language string) string {
	say := messages.In(language)
	switch v := value.(type) {
	case nil:
		return say.Text(messages.Nothing)
	case bool:
		if v {
			return say.Text(messages.Yes)
		}
		return say.Text(messages.No)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = Render(v[i], language)
		}
		return strings.Join(parts, ", ")
	case float64:
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.6f", v), "0"), ".")
	default:
		return fmt.Sprint(v)
	}
}

// Quote writes a value into a text that others read: words on one line and in
// quotes, so that they cannot be taken for the text itself.
func Quote(value any, language string) string {
	switch v := value.(type) {
	case string:
		return plain.Quote(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = Quote(v[i], language)
		}
		return strings.Join(parts, ", ")
	}
	return Render(value, language)
}

// lowerFirst lowers the first letter unless the word is an abbreviation.
func lowerFirst(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if second, _ := utf8.DecodeRuneInString(s[size:]); unicode.IsUpper(second) {
		return s
	}
	return string(unicode.ToLower(first)) + s[size:]
}

func upperFirst(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// excerptRunes is how much of somebody's words a question repeats.
const excerptRunes = 60

func numbers(all []int) string {
	parts := make([]string, len(all))
	for i, n := range all {
		parts[i] = fmt.Sprint(n)
	}
	return strings.Join(parts, " and ")
}

func round(bits float64) float64 { return float64(int(bits*10+0.5)) / 10 }
