package reply

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func parseDate(slot questioning.Slot, words string, now time.Time) (any, error) {
	day, rest, err := findDate(moment(words), now)
	if err != nil {
		return nil, misread(slot, err.Error())
	}
	if rest, _ = sweepClocks(rest, now); unsure.MatchString(rest) {
		return nil, misread(slot, "this could mean another day")
	}
	return day.Format(time.DateOnly), nil
}

// mark stands in a text for what was found there; clockMark for a time of day.
const mark, clockMark = "\x00", "\x01"

var (
	stampJoint = regexp.MustCompile(`(\d)t(\d{2}:)`)
	// unsure finds words around a mark that make it one end of a range, one of
	// several, or excluded.
	unsure = regexp.MustCompile(`\d(?:st|nd|rd|th)?\s*(?:-|to|or|and|&|/|until|till|,)\s*\x00|` +
		`\x00\s*(?::|-|to|or|and|&|/|until|till|,)?\s*\d{1,2}\b|` +
		`(?:\b(?:not|except|before|after|every|each)|n't)\s+(?:on\s+|at\s+|the\s+)?\x00|` +
		`\b(?:days?|weeks?|months?|years?)(?: (?:from|after|before|on))?\s+\x00`)
	noDay   = regexp.MustCompile(`\b(?:weeks?|weekend|months?|fortnight|years?)\b`)
	strayed = regexp.MustCompile(`\b(?:january|february|april|june|july|august|september|october|november|december|` +
		`jan|feb|apr|jun|jul|aug|sep|sept|oct|nov|dec)\b`)
)

// moment folds words and parts the "T" of "2026-11-23T14:00".
func moment(words string) string {
	return stampJoint.ReplaceAllString(strings.Map(dropMarks, fold(words)), "$1 $2")
}

func dropMarks(r rune) rune {
	if r < ' ' {
		return -1
	}
	return r
}

const (
	monthWord = `(january|february|march|april|may|june|july|august|september|october|november|december|` +
		`jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)\b\.?`
	dayNumber = `(\d{1,2})(?:st|nd|rd|th)?`
	amount    = `(\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\s+(day|week|month|year)s?`
)

// datePatterns are tried in this order; what one takes the next do not see.
var datePatterns = []struct {
	form *regexp.Regexp
	read func(today time.Time, groups []string) (time.Time, error)
}{
	{regexp.MustCompile(`\b(\d{4})([-/.])(\d{1,2})([-/.])(\d{1,2})\b`), func(_ time.Time, g []string) (time.Time, error) {
		if g[2] != g[4] {
			return time.Time{}, errNoDate
		}
		return dayOf(g[1], whole(g[3]), g[5])
	}},
	{regexp.MustCompile(`\b(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})\b`), func(_ time.Time, g []string) (time.Time, error) {
		return dayOf(g[3], whole(g[2]), g[1])
	}},
	{regexp.MustCompile(`\b(\d{1,2})([-/])(\d{1,2})[-/](\d{4}|\d{2})\b`), readSlashes},
	{regexp.MustCompile(`\b(?:end|last day) of (?:(the|this|next) )?(month|year|` + monthWord + `)(?:,? (\d{4})\b)?`), readEnd},
	{regexp.MustCompile(`\b` + dayNumber + `\.?[\s-]+(?:of )?` + monthWord + `(?:,?[\s-]+(\d{4})\b|,? '(\d{2})\b)?`), func(today time.Time, g []string) (time.Time, error) {
		return nextDay(today, g[3]+g[4], monthNumber(g[2]), g[1])
	}},
	{regexp.MustCompile(`\b` + monthWord + `[\s-]+(?:the )?` + dayNumber + `\b(?:,?[\s-]+(\d{4})\b|,? '(\d{2})\b)?`), func(today time.Time, g []string) (time.Time, error) {
		return nextDay(today, g[3]+g[4], monthNumber(g[1]), g[2])
	}},
	{regexp.MustCompile(`\bin ` + amount + `(?:' time)?\b`), func(today time.Time, g []string) (time.Time, error) {
		return shift(today, g[1], g[2], 1)
	}},
	{regexp.MustCompile(`(?:^|[^\d.,])` + amount + ` (from now|from today|hence|later|ago)\b`), func(today time.Time, g []string) (time.Time, error) {
		if g[3] == "ago" {
			return shift(today, g[1], g[2], -1)
		}
		return shift(today, g[1], g[2], 1)
	}},
	{regexp.MustCompile(`\b(?:the )?day (after|before) (?:tomorrow|yesterday)\b`), func(today time.Time, g []string) (time.Time, error) {
		return today.AddDate(0, 0, map[string]int{"after": 2, "before": -2}[g[1]]), nil
	}},
	{regexp.MustCompile(`\b(yesterday|today|tonight|tomorrow)\b`), func(today time.Time, g []string) (time.Time, error) {
		return today.AddDate(0, 0, map[string]int{"yesterday": -1, "tomorrow": 1}[g[1]]), nil
	}},
	{regexp.MustCompile(`^(?:right )?(now)[.!]?$`), func(today time.Time, _ []string) (time.Time, error) { return today, nil }},
}

var (
	errNoDate  = errors.New("there is no such date")
	errSlashes = errors.New("the day and the month cannot be told apart, write YYYY-MM-DD")
)

