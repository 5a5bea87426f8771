package parse

import (
	"strconv"
	"strings"
	"time"
)

// Resolving moments. Which day or time the fields name, from the day on which somebody writes.
// There is one rule behind all the cases: a day that is named without its year or month is the
// next such day, and where people differ on what is meant ("next Friday" on a
// Monday, "12 in the evening"), nothing is resolved and the reason says what else it could be.

// clockOf is the time of day since midnight, or the reason why the fields name none or
// more than one.
//
// An hour of the clock face becomes one of the 24 by the part of the day. Where the part
// leaves two hours possible, "1 tonight" or "12 in the evening", it is asked; and so is
// an idiom of the clock face for an hour up to 5 without a part: nobody is sure whether
// "half past 3" is in the night.
func (m *moment) clockOf(now time.Time) (time.Duration, string) {
	hour, minute, second := m.at[fieldHour], m.at[fieldMinute], m.at[fieldSecond]
	if m.has(fieldNow) {
		hour, minute, second = now.Clock()
	}
	if m.clockAmounts() {
		then, problem := m.shiftFrom(now)
		hour, minute, second = then.Clock()
		return clockTime(hour, minute, second), problem
	}
	// A part of the day makes the hour of the clock face one of the 24, or contradicts
	// it. Where the hour with its part has two meanings, such as noon and midnight for
	// "12 in the morning", it is asked.
	p := partOfDay(m.at[fieldPart])
	switch {
	case p == noon && !(hour >= 11 && hour <= 12 || hour >= 1 && hour <= 2), p == midnight && hour != 12 && hour != 0:
		return 0, noSuchTime
	case p == noon:
		if hour <= 2 {
			hour += 12
		}
	case p == midnight:
		hour = 0
	case (p == am || p == morning) && hour > 12, p == pm && hour == 0:
		return 0, noSuchTime
	case (p == am || p == morning) && hour == 12:
		if p == morning {
			return 0, twoTimes
		}
		hour = 0
	case p == tonight && hour >= 1 && hour <= 4, p == night && (hour == 4 || hour == 5), m.has(fieldTo) && m.has(fieldHalf) && minute <= 12:
		return 0, twoTimes
	case p == night && hour == 12:
		hour = 0
	case (p == tonight || p == evening) && hour == 12:
		return 0, twoTimes
	case (p == pm || p == afternoon || p == evening || p == tonight || p == night && hour >= 6) && hour > 0 && hour < 12:
		hour += 12
	case m.has(fieldHalf) && p == noPart && hour <= 12, m.has(fieldIdiom) && p == noPart && hour <= 5 && hour > 0:
		return 0, twoTimes
	}
	at := clockTime(hour, minute, second)
	if m.has(fieldTo) {
		at = clockTime(hour, 0, second) - time.Duration(minute)*time.Minute
		if at < 0 {
			at += 24 * time.Hour
		}
	}
	if hour > 24 || hour == 24 && at != 24*time.Hour || minute > 59 || second > 59 {
		return 0, noSuchTime
	}
	return at % (24 * time.Hour), ""
}

// dateOf is the day, as midnight UTC; only a whole count of days, weeks, months
// or years gives one.
func (m *moment) dateOf(now time.Time) (time.Time, string) {
	year, month, date := now.Date()
	today := time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
	day, problem := m.dayFrom(today)
	switch {
	case problem != "":
		return day, problem
	case day.Year() < 1 || day.Year() > 9999:
		return day, noSuchDate
	case m.has(fieldWeekday) && (m.date != "" || m.has(fieldMonth) && m.has(fieldDay) || m.has(fieldHoliday) || m.has(fieldDay)) && weekdayOf(day) != m.at[fieldWeekday]:
		return day, "the day of the week is not that of the date"
	}
	return day, ""
}

