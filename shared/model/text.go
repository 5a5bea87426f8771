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

// latest returns as many of the last texts as fit, oldest first. The first of
// them may be cut.
func latest(texts []string, limit int) []string {
	kept := []string{}
	for i := len(texts) - 1; i >= 0 && limit > 0; i-- {
		text := plain.Prefix(texts[i], limit)
		limit -= len(text)
		kept = append([]string{text}, kept...)
	}
	return kept
}
