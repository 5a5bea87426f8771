package model

import (
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/secret"
)

// written returns a text of the model on one line, or why it cannot be used.
// It may lead to nothing that the source does not have.
func written(text string, maxRunes int, source string) (string, string) {
	if len(text) > 16*maxRunes { // looking at it takes time, too
		return "", "is too long"
	}
	if hides(text) {
		return "", "has line breaks or characters that are not seen"
	}
	text = plain.Line(text)
	switch {
	case utf8.RuneCountInString(text) > maxRunes:
		return "", "is too long"
	case markup.MatchString(text):
		return "", "holds markup or a link"
	case leadsTo(text, source) != "":
		return "", "leads to a host or an address"
	case len(secret.May(text, false)) > 0:
		return "", "asks for a secret"
	}
	return text, ""
}

// prefix returns the beginning of a text, at most limit bytes of it, between
// characters. It is what a model gets of a text, unlike an excerpt, which a person
// reads: nothing else is changed, and the limit is one of bytes sent.
func prefix(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// latest returns as many of the last texts as fit, oldest first. The first of
// them may be cut.
func latest(texts []string, limit int) []string {
	kept := []string{}
	for i := len(texts) - 1; i >= 0 && limit > 0; i-- {
		text := prefix(texts[i], limit)
		limit -= len(text)
		kept = append([]string{text}, kept...)
	}
	return kept
}