// dayFrom is the day that the fields name, counted from today. What says most of the
// day comes first: a written date, amounts from another day, a holiday, a weekday of a
// month, a day of a month, a weekday, days from today.
func (m *moment) dayFrom(today time.Time) (time.Time, string) {
	switch {
	case m.date != "":
		return m.calendarDay(today)
	case len(m.amounts) > 0:
		return m.shifted(today)
	case m.holiday != "":
		return m.holidayDay(today)
	case m.has(fieldNth) && m.has(fieldWeekday):
		return m.nthWeekday(today)
	case m.has(fieldDay) && m.has(fieldMonths):
		first := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, m.at[fieldMonths], 0)
		return dayOf(first.Year(), int(first.Month()), m.at[fieldDay])
	case m.has(fieldDay) && m.has(fieldMonth):
		return m.dayAndMonth(today)
	case m.has(fieldDay):
		return m.dayAlone(today)
	case m.has(fieldWeekday):
		return m.weekdayAlone(today)
	case m.has(fieldDays):
		return today.AddDate(m.at[fieldYears], m.at[fieldMonths], m.at[fieldDays]+7*m.at[fieldWeek]), ""
	case m.has(fieldNow):
		return today, ""
	}
	return today, noOneDay
}

// shifted is the day that the amounts lead to, from the day that is named, else from
// today. Hours lead to no day, and years alone to none in particular.
func (m *moment) shifted(today time.Time) (time.Time, string) {
	years := true
	for _, a := range m.amounts {
		if clockUnits[a.unit] {
			return today, noOneDay
		}
		years = years && a.unit == "year"
	}
	if years {
		return today, twoDays // "in two years" names no day
	}
	base := *m
	base.amounts = nil
	from := today
	if base.has(fieldDays) || base.has(fieldWeekday) || base.has(fieldDay) || base.holiday != "" || base.date != "" {
		day, problem := base.dayFrom(today)
		switch {
		case problem != "":
			return day, problem
		case base.set_&^(1<<fieldAgo) == 1<<fieldWeekday && weekdayOf(today) == base.at[fieldWeekday]:
			return today, twoDays // "maandag over een week" of a Monday
		}
		from = day
	}
	return m.shiftFrom(from)
}

// shiftFrom adds the amounts to an instant or a day, or takes them away. A month that
// lacks the day gives its last one. Half a year is six months; no other fraction of a
// calendar unit is a whole number of days.
func (m *moment) shiftFrom(from time.Time) (time.Time, string) {
	sign := 1
	if m.has(fieldAgo) {
		sign = m.at[fieldAgo]
	}
	for _, a := range m.amounts {
		if a.value > 1e5 {
			return from, noSuchDate
		}
		if seconds := inSeconds[a.unit]; clockUnits[a.unit] {
			from = from.Add(time.Duration(sign) * time.Duration(a.value*seconds) * time.Second)
			continue
		}
		n := int(a.value) * sign
		switch whole := a.value == float64(int(a.value)); {
		case a.unit == "year" && a.value*12 == float64(int(a.value*12)):
			from = addMonths(from, int(a.value*12)*sign)
		case !whole:
			return from, noOneDay
		case a.unit == "day":
			from = from.AddDate(0, 0, n)
		case a.unit == "week", a.unit == "fortnight":
			from = from.AddDate(0, 0, n*int(inSeconds[a.unit]/inSeconds["day"]))
		default:
			from = addMonths(from, n)
		}
	}
	return from, ""
}

// yearOf is the year that is named, by its number or as "next year", if one is.
func (m *moment) yearOf(today time.Time) (int, bool) {
	switch {
	case m.has(fieldYear):
		return m.at[fieldYear], true
	case m.has(fieldYears):
		return today.Year() + m.at[fieldYears], true
	}
	return 0, false
}

// dayAndMonth is the first such date from today on, if no year is named. The 29th of
// February may be up to eight years away, over a century that has no leap day.
func (m *moment) dayAndMonth(today time.Time) (time.Time, string) {
	if year, ok := m.yearOf(today); ok {
		return dayOf(year, m.at[fieldMonth], m.at[fieldDay])
	}
	for year := today.Year(); year <= today.Year()+8; year++ {
		date, problem := dayOf(year, m.at[fieldMonth], m.at[fieldDay])
		if problem == "" && !date.Before(today) {
			return date, ""
		}
	}
	return today, noSuchDate
}

