package model

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes one line of plain text: no control characters, and nothing that
// is invisible or turns the direction of what follows.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r), unicode.Is(unicode.Co, r), r == utf8.RuneError,
			r == '\u200b', r == '\u2060', r == '\ufeff', r >= 0xE0000 && r <= 0xE007F:
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// markup is what a model has no reason to write to a person: tags, links, and
// scripts.
var markup = regexp.MustCompile(`(?i)<[a-z!/?][^>]*>?|\]\(\S*|\b(?:https?|ftp|file|javascript|mailto|data|vbscript):\S+|\bwww\.\S+|\b[\w-]+\.[a-z]{2,}/\S*`)

// written returns a text of the model cleaned, or why it cannot be used.
func written(text string, maxRunes int) (string, string) {
	if len(text) > 16*maxRunes { // cleaning takes time, too
		return "", "is too long"
	}
	text = clean(text)
	switch {
	case utf8.RuneCountInString(text) > maxRunes:
		return "", "is too long"
	case markup.MatchString(text):
		return "", "holds markup or a link"
	}
	return text, ""
}

// cut returns the beginning of a text, at most limit bytes of it.
func cut(text string, limit int) string {
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
		text := cut(texts[i], limit)
		limit -= len(text)
		kept = append([]string{text}, kept...)
	}
	return kept
}