// findDate finds the only date in folded text and puts mark in its place. The
// day is midnight UTC of the date as it is where now is.
func findDate(text string, now time.Time) (day time.Time, rest string, err error) {
	year, month, date := now.Date()
	today := time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
	var found []time.Time
	add := func(day time.Time, err error) error {
		if err == nil && (day.Year() < 1 || day.Year() > 9999) {
			return errNoDate
		}
		found = append(found, day)
		return err
	}
	for _, pattern := range datePatterns {
		text, err = sweep(text, pattern.form, mark, func(groups []string) error { return add(pattern.read(today, groups)) })
		if err != nil {
			return day, text, err
		}
	}
	dated := len(found)
	text, err = sweep(text, weekdayForm, mark, func(groups []string) error {
		if dated == 0 {
			return add(weekday(today, groups[1], groups[2]), nil)
		}
		if !strings.HasPrefix(strings.ToLower(found[0].Weekday().String()), groups[2][:3]) {
			return errors.New("the day of the week is not that of the date")
		}
		return nil
	})
	if err != nil {
		return day, text, err
	}
	if len(found) == 0 {
		return day, text, errors.New("there is no one day in this")
	}
	for _, other := range found {
		if !other.Equal(found[0]) {
			return day, text, errors.New("found more than one date")
		}
	}
	if strayed.MatchString(text) || dated == 0 && noDay.MatchString(text) {
		return day, text, errors.New("this could mean another day")
	}
	return found[0], text, nil
}

// sweep puts mark in place of each match of form, giving its groups to take.
func sweep(text string, form *regexp.Regexp, mark string, take func(groups []string) error) (string, error) {
	var swept strings.Builder
	done := 0
	for _, at := range form.FindAllStringSubmatchIndex(text, -1) {
		groups := make([]string, len(at)/2)
		for i := range groups {
			if at[2*i] >= 0 {
				groups[i] = text[at[2*i]:at[2*i+1]]
			}
		}
		if err := take(groups); err != nil {
			return text, err
		}
		swept.WriteString(text[done:at[0]] + " " + mark + " ")
		done = at[1]
	}
	swept.WriteString(text[done:])
	return swept.String(), nil
}

var weekdayForm = regexp.MustCompile(`\b(?:on )?(?:(next|this|coming|last|past) )?(monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tues|tue|wed|thurs|thur|thu|fri|sat|sun)\b\.?,?`)

// weekday is the next day of that name after today, or the last one before.
func weekday(today time.Time, which, name string) time.Time {
	step := 1
	if which == "last" || which == "past" {
		step = -1
	}
	for range 7 {
		today = today.AddDate(0, 0, step)
		if strings.HasPrefix(strings.ToLower(today.Weekday().String()), name[:3]) {
			break
		}
	}
	return today
}

func readSlashes(_ time.Time, g []string) (time.Time, error) {
	first, second := whole(g[1]), whole(g[3])
	switch {
	case first > 12 || first == second:
		return dayOf(g[4], second, g[1])
	case second > 12:
		return dayOf(g[4], first, g[3])
	}
	return time.Time{}, errSlashes
}

func readEnd(today time.Time, g []string) (time.Time, error) {
	year, month := today.Year(), today.Month()
	switch g[2] {
	case "year":
		month = time.December
		if g[1] == "next" {
			year++
		}
	case "month":
		if g[1] == "next" {
			month++
		}
	default:
		if named := monthNumber(g[3]); named < int(month) {
			year, month = year+1, time.Month(named)
		} else {
			month = time.Month(named)
		}
	}
	if g[4] != "" {
		year = whole(g[4])
	}
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC), nil
}

// dayOf is the date with these parts, if there is one. A year of two digits is
// in this century.
func dayOf(year string, month int, day string) (time.Time, error) {
	y := whole(year)
	if len(year) == 2 {
		y += 2000
	}
	date := time.Date(y, time.Month(month), whole(day), 0, 0, 0, 0, time.UTC)
	if int(date.Month()) != month || date.Day() != whole(day) {
		return date, errNoDate
	}
	return date, nil
}

// nextDay is dayOf or, without a year, the first such date from today on.
func nextDay(today time.Time, year string, month int, day string) (time.Time, error) {
	if year != "" {
		return dayOf(year, month, day)
	}
	for y := today.Year(); y <= today.Year()+8; y++ {
		if date, err := dayOf(strconv.Itoa(10000 + y)[1:], month, day); err == nil && !date.Before(today) {
			return date, nil
		}
	}
	return today, errNoDate
}

// shift counts units from today; a month that lacks the day gives its last one.
func shift(today time.Time, count, unit string, sign int) (time.Time, error) {
	n, err := strconv.Atoi(count)
	if err != nil {
		n = max(1, int(digitsWords[count]))
	}
	n *= sign
	switch unit {
	case "day":
		return today.AddDate(0, 0, n), nil
	case "week":
		return today.AddDate(0, 0, 7*n), nil
	case "year":
		n *= 12
	}
	shifted := today.AddDate(0, n, 0)
	if shifted.Day() != today.Day() {
		shifted = shifted.AddDate(0, 0, -shifted.Day())
	}
	return shifted, nil
}

func monthNumber(name string) int {
	for month := time.January; month <= time.December; month++ {
		if strings.HasPrefix(strings.ToLower(month.String()), name[:3]) {
			return int(month)
		}
	}
	return 0
}

func whole(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