// dayAlone is the next such day of a month that is on the weekday, if one is named.
func (m *moment) dayAlone(today time.Time) (time.Time, string) {
	first := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC)
	// A year and a month hold every day of the month on every weekday often enough; a rarer
	// combination is more likely a slip than a date far ahead.
	for months := range 13 {
		at := first.AddDate(0, months, 0)
		date, problem := dayOf(at.Year(), int(at.Month()), m.at[fieldDay])
		if problem != "" || date.Before(today) {
			continue
		}
		switch {
		case !m.has(fieldWeekday):
			return date, ""
		case m.has(fieldWhich) && date.Sub(today) > twoWeeks:
			return date, twoDays // "this Saturday the 29th"
		case weekdayOf(date) != m.at[fieldWeekday]:
		case months > 2 && m.justPast(today), months > 1 && m.has(fieldWeak) && m.at[fieldDay] <= 24:
			return date, twoDays // "Saturday 7" may be the hour
		default:
			return date, ""
		}
	}
	return today, noSuchDate
}

// twoWeeks is how far ahead "this Saturday" or "next Saturday" can be.
const twoWeeks = 14 * 24 * time.Hour

// justPast reports that the day and weekday were those of a day of the last week:
// who says "Saturday the 23rd" on the 27th may mean that one.
func (m *moment) justPast(today time.Time) bool {
	for days := 1; days <= 6; days++ {
		if date := today.AddDate(0, 0, -days); date.Day() == m.at[fieldDay] && weekdayOf(date) == m.at[fieldWeekday] {
			return true
		}
	}
	return false
}

// weekdayAlone is the next day of that name after today: who says "Monday" on a Monday
// means the one to come. "Next" and "this" are
// asked where people differ on the week they mean.
func (m *moment) weekdayAlone(today time.Time) (time.Time, string) {
	monday := today.AddDate(0, 0, 1-weekdayOf(today))
	inWeek := func(week int) time.Time { return monday.AddDate(0, 0, 7*week+m.at[fieldWeekday]-1) }
	nearest := inWeek(0)
	if !nearest.After(today) {
		nearest = inWeek(1)
	}
	switch {
	case m.has(fieldWeek):
		return inWeek(m.at[fieldWeek]), ""
	case m.has(fieldDays):
		if day := today.AddDate(0, 0, m.at[fieldDays]); weekdayOf(day) == m.at[fieldWeekday] {
			return day, ""
		}
		return today, "the day of the week is not that of the date"
	case !m.has(fieldWhich):
		return nearest, ""
	}
	// Of "this", "next" and "last" only those stand of which every reading gives the same day: on
	// a Monday "this Friday" is in four days, while "next Friday" may be in four or eleven.
	switch which := m.at[fieldWhich]; {
	case which >= 2 && weekdayOf(today) == m.at[fieldWeekday]:
		return today, twoDays // "lundi en huit" of a Monday
	case which >= 2:
		return nearest.AddDate(0, 0, 7*(which-1)), ""
	case which == 0 && inWeek(0).Equal(today), which == 1 && !nearest.Equal(inWeek(1)), which == 0 && inWeek(0).Before(today), which == -1 && !inWeek(-1).Before(today.AddDate(0, 0, -6)) && inWeek(0).Before(today):
		return today, twoDays
	case which == 1:
		return nearest, ""
	case which == 0:
		return inWeek(0), ""
	case which == -1 && inWeek(0).Before(today):
		return today, twoDays
	}
	return inWeek(-1), ""
}

