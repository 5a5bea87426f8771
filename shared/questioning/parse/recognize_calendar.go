package parse

import (
	"strconv"
	"strings"
	"time"
)

// The calendar: arithmetic on days, and the rules of holidays. A holiday of the language files
// is a rule and no list of dates: a fixed day, a weekday of a month, or days from Easter.
// Feasts that are counted by the moon of a place or begin on an evening, such as Eid, Diwali or
// Passover, have no rule here: their one day depends on who says it, so they are asked.

// clockTime is a time of day as the time since midnight. Its parts may be out of range.
func clockTime(hour, minute, second int) time.Duration {
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
}

// weekdayOf counts from 1 for Monday.
func weekdayOf(day time.Time) int { return (int(day.Weekday())+6)%7 + 1 }

// addMonths moves by n months, which may be negative; in a month that lacks the day, to
// its last: a month after 31 January is 28 February.
func addMonths(from time.Time, n int) time.Time {
	day := from.AddDate(0, n, 0)
	if day.Day() != from.Day() {
		day = day.AddDate(0, 0, -day.Day())
	}
	return day
}

// dayOf is the date with these parts, if there is one; day -1 is the last of
// the month.
func dayOf(year, month, day int) (time.Time, string) {
	if day == -1 {
		return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC), ""
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if int(date.Month()) != month || date.Day() != day {
		return date, noSuchDate
	}
	return date, ""
}

// nthOf is the nth weekday of a month, the last for -1. A month may lack a fifth.
func nthOf(year, month, weekday, n int) (time.Time, string) {
	if n == -1 {
		last := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC)
		return last.AddDate(0, 0, -(weekdayOf(last)-weekday+7)%7), ""
	}
	first := time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
	date := first.AddDate(0, 0, (weekday-weekdayOf(first)+7)%7+7*(n-1))
	if int(date.Month()) != month {
		return date, noSuchDate
	}
	return date, ""
}

// holidayIn computes "12-25", "easter+39", "11 thu 4", the fourth Thursday of
// November, "11 thu 4+1", the day after it, and "sun 4 before 12-25".
func holidayIn(rule string, year int) (time.Time, string) {
	if before, end, ok := strings.Cut(rule, " before "); ok {
		last, problem := holidayIn(end, year)
		name, count, _ := strings.Cut(before, " ")
		weeks, _ := strconv.Atoi(count)
		back := (weekdayOf(last) - weekdayNamed(name) + 6) % 7
		return last.AddDate(0, 0, -back-1-7*(weeks-1)), problem
	}
	rule, shift, _ := strings.Cut(rule, "+")
	days, _ := strconv.Atoi(shift)
	for feast, sunday := range map[string]func(int) time.Time{"easter": easter, "orthodox": orthodox} {
		if back, ok := strings.CutPrefix(rule, feast+"-"); ok {
			days, _ := strconv.Atoi(back)
			return sunday(year).AddDate(0, 0, -days), ""
		}
		if rule == feast {
			return sunday(year).AddDate(0, 0, days), ""
		}
	}
	if month, day, ok := strings.Cut(rule, "-"); ok {
		m, _ := strconv.Atoi(month)
		d, _ := strconv.Atoi(day)
		return dayOf(year, m, d)
	}
	parts := strings.Fields(rule)
	month, _ := strconv.Atoi(parts[0])
	n, _ := strconv.Atoi(parts[2])
	day, problem := nthOf(year, month, weekdayNamed(parts[1]), n)
	return day.AddDate(0, 0, days), problem
}

// weekdayNamed counts from 1 for "mon"; the name is one of a holiday's rule.
func weekdayNamed(name string) int { return strings.Index("montuewedthufrisatsun", name)/3 + 1 }

// easter is Easter Sunday by the Gregorian computus of Meeus, Jones and Butcher.
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	return time.Date(year, time.Month((h+l-7*m+114)/31), (h+l-7*m+114)%31+1, 0, 0, 0, 0, time.UTC)
}

// orthodox is Easter Sunday by the Julian computus of Meeus, in the Gregorian
// calendar as it is from 1900 to 2099.
func orthodox(year int) time.Time {
	d := (19*(year%19) + 15) % 30
	e := (2*(year%4) + 4*(year%7) - d + 34) % 7
	return time.Date(year, time.Month((d+e+114)/31), (d+e+114)%31+1+13, 0, 0, 0, 0, time.UTC)
}

// yearsAhead is how far in the future a year of two digits can be.
const yearsAhead = 30

// century is the year that two digits stand for, seen from the year now: at most
// yearsAhead in the future, else in the past.
func century(year, now int) int {
	if year += 2000; year > now+yearsAhead {
		year -= 100
	}
	return year
}

const (
	noSuchTime = "there is no such time"
	noSuchDate = "there is no such date"
	noOneDay   = "there is no one day in this"
	twoDays    = "this could mean another day"
	twoTimes   = "this could mean another time"
)
