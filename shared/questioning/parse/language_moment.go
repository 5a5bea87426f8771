package parse

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
)

// A moment is a date, a time of day or both as they are said, before anybody has computed
// which day it is: "the second Friday of next month" is nth=2, weekday=5, months=1. Patterns
// of the language fill its fields, and dateOf and clockOf compute. Keeping the two apart
// lets eight languages share one calendar, and lets a moment be contradictory, "Monday the
// 24th" in a month where that is a Tuesday, until its resolution says so.

// moment is what a person's words say of a date, a time of day or both.
type moment struct {
	at       [fields]int
	set_     uint32 // bit f says that field f is set
	amounts  []amount
	date     string // a calendar token
	dayFirst bool   // the language writes the day before the month
	holiday  string
	within   bool // read as part of another
}

// set notes a field.
func (m *moment) set(f field, value int) { m.at[f], m.set_ = value, m.set_|1<<f }

// has reports a field that is said.
func (m *moment) has(f field) bool { return m.set_&(1<<f) != 0 }

// saysYear reports a year, named or counted from this one, or a month so counted.
func (m *moment) saysYear() bool {
	return m.has(fieldYear) || m.has(fieldYears) || m.has(fieldMonths) || strings.Count(m.date, "-")+strings.Count(m.date, "/")+strings.Count(m.date, ".") >= 2
}

// any reports that anything is said.
func (m *moment) any() bool {
	return m.set_ != 0 || m.date != "" || m.holiday != "" || m.amounts != nil
}

// hasClock reports that a time of day is said.
func (m *moment) hasClock() bool {
	return m.has(fieldHour) || m.has(fieldNow) || m.clockAmounts()
}

// clockAmounts reports amounts of hours, minutes or seconds.
func (m *moment) clockAmounts() bool {
	for _, a := range m.amounts {
		if clockUnits[a.unit] {
			return true
		}
	}
	return false
}

// partOfDay is said beside an hour, which it makes one of the 24.
type partOfDay int

const (
	noPart partOfDay = iota
	am
	pm
	morning
	afternoon
	evening
	night   // "at night"
	tonight // of this day
	noon
	midnight
)

var partsOfDay = map[string]partOfDay{"am": am, "pm": pm, "morning": morning, "afternoon": afternoon, "evening": evening,
	"night": night, "tonight": tonight, "noon": noon, "midnight": midnight}

// late reports a part that adds 12 to an hour of the clock face.
func (p partOfDay) late() bool {
	return p == pm || p == afternoon || p == evening || p == tonight || p == night
}

// field is one part of a moment.
type field int

const (
	fieldYear field = iota
	fieldMonth
	fieldDay     // of the month; -1 is the last
	fieldWeekday // 1 is Monday
	fieldNth     // weekday of the month; -1 is the last
	fieldWhich   // of weekdays: 1 is next, 0 is this, -1 is last; 2 is a week after the coming one, 3 two
	fieldWeek    // weeks from this one
	fieldMonths  // months from this one
	fieldYears   // years from this one
	fieldDays    // days from today
	fieldNow     // the time it is
	fieldHoliday // index into the holidays
	fieldAgo     // sign of the amounts
	fieldHour
	fieldMinute
	fieldSecond
	fieldTo    // minutes before the hour
	fieldPart  // a partOfDay
	fieldWeak  // nothing but a number says that this is a time
	fieldHalf  // a half hour of which the hour is not sure
	fieldIdiom // minutes past or to an hour of the clock face
	fields
)

var fieldNames = map[string]field{
	"year": fieldYear, "month": fieldMonth, "day": fieldDay, "weekday": fieldWeekday, "nth": fieldNth, "which": fieldWhich,
	"week": fieldWeek, "months": fieldMonths, "years": fieldYears, "days": fieldDays, "now": fieldNow, "ago": fieldAgo,
	"hour": fieldHour, "minute": fieldMinute, "second": fieldSecond, "to": fieldTo, "part": fieldPart, "weak": fieldWeak, "half": fieldHalf, "idiom": fieldIdiom,
}

// amount is a number in a text with its unit of time, if it has one.
type amount struct {
	value float64
	unit  string // "minute", "month", …
	next  int    // the token after it
	// doubt says why the number may not be what it seems, "" when it is plain.
	doubt string
	// money and measured report a currency, or another unit that the text names.
	money, measured bool
	// cents reports hundredths of a currency.
	cents bool
	// named reports a unit of measure, such as km, rather than a word such as "in total".
	named bool
}

// Units convert exactly only to units measured in the same base: seconds or months.
var (
	inSeconds  = map[string]float64{"second": 1, "minute": 60, "quarter_hour": 900, "hour": 3600, "day": 86400, "week": 604800, "fortnight": 1209600}
	inMonths   = map[string]float64{"month": 1, "year": 12}
	clockUnits = map[string]bool{"second": true, "minute": true, "quarter_hour": true, "hour": true}
	unitPlural = lazyregexp.New(`(?i)(?:^|[^a-z])(second|minute|hour|day|week|month|year)s(?:$|[^a-z])`)
)
