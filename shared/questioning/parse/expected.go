package parse

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// mostListed is how many options are named before the rest is only counted.
const mostListed = 20

// Expected says in a few words what answer a slot takes, such as "a whole
// number from 1 to 10" or "one of: red, green, blue".
func Expected(slot questioning.Slot) string {
	switch slot.Type {
	case questioning.Integer:
		return "a whole number" + numberBounds(slot)
	case questioning.Number:
		return "a number" + numberBounds(slot)
	case questioning.Boolean:
		return "yes or no"
	case questioning.Date:
		return "a date such as 2026-11-30"
	case questioning.Time:
		return "a time such as 14:30"
	case questioning.DateTime:
		return "a date and time such as 2026-11-30T14:30:00Z"
	case questioning.Email:
		return "an email address such as name@example.com" + textBounds(slot)
	case questioning.URI:
		return "a web address such as https://example.com" + textBounds(slot)
	case questioning.Choice:
		return "one of: " + listOptions(slot.Options)
	case questioning.Choices:
		return cmp.Or(countBounds(slot.MinItems, slot.MaxItems, ""), "any") + " of: " + listOptions(slot.Options)
	case questioning.List:
		if bounds := countBounds(slot.MinItems, slot.MaxItems, " items"); bounds != "" {
			return "a list of " + bounds + ", separated by commas or lines"
		}
		return "a list separated by commas or lines"
	default:
		return "a few words" + textBounds(slot)
	}
}

func listOptions(options []questioning.Option) string {
	names := make([]string, 0, mostListed+1)
	for _, option := range options[:min(len(options), mostListed)] {
		names = append(names, cmp.Or(option.Title, valueText(option.Value)))
	}
	list := strings.Join(names, ", ")
	if more := len(options) - mostListed; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return cmp.Or(list, "(no options)")
}

func numberBounds(slot questioning.Slot) string {
	var bounds string
	switch low, high := slot.Minimum, slot.Maximum; {
	case low != nil && high != nil:
		bounds = " from " + formatNumber(*low) + " to " + formatNumber(*high)
	case low != nil:
		bounds = " of at least " + formatNumber(*low)
	case high != nil:
		bounds = " of at most " + formatNumber(*high)
	}
	if unit := unitOf(slot); unit != "" {
		bounds += ", in " + unit + "s"
	}
	return bounds
}

func textBounds(slot questioning.Slot) string {
	var bounds string
	if count := countBounds(slot.MinLength, slot.MaxLength, " characters"); count != "" {
		bounds = " of " + count
	}
	if compilePattern(slot.Pattern) != nil {
		bounds += " matching " + slot.Pattern
	}
	return bounds
}

func countBounds(low, high *int, noun string) string {
	switch {
	case low != nil && *low > 0 && high != nil && *low == *high:
		return fmt.Sprintf("exactly %d%s", *low, noun)
	case low != nil && *low > 0 && high != nil:
		return fmt.Sprintf("%d to %d%s", *low, *high, noun)
	case low != nil && *low > 0:
		return fmt.Sprintf("at least %d%s", *low, noun)
	case high != nil:
		return fmt.Sprintf("at most %d%s", *high, noun)
	}
	return ""
}

func fits(count int, low, high *int) bool {
	return (low == nil || count >= *low) && (high == nil || count <= *high)
}

func formatNumber(value float64) string {
	if math.Abs(value) >= 1e21 {
		return strconv.FormatFloat(value, 'g', -1, 64)
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// valueText is an option's value as a person would write it.
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
