package parse

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// The end of a conversation, said in a reply: words that are the intent Ends, as all of the
// reply or as its last sentence.

// cutEnding takes the ending off a reply: one that is nothing else, or a last line or
// sentence that says it plainly. Where an open question has an option of that name, it
// is an answer.
func (r *replying) cutEnding(text string) (rest string, ended bool) {
	if r.ends(text, true) {
		return "", true
	}
	at := strings.LastIndexAny(strings.TrimRight(text, ".!。！ "), ".!?;\n。！？")
	if at < 0 {
		return text, false
	}
	if tail := text[at:]; r.ends(strings.TrimLeft(tail, ".!?;\n。！？ "), false) {
		return strings.TrimSpace(text[:at+1]), true
	}
	return text, false
}

// endsAt reports an ending that begins at token i.
func (t *text) endsAt(i int) bool { return i < len(t.tokens) && t.intentAt(i) == Ends }

// ends reports words that end the conversation: as the whole reply (alone), or as a
// sentence of it.
func (r *replying) ends(words string, alone bool) bool {
	if words == "" || len(words) > longestPhrase {
		return false
	}
	for _, question := range r.open {
		if namesOption(question.Slot, strings.Trim(words, ".!。！ ")) {
			return false
		}
	}
	t := textOf(questioning.Slot{Type: questioning.Text}, words, r.context)
	if _, next, ok := t.class(0, no); ok && alone {
		for from := next; from <= t.pastOutros(next); from++ { // "no, that's all"
			if t.endsAt(from) {
				return true
			}
		}
	}
	if t.intent() != Ends {
		return false
	}
	for from := range t.pastOutros(0) + 1 {
		alone = alone || t.starts(from, ending)
	}
	return alone
}
