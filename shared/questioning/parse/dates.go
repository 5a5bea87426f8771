package parse

import (
	"slices"
	"time"
)

// when is a date, a time of day or both, found in the text.
type when struct {
	span
	moment
}

// dates finds the dates in the text; bare ones, such as "the 8th", only for a
// slot that wants a date.
func (t *text) dates(bare bool) []span {
	var spans []span
	for _, w := range t.scan(t.lang.dates) {
		if w.weak && !bare {
			continue
		}
		day, problem := w.dateOf(t.now)
		w.value, w.doubt = day.Format(time.DateOnly), problem
		if w.amounts != nil && t.ends(w.from, "span") {
			w.doubt = "this is a span of time" // "for 3 days from today"
		}
		if w.next-w.from == 1 && t.starts(w.from, month) && t.starts(w.from, weekday) {
			w.doubt = twoDays // "mar" is a Tuesday and a March
		}
		spans = append(spans, w.span)
	}
	return spans
}

// clocks finds the times of day; bare numbers only for a slot that wants one.
func (t *text) clocks(bare bool) []span {
	found := t.scan(t.lang.times)
	if len(found) == 1 && !found[0].has(fieldPart) && found[0].has(fieldHour) {
		t.partElsewhere(&found[0])
	}
	var spans []span
	for _, w := range found {
		counts := w.weak && slices.ContainsFunc([]class{persons, person, attendance, measure, currency, thing}, func(c class) bool { return t.starts(w.next, c) })
		counts = counts || w.weak && (t.ends(w.from, "groups") || t.ends(w.from, thing)) // "table for 8", "table 8"
		if w.weak && !bare || counts || !w.hasClock() || w.weak && t.ends(w.from, "in") {
			continue
		}
		at, problem := w.clockOf(t.now)
		w.value, w.doubt = time.Time{}.Add(at).Format(time.TimeOnly), problem
		spans = append(spans, w.span)
	}
	return spans
}

// partElsewhere gives the only time its part of the day from beyond the date:
// "9 tomorrow evening".
func (t *text) partElsewhere(w *when) {
	parts, at := 0, span{}
	var m moment
	for i := 0; i < len(t.tokens); i++ {
		if i >= w.from && i < w.next {
			continue
		}
		read := moment{}
		if next, ok := readPart(t, i, &read); ok && read.at[fieldPart] != int(am) && read.at[fieldPart] != int(pm) {
			m, parts, at = read, parts+1, span{from: i, next: next}
			i = next - 1
		}
	}
	if parts == 1 {
		t.part = at
		w.set(fieldPart, m.at[fieldPart])
		w.weak = w.weak && w.has(fieldWeak) && !t.ends(w.from, "at") && w.next-w.from == 0
	}
}

// scan matches patterns from left to right.
func (t *text) scan(patterns *patternNode) []when {
	if kept, ok := t.scans[patterns]; ok {
		return slices.Clone(kept)
	}
	var found []when
	for i := 0; i < len(t.tokens); {
		m, next, ok := t.match(patterns, i, moment{})
		if !ok || next == i || t.tokens[i].shape == numeral && t.partOfWord(i) {
			i++
			continue
		}
		if m.has(fieldNow) && !t.fillsText(i, next) {
			i = next
			continue // "Now, I need a table"
		}
		weak := m.has(fieldWeak) || m.has(fieldDay) && !m.has(fieldMonth) && !m.has(fieldMonths)
		found = append(found, when{span{from: i, next: next, weak: weak}, m})
		i = next
	}
	if t.scans != nil {
		t.scans[patterns] = slices.Clone(found)
	}
	return found
}

// fillsText reports that nothing but fillers and signs stands beside the tokens.
func (t *text) fillsText(from, next int) bool {
	for i := range t.tokens {
		if (i < from || i >= next) && t.tokens[i].shape != sign && !t.starts(i, filler) && !t.starts(i, outro) && !t.starts(i, article) {
			return false
		}
	}
	return true
}

