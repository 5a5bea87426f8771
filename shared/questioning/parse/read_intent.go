package parse

import "strings"

// What a reply does instead of answering: it asks back, puts off, refers to something said
// elsewhere, or ends the conversation. Such words must not be stored as the answer to a
// question for free text, which would take any words.

// Intent is what words do that answer nothing.
type Intent string

// The intents. Words that have one are no value, not even of a free text: whoever
// writes "why do you ask?" under a question for the purpose states no purpose.
const (
	AsksBack Intent = "question" // "why do you ask?"
	PutsOff  Intent = "deferral" // "I'll tell you later"
	Refers   Intent = "referral" // "see above"
	Ends     Intent = "ending"   // "skip the rest"
)

// reasons say why words of an intent are no value.
var reasons = map[Intent]string{
	AsksBack: "this is a question",
	PutsOff:  "this puts the answer off",
	Refers:   "this refers to something said elsewhere",
	Ends:     "this ends the conversation",
}

// intent is what the text does if it is no answer, "" where it may be one. A text
// that names a number may go on to answer, and so may one that is longer than a phrase.
func (t *text) intent() Intent {
	if len(t.source) > longestPhrase || strings.ContainsAny(t.source, "0123456789") {
		return ""
	}
	for from := range t.pastOutros(0) + 1 { // "that" may be such a word, or the first of "that's all"
		if intent := t.intentAt(from); intent != "" {
			return intent
		}
	}
	return ""
}

// intentAt is the intent of a text that begins at token from.
func (t *text) intentAt(from int) Intent {
	for _, p := range t.phrases(from) {
		whole := t.pastOutros(p.next) == len(t.tokens)
		for _, e := range p.entries {
			switch {
			case e.class == asksBack && (whole || strings.ContainsAny(t.source, "?？")):
				return AsksBack
			case e.class == deferral && (whole || p.next-from > 1) && !t.sentenceFollows(p.next):
				return PutsOff
			case e.class == referral && whole:
				return Refers
			case (e.class == ending || e.class == endingAlone) && whole:
				return Ends
			}
		}
	}
	return ""
}

// isQuestion reports words that begin and end as a question and name no number. Where a value is
// wanted, they ask back.
func (t *text) isQuestion() bool {
	end := strings.HasSuffix(t.source, "?") || strings.HasSuffix(t.source, "？")
	return end && !strings.ContainsAny(t.source, "0123456789") && t.starts(t.pastOutros(0), query)
}

// pastOutros is the token after those from i that say nothing: signs, and words such
// as "sorry".
func (t *text) pastOutros(i int) int {
	for i < len(t.tokens) {
		if t.tokens[i].shape == sign {
			i++
			continue
		}
		_, next, ok := t.class(i, outro)
		if !ok {
			break
		}
		i = next
	}
	return i
}

// sentenceFollows reports a further sentence after token i, which may be an answer.
func (t *text) sentenceFollows(i int) bool {
	for ; i < len(t.tokens); i++ {
		if t.tokens[i].newline || t.is(i, ".") || t.is(i, ";") || t.is(i, "!") {
			return t.pastOutros(i) < len(t.tokens)
		}
	}
	return false
}
