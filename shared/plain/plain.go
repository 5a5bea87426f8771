// Package plain writes what others said into texts that a model or a person
// reads, so that it cannot be taken for anything else: on one line, without
// what is invisible, and in quotes where it is somebody's words.
package plain

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns a text on one line: white space of any kind becomes single
// spaces, and what is invisible, turns the direction of reading or has no
// character is left out. Joiners stay between letters of scripts that need them.
func Line(s string) string {
	if ascii(s) {
		return strings.Join(strings.Fields(s), " ")
	}
	runes := []rune(strings.ToValidUTF8(s, ""))
	var b strings.Builder
	for i, r := range runes {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			b.WriteByte(' ')
		case invisible(r) && !(joiner(r) && i > 0 && i+1 < len(runes) && joins(runes[i-1]) && joins(runes[i+1])):
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// ascii says that a text has no character but those of ASCII.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x7f || s[i] < ' ' && !unicode.IsSpace(rune(s[i])) {
			return false
		}
	}
	return true
}

// invisible says that a character shows nothing by itself.
func invisible(r rune) bool {
	return r == unicode.ReplacementChar || r == '\u2800' ||
		unicode.In(r, unicode.Cf, unicode.Co, unicode.Other_Default_Ignorable_Code_Point) ||
		unicode.Is(unicode.Variation_Selector, r) && r != '\ufe0e' && r != '\ufe0f'
}

// joiner says that a character joins or parts its neighbours, as in Persian and
// in emoji.
func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

func joins(r rune) bool { return r > unicode.MaxLatin1 && !invisible(r) && !unicode.IsSpace(r) }

// Excerpt returns the beginning of a text on one line, at most so many
// characters of it.
func Excerpt(s string, most int) string {
	runes := []rune(Line(s))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-1]) + "…"
}

// Prefix returns the beginning of a text, at most limit bytes of it, between
// characters. It is what a program gets of a text where an excerpt is for people:
// nothing is changed, nothing marks the end, and the limit is one of bytes, as it is
// for what is sent or stored.
func Prefix(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// JSON returns the beginning of a value as JSON on one line, at most so many
// characters of it. The value has to be one that was decoded from JSON.
func JSON(value any, most int) string {
	data, _ := json.Marshal(value)
	return Excerpt(string(data), most)
}

var escaped = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Quote returns somebody's words on one line and in quotes, which they cannot
// close.
func Quote(s string) string { return `"` + escaped.Replace(Line(s)) + `"` }
