package parse

import "time"

// The three types of moments, as values: a date, a time of day, and both in one instant.

// readDate reads the one date in the text, as YYYY-MM-DD. Of an instant as machines
// write it the date is taken as it stands, in the offset that it is written in.
func (t *text) readDate() (any, obstacle) {
	if at, ok := t.stamp(); ok {
		return at[:len(time.DateOnly)], obstacle{}
	}
	values, others := t.dateSpans()
	return t.settle(values, others, false)
}

// readTime reads the one time of day in the text, as HH:MM:SS. A bare "7" is 07:00:
// who means the evening says so, and who is asked for a time rarely does not.
func (t *text) readTime() (any, obstacle) {
	values, others := t.timeSpans()
	value, problem := t.settle(values, others, false)
	if value == nil && problem.reason == "" {
		problem.reason = "there is no time of day in this"
	}
	return value, problem
}

// readDateTime joins the one date and the one time of day in the text, as RFC 3339 in
// the zone that the text names, else in that of the context's Now. Each of the two has
// to stand by itself; the other's words are accounted for.
func (t *text) readDateTime() (any, obstacle) {
	if at, ok := t.stamp(); ok {
		return at, obstacle{}
	}
	if value, problem, ok := t.shiftedClock(); ok {
		return value, problem
	}
	// Of a bare number that could be either, the half that has a sure value already leaves it to
	// the other: the 8 of "Friday at 8" is the hour.
	days := strong(t.findDates(true))
	clocks := t.strongest(t.findClocks(true))
	if len(days) > 0 && days[0].weak && len(clocks) > 0 && !clocks[0].weak {
		days = without(days, clocks)
	}
	if len(clocks) > 0 && clocks[0].weak {
		clocks = without(clocks, days)
	}
	day, problem := t.settle(days, clocks, false)
	if problem.reason != "" || day == nil {
		if problem.reason == "" {
			problem.reason = noOneDay
		}
		return nil, problem
	}
	clock, problem := t.settle(clocks, days, false)
	if problem.reason != "" || clock == nil {
		if problem.reason == "" {
			problem.reason = "there is no time of day in this"
		}
		return nil, problem
	}
	zone, problem := t.zone()
	if problem.reason != "" {
		return nil, problem
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", day.(string)+" "+clock.(string), zone)
	if err != nil {
		return nil, obstacle{noSuchTime, ""}
	}
	return at.Format(time.RFC3339), obstacle{}
}

// shiftedClock reads "now" and "in two hours", which are a date and a time at once.
func (t *text) shiftedClock() (any, obstacle, bool) {
	var values []span
	for _, w := range t.scan(t.lang.times) {
		switch {
		case w.has(fieldNow):
			w.value = t.now.Format(time.RFC3339)
		case w.clockAmounts():
			then, problem := w.shiftFrom(t.now)
			w.value, w.doubt = then.Format(time.RFC3339), problem
		default:
			return nil, obstacle{}, false
		}
		values = append(values, w.span)
	}
	if len(values) == 0 {
		return nil, obstacle{}, false
	}
	value, problem := t.settle(values, nil, false)
	return value, problem, true
}

// stampForms are the layouts of stamp: RFC 3339 and its neighbours with a space for the
// T, without seconds, or without the colon of the offset.
var stampForms = []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02T15:04:05Z0700"}

// stamp reads a text that is one instant as machines write it, to the second.
func (t *text) stamp() (string, bool) {
	for _, form := range stampForms {
		if at, err := time.Parse(form, t.source); err == nil && at.Year() > 0 {
			return at.Truncate(time.Second).Format(time.RFC3339), true
		}
	}
	return "", false
}
