package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// aimGrowth is the maximum ratio of a call's cost with a long history to its cost without
// one.
// A quarter is more than noise and less than what a missing index or a full scan costs.
const aimGrowth = 1.25

// growthCalls is the number of calls on each conversation.
// Twelve calls are as many as the twenty slots allow, with a margin.
const growthCalls = 12

// kind is a set of conversations with a history of one length. followUp and report are
// the addresses of functions on its database.
type kind struct {
	label            string
	earlier          int // turns
	followUp, report string
	ids              []string
}

// measureGrowth makes the same calls on conversations with longer and longer
// histories, and in a store with many others. The order of the kinds changes with
// each call, so that what slows the machine down slows all of them.
//
// What grows with the history shows as a ratio above 1 from one kind to the next. The first
// conversation of each kind is not counted: it fills caches.
func measureGrowth(ctx context.Context, b *bench) error {
	kinds, err := b.kinds(ctx)
	if err != nil {
		return err
	}
	again, err := json.Marshal(b.tape.turns[0].value)
	if err != nil {
		return err
	}
	c := newClient()
	calls := []struct {
		label string
		call  func(k kind, id string, n int) (time.Duration, error)
	}{
		{followUpTool + ", an answer", func(k kind, id string, n int) (time.Duration, error) {
			want := fmt.Sprintf(`"revision":%d,%s`, k.earlier+2+n, recordedOne)
			return c.call(ctx, k.followUp, followUpTool, b.tape.argumentsFor(b.tape.turns[n+1], id), want)
		}},
		{followUpTool + ", an answer known before", func(k kind, id string, _ int) (time.Duration, error) {
			arguments := fmt.Sprintf(`{"conversation_id":%q,"answers":[{"slot":%q,"value":%s}]}`, id, b.tape.turns[0].slot, again)
			return c.call(ctx, k.followUp, followUpTool, []byte(arguments), `"answers_repeated":1`)
		}},
		{reportTool, func(k kind, id string, _ int) (time.Duration, error) {
			return c.call(ctx, k.report, reportTool, naming(id), `"questions_asked":`)
		}},
	}
	took := make([][]times, len(calls))
	for i := range took {
		took[i] = make([]times, len(kinds))
	}
	for conversation := range b.growth {
		if err := b.noise.sample(ctx); err != nil {
			return err
		}
		for n := range growthCalls {
			for i, one := range calls {
				for turn := range kinds {
					k := (turn + n) % len(kinds) // vary the order of kinds
					kind := kinds[k]
					d, err := one.call(kind, kind.ids[conversation], n)
					if err != nil {
						return fmt.Errorf("%s, %s: %w", one.label, kind.label, err)
					}
					if conversation > 0 { // the first is warm-up
						took[i][k] = append(took[i][k], d)
					}
				}
			}
		}
	}
	s := b.table.section("A call with much behind it, direct, one at a time, p50", "p50", "the first")
	for i, one := range calls {
		base := took[i][0].at(.5)
		s.add(row{label: one.label + ", " + kinds[0].label, value: ms(base)})
		for k, kind := range kinds[1:] {
			p50 := took[i][k+1].at(.5)
			s.add(row{label: "  " + kind.label, value: ms(p50), beside: ms(base),
				compared: fmt.Sprintf("× %.2f", ratio(p50, base)), aim: atMost(ratio(p50, base), aimGrowth, "")})
		}
	}
	return nil
}

// kinds fills the stores. Each kind has as many conversations as are measured, so
// that all are measured alike.
// The large store is a database of its own, with its own functions: the tables of the others
// stay as small as they are.
func (b *bench) kinds(ctx context.Context) ([]kind, error) {
	began := time.Now()
	large, err := b.db.second(ctx, "large")
	if err != nil {
		return nil, err
	}
	others, err := newStock(ctx, large, b.tape)
	if err != nil {
		return nil, err
	}
	defer others.close()
	model, err := others.open(ctx, 1, slots)
	if err != nil {
		return nil, err
	}
	if err := b.db.crowd(ctx, large, model[0], b.answers); err != nil {
		return nil, err
	}
	kinds := []kind{
		{label: "1 earlier turn", earlier: 1, followUp: b.followUp.URL(), report: b.report.URL()},
		{label: "100 earlier turns", earlier: 100, followUp: b.followUp.URL(), report: b.report.URL()},
		{label: "10,000 earlier turns", earlier: 10_000, followUp: b.followUp.URL(), report: b.report.URL()},
		{label: fmt.Sprintf("1 earlier turn in a store of %s answers", thousands(b.answers)), earlier: 1},
	}
	last := &kinds[len(kinds)-1]
	for name, url := range map[string]*string{"follow-up": &last.followUp, "report": &last.report} {
		proc, err := b.procs.start(ctx, name, b.functionEnv(large)...)
		if err != nil {
			return nil, err
		}
		*url = proc.URL()
	}
	for i := range kinds {
		from := b.stock
		if &kinds[i] == last {
			from = others
		}
		if kinds[i].ids, err = from.open(ctx, b.growth, 1); err != nil {
			return nil, err
		}
		if err := b.db.lengthen(ctx, b.db.url, kinds[i].ids, kinds[i].earlier); err != nil {
			return nil, err
		}
	}
	for _, url := range []string{b.db.url, large} {
		if err := b.db.orphans(ctx, url); err != nil {
			return nil, err
		}
		if err := b.db.settle(ctx, url); err != nil {
			return nil, err
		}
	}
	progress("filled the stores in %.0f s", time.Since(began).Seconds())
	return kinds, nil
}

// thousands writes a number with separators.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
