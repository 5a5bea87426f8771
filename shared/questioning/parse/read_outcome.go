package parse

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Outcomes: that the person does not know, does not want to say, or that the question does not
// apply. They are phrases of the language file. Since a phrase could begin an answer ("I don't
// know exactly, about 500"), all that stands beside it has to be small words.

// outcome reports what the words say when they say that there is no value: an
// outcome's phrase and nothing beside it but fillers. For a typed slot a reason
// may follow. Two different outcomes are none: one of them is not meant.
func (t *text) outcome() (questioning.Outcome, bool) {
	if strings.Trim(t.source, "?？ ") == "" {
		return questioning.Unknown, true
	}
	// paused says that the text so far is small words and signs, so that what begins here
	// is a part of its own.
	var found questioning.Outcome
	paused := true
	for i := 0; i < len(t.tokens); {
		next, outcome := t.outcomeAt(i)
		switch {
		case outcome != "" && found != "" && outcome != found:
			return "", false
		case outcome != "":
			found = outcome
		case t.tokens[i].shape == sign && t.tokens[i].text != "?":
			paused = true
		case found != "" && paused && typed(t.slot.Type) && t.isReason(i):
			return found, true
		case next == i:
			return "", false
		}
		paused = paused && next == i
		i = max(next, i+1)
	}
	return found, found != ""
}

// outcomeAt is the outcome that the longest phrase at token i says; next is i
// when the phrase may not stand beside one.
func (t *text) outcomeAt(i int) (next int, outcome questioning.Outcome) {
	for _, p := range t.phrases(i) {
		neutral := false
		for _, e := range p.entries {
			if outcome, ok := outcomes[e.class]; ok {
				return p.next, outcome
			}
			switch e.class {
			case outro, no, negation:
				neutral = e.class == outro || i == 0 && t.is(p.next, ",")
			}
		}
		if neutral {
			return p.next, ""
		}
	}
	return i, ""
}

// isReason reports whether what follows holds no value of the slot's type: "no idea, ask
// Bob" gives a reason, "no idea, maybe 5" an answer.
func (t *text) isReason(i int) bool {
	rest := textOf(t.slot, t.source[t.tokens[i].start:], Context{Now: t.now, Language: t.lang.code})
	value, problem := rest.readValue()
	return value == nil && problem.reason == ""
}