// strongest leaves the times that are more than a bare number, or that "at"
// stands before, if there are any.
func (t *text) strongest(spans []span) []span {
	spans = strong(spans)
	var kept []span
	for _, s := range spans {
		if s.weak && t.ends(s.from, "at") {
			kept = append(kept, s)
		}
	}
	if len(kept) > 0 {
		return kept
	}
	return spans
}

// strong leaves the spans that are more than a bare number, if there are any.
func strong(spans []span) []span {
	var kept []span
	for _, s := range spans {
		if !s.weak {
			kept = append(kept, s)
		}
	}
	if len(kept) > 0 {
		return kept
	}
	return spans
}

// without drops the spans that meet one of the others.
func without(spans, others []span) []span {
	var kept []span
	for _, s := range spans {
		if !meets(s, others) {
			kept = append(kept, s)
		}
	}
	return kept
}

func meets(s span, others []span) bool {
	for _, other := range others {
		if s.from < other.next && other.from < s.next {
			return true
		}
	}
	return false
}

func (t *text) readDate() (any, obstacle) {
	if at, ok := t.stamp(); ok {
		return at[:len(time.DateOnly)], obstacle{}
	}
	values, others := t.dateSpans()
	return t.settle(values, others, false)
}

func (t *text) dateSpans() (values, others []span) {
	all := t.dates(true)
	values = strong(all)
	others = without(strong(t.clocks(false)), all)
	return values, append(others, without(all, values)...) // the "19th" of "19th to 21st August"
}

func (t *text) readTime() (any, obstacle) {
	values, others := t.timeSpans()
	value, problem := t.settle(values, others, false)
	if value == nil && problem.reason == "" {
		problem.reason = "there is no time of day in this"
	}
	return value, problem
}

func (t *text) timeSpans() (values, others []span) {
	dates := t.dates(true)
	values = t.strongest(t.clocks(true))
	if len(values) > 0 && values[0].weak {
		values = without(values, strong(dates))
	}
	return values, without(dates, values)
}

// readDateTime joins the one date and the one time of day in the text.
func (t *text) readDateTime() (any, obstacle) {
	if at, ok := t.stamp(); ok {
		return at, obstacle{}
	}
	if value, problem, ok := t.shiftedClock(); ok {
		return value, problem
	}
	days := strong(t.dates(true))
	clocks := t.strongest(t.clocks(true))
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
			then, problem := w.shift(t.now)
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

// zones are names of time zones: the universal ones, and those that stand for
// several zones or for one only part of the year.
var zones = map[string]bool{"utc": true, "gmt": true, "z": true, "zulu": true, "est": false, "edt": false, "cst": false, "cdt": false,
	"mst": false, "mdt": false, "pst": false, "pdt": false, "cet": false, "cest": false, "bst": false, "ist": false, "jst": false,
	"aest": false, "aedt": false, "eet": false, "eest": false, "msk": false, "et": false, "ct": false, "mt": false, "pt": false}

// zoneAt reports a time zone behind a time of day.
func (t *text) zoneAt(i int) (universal, ok bool) {
	universal, ok = zones[t.tokens[i].text]
	return universal, ok && i > 0 && (t.tokens[i-1].shape == clock || t.tokens[i-1].shape == numeral || t.ends(i, part) || t.ends(i, filler))
}

// zone is the time zone that the text names: that of the person, or UTC.
func (t *text) zone() (*time.Location, obstacle) {
	zone := t.now.Location()
	for i := range t.tokens {
		universal, ok := t.zoneAt(i)
		switch {
		case ok && (!universal || t.is(i+1, "+") || t.is(i+1, "-")):
			return nil, obstacle{"the time zone is not clear, write its offset", t.words(i, i+1)}
		case ok:
			zone = time.UTC
		}
	}
	return zone, obstacle{}
}

var stampForms = []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02T15:04:05Z0700"}

// stamp reads a text that is one instant as machines write it.
func (t *text) stamp() (string, bool) {
	for _, form := range stampForms {
		if at, err := time.Parse(form, t.source); err == nil && at.Year() > 0 {
			return at.Truncate(time.Second).Format(time.RFC3339), true
		}
	}
	return "", false
}
