package questioning

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// Render writes a value as a person would read it in a language, English where
// it is empty: an option by its title, a time without seconds that are zero. What
// it writes is read back as the same value.
func (s Slot) Render(value any, language string) string { return s.write(value, language, Render) }

// Quote writes a value into a text that others read: as Render does, and a
// person's own words on one line and in quotes, so that they cannot be taken for
// the text itself.
func (s Slot) Quote(value any, language string) string { return s.write(value, language, Quote) }

// write writes what the slot's type says more of than the value does; the rest is
// left to another function.
func (s Slot) write(value any, language string, rest func(value any, language string) string) string {
	for _, o := range s.Options {
		if reflect.DeepEqual(o.Value, value) {
			return plain.Line(cmp.Or(o.Title, Render(value, language)))
		}
	}
	switch v := value.(type) {
	case string:
		switch s.Type {
		case Date:
			return plain.Line(v)
		case Time:
			return withoutSeconds(plain.Line(v))
		case DateTime:
			return readable(plain.Line(v))
		}
	case []any:
		return list(v, language, func(one any, language string) string { return s.write(one, language, rest) })
	}
	return rest(value, language)
}

// withoutSeconds is a time without seconds that are zero: 14:00 for 14:00:00.
func withoutSeconds(at string) string {
	if len(at) != len(time.TimeOnly) {
		return at
	}
	return strings.TrimSuffix(at, ":00")
}

// readable is a moment as its date, its time and its zone: 2026-11-30 14:30 UTC for
// 2026-11-30T14:30:00Z. The date stays as ISO 8601 has it, which no language reads
// as another day.
func readable(at string) string {
	moment, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return at
	}
	layout := "2006-01-02 15:04"
	if moment.Second() != 0 {
		layout += ":05"
	}
	if _, offset := moment.Zone(); offset == 0 {
		return moment.Format(layout) + " UTC"
	}
	return moment.Format(layout + "-07:00")
}

// Render writes a value of no slot in particular: see Slot.Render.
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
		return list(v, language, Render)
	case float64:
		return say.Decimal(strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.6f", v), "0"), "."))
	default:
		return fmt.Sprint(v)
	}
}

// Quote writes a value of no slot in particular into a text that others read: see
// Slot.Quote.
func Quote(value any, language string) string {
	switch v := value.(type) {
	case string:
		return plain.Quote(v)
	case []any:
		return list(v, language, Quote)
	}
	return Render(value, language)
}

// list writes the values of a list, or that there are none.
func list(values []any, language string, write func(value any, language string) string) string {
	if len(values) == 0 {
		return messages.In(language).Text(messages.None)
	}
	parts := make([]string, len(values))
	for i, value := range values {
		parts[i] = write(value, language)
	}
	return strings.Join(parts, ", ")
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
