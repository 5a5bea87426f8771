package main

import (
	"bufio"
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"
)

// compareText orders by bytes.
func compareText(a, b string) int { return cmp.Compare(a, b) }

// disputedLines are lines of the data where a careful person would read
// something else than the data say: the identifier of the line and the reason.
//
//go:embed reading_disputed.txt
var disputedLines string

// withoutDisputed leaves out the disputed lines, and says how many values that
// were.
func withoutDisputed(all []judged) (kept []judged, left int, err error) {
	disputed := map[string]bool{}
	lines := bufio.NewScanner(strings.NewReader(disputedLines))
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		id, reason, _ := strings.Cut(text, " ")
		if strings.TrimSpace(reason) == "" {
			return nil, 0, fmt.Errorf("reading_disputed.txt: line %s gives no reason", id)
		}
		disputed[id] = true
	}
	kept = slices.DeleteFunc(slices.Clone(all), func(j judged) bool { return j.Disputed || disputed[j.Line] })
	return kept, len(all) - len(kept), nil
}

// readingTables are the figures by set, type and language.
func readingTables(all []judged, left int, took time.Duration) []table {
	question := table{
		title: "Reading answers",
		about: "Replies of real people, and values in words from public test specifications, parsed as in the service. " +
			"Asked again: nothing is stored, because the parser could not account for every word or found no slot for the value. " +
			"Silently wrong: a value is stored that the person did not say.",
		columns: []string{"set", "type", "language", "n", "right", "asked again", "silently wrong"},
	}
	question.count(all, askedSection)
	question.note("Dialogues: Schema-Guided Dialogue (CC BY-SA 4.0) and RESTAURANTS-8K (CC BY 4.0); values: Recognizers-Text (MIT) and Duckling (BSD).")
	question.note("A hash of its bytes puts each line into half a or b (--half). Settings were chosen by the errors in half a and by the silently wrong readings of both, and confirmed on half b.")
	if left > 0 {
		question.note("Left out: %d values. French dates without a year that lie more than a year from the day given for today, which is lost; "+
			"times that the data move to another time zone; dates that the question proposes and the reply confirms, where the data mark none; "+
			"and the wrong values listed in reading_disputed.txt.", left)
	}
	question.note("A value takes %s of processor time on average, with all that is read of its reply.", (took / time.Duration(len(all))).Round(time.Microsecond))
	none := table{
		title:   "Words without a single value",
		about:   "Ranges, bounds and periods. Right is to ask again; silently wrong is to store one value.",
		columns: []string{"set", "type", "language", "n", "right", "silently wrong"},
	}
	none.count(all, noValueSection)
	unasked := table{
		title: "Unasked values",
		about: "Typed values in a goal, or in a reply to another question, that the server offers as assumptions to confirm. " +
			"Wrong among offered: a different value, or a value for a slot that the dataset does not annotate.",
		columns: []string{"set", "type", "unasked", "offered right", "offered", "wrong among offered", "of these not annotated"},
	}
	unasked.countUnasked(all)
	return []table{question, none, unasked}
}

// share is a percentage with its count; a dash if there is nothing to divide by.
func share(part, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %% (%d)", 100*float64(part)/float64(of), part)
}

// count adds a row for each set, type and language, and one for each set and
// language that has several types.
// English comes first, then the other languages by code.
func (t *table) count(all []judged, section string) {
	type group struct{ set, kind, lang string }
	counts := map[group]map[verdict]int{}
	kinds := map[group]map[string]bool{}
	add := func(g group, v verdict) {
		if counts[g] == nil {
			counts[g] = map[verdict]int{}
		}
		counts[g][v]++
	}
	for _, j := range all {
		if j.Section != section {
			continue
		}
		whole := group{j.Set, "", j.Lang}
		add(group{j.Set, j.Type, j.Lang}, j.Verdict)
		add(whole, j.Verdict)
		if kinds[whole] == nil {
			kinds[whole] = map[string]bool{}
		}
		kinds[whole][j.Type] = true
	}
	var groups []group
	for g := range counts {
		if g.kind != "" || len(kinds[g]) > 1 {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.set, b.set), compareLanguages(a.lang, b.lang), cmp.Compare(a.kind, b.kind))
	})
	for _, g := range groups {
		n := counts[g][right] + counts[g][asked] + counts[g][silent]
		row := []string{g.set, cmp.Or(g.kind, "all"), g.lang, fmt.Sprint(n), share(counts[g][right], n)}
		if section == askedSection {
			row = append(row, share(counts[g][asked], n))
		}
		t.add(append(row, share(counts[g][silent], n))...)
	}
}

// compareLanguages puts English first.
func compareLanguages(a, b string) int {
	first := func(lang string) int {
		if lang == "en" {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(a, b))
}

// countUnasked adds a row for each set and type, and totals for each set and for
// its source.
func (t *table) countUnasked(all []judged) {
	type group struct{ set, kind string }
	type tally struct{ unasked, offered, right, unannotated int }
	counts := map[group]*tally{}
	for _, j := range all {
		if j.Section != unaskedSection {
			continue
		}
		groups := []group{{j.Set, j.Type}, {j.Set, ""}}
		if source, _, several := strings.Cut(j.Set, ","); several {
			groups = append(groups, group{source, ""})
		}
		for _, g := range groups {
			c := counts[g]
			if c == nil {
				c = &tally{}
				counts[g] = c
			}
			if !j.Unannotated {
				c.unasked++
			}
			if j.Offered {
				c.offered++
			}
			switch {
			case j.Verdict == right:
				c.right++
			case j.Unannotated:
				c.unannotated++
			}
		}
	}
	groups := make([]group, 0, len(counts))
	for g := range counts {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b group) int { return cmp.Or(cmp.Compare(a.set, b.set), cmp.Compare(a.kind, b.kind)) })
	for _, g := range groups {
		c := counts[g]
		t.add(g.set, cmp.Or(g.kind, "all"), fmt.Sprint(c.unasked), share(c.right, c.unasked), fmt.Sprint(c.offered),
			share(c.offered-c.right, c.offered), fmt.Sprint(c.unannotated))
	}
}
