package parse

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Spelling. Two people who mean the same word may write it with other quotes, dashes, widths,
// accents and capitals. These functions map such spellings to one; they never look a word
// up. Comparing what somebody wrote with a name that the caller chose (an option, the title
// of a slot) goes through spell or labelName, comparing two forms of one word through
// sameStem.

var labelJoints = strings.NewReplacer("_", " ", "-", " ", "*", " ")

// folded maps the many spellings of a character to one.
func folded(r rune) rune {
	switch r {
	case '’', '‘', '`', '´', 'ʼ':
		return '\''
	case '“', '”', '„', '«', '»':
		return '"'
	case '−', '–', '—', '‑', '‐':
		return '-'
	case '。', '．':
		return '.'
	case '、':
		return ','
	}
	if r >= '！' && r <= '～' {
		r -= '！' - '!'
	}
	return unicode.ToLower(r)
}

// unaccented drops accents: "août" gives "aout". Text without any is returned as it is,
// at the cost of a look at its bytes.
func unaccented(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return strings.ReplaceAll(strings.Map(func(r rune) rune {
				if unicode.Is(unicode.Mn, r) {
					return -1
				}
				return r
			}, norm.NFD.String(s)), "ß", "ss")
		}
	}
	return s
}

// fold lowers s, straightens its quotes and dashes and makes each run of white
// space one space, so that spellings of the same words compare equal.
func fold(s string) string {
	return strings.Join(strings.Fields(strings.Map(folded, s)), " ")
}

// bare is fold without the punctuation around the words.
func bare(s string) string {
	return strings.TrimRight(strings.Trim(fold(s), `"'*_() `), ` .,!?;:…"')*_`)
}

// spell folds a name so that "full_time", "Full-time" and "full time" agree.
func spell(name string) string {
	runes := []rune(strings.ReplaceAll(fold(name), "_", " "))
	for i, r := range runes {
		if r == '-' && i > 0 && i+1 < len(runes) && unicode.IsLetter(runes[i-1]) && unicode.IsLetter(runes[i+1]) {
			runes[i] = ' '
		}
	}
	return strings.Join(strings.Fields(string(runes)), " ")
}

// isDigit reports one of 0 to 9, which folded makes of all digits of full width.
func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// isDigits reports digits and nothing else.
func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isHan reports a word of Chinese characters, by its first byte: the tables have no
// other letters from U+2000 on.
func isHan(s string) bool { return len(s) > 0 && s[0] >= 0xE2 }

// isCapital reports words that begin with a capital, as names do.
func isCapital(words string) bool {
	first, _ := utf8.DecodeRuneInString(words)
	return unicode.IsUpper(first)
}

// sameStem reports two forms of one word: "ticket" and "tickets", "leave" and
// "leaving". Endings differ by language, but what stands before them does not.
func sameStem(a, b string) bool {
	if a == b {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	common := 0
	for common < len(a) && a[common] == b[common] {
		common++
	}
	return common >= 4 && common >= len(a)-1 && common >= len(b)-3 || len(a) >= 4 && strings.HasSuffix(b, a) || isHan(a) && utf8.RuneCountInString(a) > 1 && strings.Contains(b, a)
}

// akin reports words of one family: "bath" and "bathrooms", "return" and
// "returning". A word of three letters must begin the other and be a good part of it.
func akin(a, b string) bool {
	if sameStem(a, b) {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) > 3 {
		a = strings.TrimSuffix(a, "s")
	}
	return len(a) >= 3 && strings.HasPrefix(b, a) && len(b) <= 3*len(a)
}

// labelName makes "Start_date", "start-date" and "Start date" one.
func labelName(name string) string {
	name = strings.Map(folded, labelJoints.Replace(name))
	return strings.TrimRight(strings.Join(strings.Fields(name), " "), "?:. ")
}

// clean makes s storable: valid UTF-8, no NUL (PostgreSQL refuses it), trimmed. All that
// is read passes it first, so offsets are those of the cleaned text.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.TrimSpace(strings.ReplaceAll(s, "\x00", ""))
}

// quoted shows the start of a person's words in a message.
func quoted(words string) string {
	const most = 40
	if runes := []rune(words); len(runes) > most {
		words = string(runes[:most]) + "…"
	}
	return strconv.Quote(words)
}
