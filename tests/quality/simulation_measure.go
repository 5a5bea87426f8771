package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// The ways of asking that are compared.
const (
	learnt        = iota // the engine with statistics, one question at a time
	learntBatch          // the same, in batches as the service puts them
	fresh                // the engine without statistics
	inRequired           // in the order of declaration, required ones first
	inDeclaration        // in the order of declaration
	inRandom             // in random order
	ways
)

// defaultBatch is the service's default, DEFAULT_BATCH_SIZE. A batch saves turns and
// costs questions: the engine cannot choose the second by the answer to the first.
const defaultBatch = 3

// simulation has the sizes of a simulation.
type simulation struct {
	seed      uint64
	earlier   int // conversations that the statistics of each schema hold
	people    int // asked, for each schema
	perFamily int // generated schemas
}

// measured has the results of one schema's people.
// Figures of one way belong to the same people in the same order as those of any other.
type measured struct {
	schema
	toTarget [ways][]float64 // by person
	asked    [ways]float64   // mean
	assumed  int             // with statistics, one at a time
	wrong    int
	byTopic  float64 // share of the wanted weight that canned questions settle
	atBest   float64
}

// mean is the mean number of questions until the target.
func (m measured) mean(way int) float64 { return mean(m.toTarget[way]) }

// limits are the service's own, but for the batch. MinBits is the service's as well: an
// optional question that says less is not asked.
func limits(batch int) questioning.Limits {
	return questioning.Limits{BatchSize: batch, MinBits: 0.1, Confidence: questioning.DefaultConfidence}
}

// learn returns the statistics that a schema's earlier conversations leave when the
// engine itself held them, one after the other, assuming as it does. Each person speaks
// once, and goes by what rests on several. Statistics of people who were asked
// everything would be better than a service ever has.
// Its people are others than those who are measured.
func learn(seed chance, f schema, conversations int) questioning.Statistics {
	var s questioning.Statistics
	for n := range conversations {
		p := newPerson(seed, f, fmt.Sprintf("earlier %d", n))
		shown := questioning.Pool(questioning.Statistics{}, s)
		r := play(f, p, newState(f, shown, defaultBatch), byEngine)
		s = s.With(s.Contribution(f.slots, r.slotStates))
	}
	return questioning.Pool(questioning.Statistics{}, s)
}

// newState returns a conversation before its first question.
func newState(f schema, s questioning.Statistics, batch int) *questioning.State {
	state := questioning.New(f.goal, f.slots, limits(batch))
	state.Statistics = s
	return state
}

// measureSchema asks the same people in each way. The canned questions have no
// conversation: what they settle follows from the facts.
// A person is drawn once and asked six times; what one way learns the next does not see.
func measureSchema(seed chance, plan simulation, f schema) measured {
	m := measured{schema: f}
	earlier := learn(seed, f, plan.earlier)
	none := questioning.Statistics{}
	for n := range plan.people {
		p := newPerson(seed, f, fmt.Sprintf("measured %d", n))
		all := [ways]played{
			learnt:        play(f, p, newState(f, earlier, 1), byEngine),
			learntBatch:   play(f, p, newState(f, earlier, defaultBatch), byEngine),
			fresh:         play(f, p, newState(f, none, 1), byEngine),
			inRequired:    play(f, p, newState(f, none, 1), inOrderOf(requiredFirst(f))),
			inDeclaration: play(f, p, newState(f, none, 1), inOrderOf(declared(f))),
			inRandom:      play(f, p, newState(f, none, 1), inOrderOf(shuffled(f, p))),
		}
		for way, r := range all {
			m.toTarget[way] = append(m.toTarget[way], r.toTarget)
			m.asked[way] += float64(r.asked) / float64(plan.people)
		}
		m.assumed += all[learnt].assumed
		m.wrong += all[learnt].wrong
		byTopic, atBest := canned(f, p)
		m.byTopic += byTopic / float64(plan.people)
		m.atBest += atBest / float64(plan.people)
	}
	return m
}

// measureSchemas measures every schema, several at once; the order is the schemas'.
// After ctx ends, no further schema is begun, and the results are incomplete. As
// everything hangs on names and the seed, it does not matter which of them is first
// done.
func measureSchemas(ctx context.Context, seed chance, plan simulation, schemas []schema, done func(schema)) ([]measured, error) {
	all := make([]measured, len(schemas))
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for i, f := range schemas {
		free <- struct{}{}
		group.Go(func() {
			defer func() { <-free }()
			if ctx.Err() == nil {
				all[i] = measureSchema(seed, plan, f)
				done(f)
			}
		})
	}
	group.Wait()
	return all, ctx.Err()
}

// mean of no values is not a number. There is at least one person.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// saving is by which share one way takes fewer questions than another over some
// schemas, each schema with the same weight, with a 95 % interval from people drawn
// again with replacement, the same ones for both ways. Pairing matters: some people
// need more questions in any way, which the difference does not contain.
// Schemas are not drawn again: the interval is for these schemas and other people.
func saving(seed chance, schemas []measured, way, than int) (point, low, high float64) {
	share := func(mean func(m measured, way int) float64) float64 {
		ours, theirs := 0.0, 0.0
		for _, m := range schemas {
			ours += mean(m, way)
			theirs += mean(m, than)
		}
		return 1 - ours/theirs
	}
	point = share(measured.mean)
	const draws = 1000
	drawn := make([]float64, draws)
	random := seed.of("bootstrap", fmt.Sprint(way, than)).generator()
	for d := range drawn {
		ours, theirs := 0.0, 0.0
		for _, m := range schemas {
			n := len(m.toTarget[way])
			for range n {
				person := random.IntN(n)
				ours += m.toTarget[way][person] / float64(n)
				theirs += m.toTarget[than][person] / float64(n)
			}
		}
		drawn[d] = 1 - ours/theirs
	}
	slices.Sort(drawn)
	return point, drawn[int(math.Round(0.025*draws))], drawn[int(math.Round(0.975*draws))-1]
}