// nthWeekday is the nth, or last, weekday of a month: the next such, if no year is named.
func (m *moment) nthWeekday(today time.Time) (time.Time, string) {
	if m.has(fieldAgo) { // "two Sundays from now" counts those after today
		ahead := (m.at[fieldWeekday]-weekdayOf(today)+6)%7 + 1 + 7*(m.at[fieldNth]-1)
		if m.at[fieldAgo] < 0 {
			ahead = -(weekdayOf(today)-m.at[fieldWeekday]+6)%7 - 1 - 7*(m.at[fieldNth]-1)
		}
		return today.AddDate(0, 0, ahead), ""
	}
	if m.has(fieldMonths) {
		first := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, m.at[fieldMonths], 0)
		return nthOf(first.Year(), int(first.Month()), m.at[fieldWeekday], m.at[fieldNth])
	}
	if !m.has(fieldMonth) {
		return today, noOneDay
	}
	if year, ok := m.yearOf(today); ok {
		return nthOf(year, m.at[fieldMonth], m.at[fieldWeekday], m.at[fieldNth])
	}
	date, problem := nthOf(today.Year(), m.at[fieldMonth], m.at[fieldWeekday], m.at[fieldNth])
	if problem == "" && date.Before(today) {
		return nthOf(today.Year()+1, m.at[fieldMonth], m.at[fieldWeekday], m.at[fieldNth])
	}
	return date, problem
}

// holidayDay is the next such day, the one of the year that is named, or the last one.
// "Next" is asked where the holiday is near: on 1 December it may be either Christmas.
func (m *moment) holidayDay(today time.Time) (time.Time, string) {
	if year, ok := m.yearOf(today); ok {
		return holidayIn(m.holiday, year)
	}
	day, problem := holidayIn(m.holiday, today.Year())
	past := problem == "" && day.Before(today)
	switch {
	case m.has(fieldWhich) && m.at[fieldWhich] < 0 && !past:
		return holidayIn(m.holiday, today.Year()-1)
	case m.has(fieldWhich) && m.at[fieldWhich] < 0:
		return day, problem
	case past:
		return holidayIn(m.holiday, today.Year()+1)
	case m.has(fieldWhich) && m.at[fieldWhich] > 0 && day.Before(today.AddDate(0, soon, 0)):
		return day, twoDays // "next Christmas" in December may be the one after
	}
	return day, problem
}

// soon is for how many months before a holiday "next" may mean the one after it.
const soon = 4

// calendarDay reads digits with separators. The order of day and month is taken
// where the numbers, the points or a weekday leave only one.
func (m *moment) calendarDay(today time.Time) (time.Time, string) {
	separator := m.date[strings.IndexAny(m.date, "-/."):][:1]
	parts := strings.Split(m.date, separator)
	var n [3]int
	for i, p := range parts {
		n[i], _ = strconv.Atoi(strings.TrimSpace(p))
	}
	switch {
	case len(parts) == 2:
		first, problem := m.either(n[0], n[1], func(month, day int) (time.Time, string) {
			dated := *m
			dated.set(fieldMonth, month)
			dated.set(fieldDay, day)
			return dated.dayAndMonth(today)
		})
		return first, problem
	case len(parts[0]) == 4:
		return dayOf(n[0], n[1], n[2])
	}
	year := n[2]
	if len(parts[2]) == 2 {
		year = century(year, today.Year())
	}
	if _, problem := dayOf(century(n[0], today.Year()), n[1], n[2]); separator == "-" && len(parts[2]) == 2 && problem == "" && n[0] <= 12 && n[1] <= 12 && n[0] != n[1] {
		return today, "the order of year, month and day cannot be told, write YYYY-MM-DD" // "3-7-07"
	}
	if separator == "." || m.dayFirst {
		return dayOf(year, n[1], n[0])
	}
	return m.either(n[0], n[1], func(month, day int) (time.Time, string) { return dayOf(year, month, day) })
}

// either takes the order of two numbers that gives a date, where only one does.
func (m *moment) either(first, second int, date func(month, day int) (time.Time, string)) (time.Time, string) {
	a, problemA := date(first, second)
	b, problemB := date(second, first)
	if m.has(fieldWeekday) {
		if problemA == "" && weekdayOf(a) != m.at[fieldWeekday] {
			problemA = noSuchDate
		}
		if problemB == "" && weekdayOf(b) != m.at[fieldWeekday] {
			problemB = noSuchDate
		}
	}
	switch {
	case problemA == "" && problemB == "" && !a.Equal(b) && m.dayFirst:
		return b, ""
	case problemA == "" && problemB == "" && !a.Equal(b):
		return a, "the day and the month cannot be told apart, write YYYY-MM-DD"
	case problemA == "":
		return a, ""
	}
	return b, problemB
}
