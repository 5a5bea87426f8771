package parse

import (
	"cmp"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// What a slot expects, in words for people, and the checks of what a value has to fit. The two
// stand together, so that nobody is told a bound that is not checked.

// mostListed is how many options are named before the rest is only counted.
const mostListed = 20

// Expected says in a few words of a language what answer a slot takes, such as "a
// whole number from 1 to 10" or "one of: red, green, blue". The language is a BCP
// 47 tag, English where it is empty.
func Expected(slot questioning.Slot, language string) string {
	e := expectation{slot, messages.In(language)}
	switch slot.Type {
	case questioning.Integer:
		return e.ofNumber(messages.WholeNumber)
	case questioning.Number:
		return e.ofNumber(messages.Number)
	case questioning.Boolean:
		return e.say.Text(messages.YesOrNo)
	case questioning.Date:
		return e.say.Text(messages.Date, "2026-11-30")
	case questioning.Time:
		return e.say.Text(messages.Time, "14:30")
	case questioning.DateTime:
		return e.say.Text(messages.DateTime, "2026-11-30T14:30:00Z")
	case questioning.Email:
		return e.ofText(e.say.Text(messages.Email, "name@example.com"))
	case questioning.URI:
		return e.ofText(e.say.Text(messages.WebAddress, "https://example.com"))
	case questioning.Choice:
		return e.say.Text(messages.OneOf, e.ofOptions())
	case questioning.Choices:
		if count := e.ofCount(slot.MinItems, slot.MaxItems, ""); count != "" {
			return e.say.Text(messages.CountOf, count, e.ofOptions())
		}
		return e.say.Text(messages.AnyOf, e.ofOptions())
	case questioning.List:
		if count := e.ofCount(slot.MinItems, slot.MaxItems, messages.Items); count != "" {
			return e.say.Text(messages.ListOf, count)
		}
		return e.say.Text(messages.List)
	default:
		return e.ofText(e.say.Text(messages.FewWords))
	}
}

// Hint is Expected without what a person knows: that nothing costs less than nothing.
func Hint(slot questioning.Slot, language string) string {
	if slot.Minimum != nil && *slot.Minimum == 0 && slot.Maximum == nil {
		slot.Minimum = nil
	}
	return Expected(slot, language)
}

// expectation is what a slot takes, in a language.
type expectation struct {
	slot questioning.Slot
	say  *messages.Printer
}

// ofOptions lists the first options by their titles, at most mostListed, and counts the
// rest: the text stands in errors and below questions.
func (e expectation) ofOptions() string {
	names := make([]string, 0, mostListed+1)
	for _, option := range e.slot.Options[:min(len(e.slot.Options), mostListed)] {
		names = append(names, cmp.Or(option.Title, valueText(option.Value)))
	}
	list := strings.Join(names, ", ")
	if more := len(e.slot.Options) - mostListed; more > 0 {
		list = e.say.Text(messages.AndMore, list, strconv.Itoa(more))
	}
	return cmp.Or(list, "(no options)")
}

// ofNumber adds bounds and unit to what a number is called.
func (e expectation) ofNumber(what string) string {
	text := e.say.Text(what)
	shown := func(bound *float64, toward float64, inclusive, exclusive string) (number, form string) {
		if bound == nil {
			return "", ""
		}
		near, isExclusive := questioning.ShownBound(*bound, toward)
		if isExclusive {
			return formatNumber(near), exclusive
		}
		return formatNumber(near), inclusive
	}
	low, least := shown(e.slot.Minimum, math.Inf(-1), messages.AtLeast, messages.Above)
	high, most := shown(e.slot.Maximum, math.Inf(1), messages.AtMost, messages.Below)
	switch {
	case low != "" && high != "":
		text = e.say.Text(messages.FromTo, text, low, high)
	case low != "":
		text = e.say.Text(least, text, low)
	case high != "":
		text = e.say.Text(most, text, high)
	}
	if unit := unitOf(e.slot); unit != "" {
		text = e.say.Text(messages.InUnit, text, e.say.Text(unit+"s"))
	}
	return text
}

// ofText adds the bounds of a text to what is expected.
func (e expectation) ofText(text string) string {
	if count := e.ofCount(e.slot.MinLength, e.slot.MaxLength, messages.Characters); count != "" {
		text = e.say.Text(messages.WordsOf, text, count)
	}
	if e.slot.Pattern != "" {
		text = e.say.Text(messages.Matching, text, e.slot.Pattern)
	}
	return text
}

// ofCount says how many of something there may be; empty without bounds. A minimum of 0
// is no bound, and of 1 none of a list or a text: who answers gives one.
func (e expectation) ofCount(low, high *int, of string) string {
	counted := func(n int) string {
		if of == "" {
			return strconv.Itoa(n)
		}
		return e.say.Text(of, strconv.Itoa(n))
	}
	implied := 0
	if of != "" {
		implied = 1
	}
	switch {
	case low != nil && *low > 0 && high != nil && *low == *high:
		return e.say.Text(messages.Exactly, counted(*low))
	case low != nil && *low > implied && high != nil:
		return e.say.Text(messages.Between, strconv.Itoa(*low), counted(*high))
	case low != nil && *low > implied:
		return e.say.Text(messages.AtLeastCount, counted(*low))
	case high != nil:
		return e.say.Text(messages.AtMostCount, counted(*high))
	}
	return ""
}

// fits reports a count within bounds, nil for none.
func fits(count int, low, high *int) bool {
	return (low == nil || count >= *low) && (high == nil || count <= *high)
}

// formatNumber writes a number in digits, without an exponent below 1e21.
func formatNumber(value float64) string {
	if math.Abs(value) >= 1e21 {
		return strconv.FormatFloat(value, 'g', -1, 64)
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// valueText is an option's value as a person would write it, "" for a value of no type
// that an option can have.
func valueText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return formatNumber(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// misread is the error of words that could not be read for slot.
func misread(slot questioning.Slot, reason string) error {
	if reason == "" {
		return errors.New("expected " + Expected(slot, ""))
	}
	return errors.New(reason + "; expected " + Expected(slot, ""))
}

// checkText holds a text against the length and the pattern of its slot.
func checkText(slot questioning.Slot, text string) (any, error) {
	if !fits(utf8.RuneCountInString(text), slot.MinLength, slot.MaxLength) {
		return nil, misread(slot, "the length does not fit")
	}
	if slot.Pattern == "" {
		return text, nil
	}
	if len(text) > longestMatched {
		return nil, misread(slot, "the answer is too long")
	}
	if pattern, err := bounds.Compile(slot.Pattern); err == nil && !pattern.MatchString(text) {
		return nil, misread(slot, "the form does not fit")
	}
	return text, nil
}

// longestMatched bounds, in bytes, the words held against a pattern: the time
// it takes grows with their product.
const longestMatched = 4 << 10

// wholeLimit is the largest magnitude up to which float64 holds every integer.
const wholeLimit = 1 << 53

// checkNumber holds a number against the type and the bounds of its slot.
func checkNumber(slot questioning.Slot, value float64) (any, error) {
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0),
		slot.Type == questioning.Integer && (value != math.Trunc(value) || math.Abs(value) > wholeLimit),
		slot.Minimum != nil && value < *slot.Minimum,
		slot.Maximum != nil && value > *slot.Maximum:
		return nil, misread(slot, formatNumber(value)+" does not fit")
	}
	return value + 0, nil // + 0 makes a negative zero plain
}
