package questioning

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

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
	if size == 0 {
		return ""
	}
	if second, _ := utf8.DecodeRuneInString(s[size:]); unicode.IsUpper(second) {
		return s
	}
	return string(unicode.ToLower(first)) + s[size:]
}

// upperFirst raises the first letter.
func upperFirst(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// excerptRunes is how much of somebody's words a question repeats.
const excerptRunes = 60

// round leaves one decimal.
func round(bits float64) float64 { return float64(int(bits*10+0.5)) / 10 }
