package questioning

import (
	"fmt"
	"math"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// minMatching is how many earlier conversations must match for an answer to be
// assumed.
const minMatching = 20

// Prediction is the answer that earlier conversations make likely, given what
// the person said in this one.
type Prediction struct {
	Value       any
	Probability float64
	// Matching is how many earlier conversations it rests on: those that gave the
	// known answer which says most, or all when none says anything.
	Matching int
	// Agreeing is how many of them gave the predicted answer.
	Agreeing int
	// Record is the share of such predictions that were right before, by
	// Laplace's rule of succession.
	Record float64
	Words  string // why
}

// Predict returns the likeliest answer for a Boolean or Choice slot; false when
// nothing is known of it.
func (st *State) Predict(key string) (Prediction, bool) {
	i := st.Index(key)
	if i < 0 {
		return Prediction{}, false
	}
	return st.predict(i, st.beliefs())
}

// predict is Predict for the slot at a position.
func (st *State) predict(i int, b *beliefs) (Prediction, bool) {
	option, probability := b.likeliest(i)
	id := b.idOf(i, option)
	if id < 0 {
		return Prediction{}, false
	}
	p := Prediction{
		Value:       optionValue(st.Slots[i], option),
		Probability: probability,
		Record:      st.Statistics.Answers[id].reliability(),
	}
	also := st.match(i, id, b, &p)
	p.Words = fmt.Sprintf("%.0f %% likely: so said %d of %d earlier conversations%s.",
		math.Floor(100*p.Probability), p.Agreeing, p.Matching, also)
	return p, true
}

// match counts the earlier conversations that a prediction rests on and returns
// what they have in common with this one.
func (st *State) match(i, id int, b *beliefs, p *Prediction) string {
	counts := st.Statistics.Slots[st.Slots[i].Key].Values
	for _, n := range counts {
		p.Matching += n
	}
	p.Agreeing = counts[st.Statistics.Answers[id].Value]
	most, also := 0.0, ""
	for _, other := range b.given {
		if _, force := b.said(other, i); force > most {
			most, p.Matching = force, 0
			for _, option := range b.ids[i] {
				p.Matching += st.Statistics.together(other, option)
			}
			p.Agreeing = st.Statistics.together(other, id)
			also = " that had " + st.described(st.Statistics.Answers[other])
		}
	}
	return also
}

// described names an answer: travel class: "economy".
func (st *State) described(g Given) string {
	slot := st.Slots[st.Index(g.Slot)]
	value := plain.Quote(plain.Excerpt(g.Value, excerptRunes))
	if slot.Type == Boolean {
		value = Render(g.Value == "true", st.Language)
	}
	return fmt.Sprintf("%s: %s", lowerFirst(slot.Title), value)
}

// sure says whether a prediction is good enough to be assumed.
func (p Prediction) sure(confidence float64) bool {
	return p.Probability >= confidence && p.Record >= confidence && p.Matching >= minMatching
}

// assumePredicted assumes what would be asked for although its answer is near
// certain, and takes back such assumptions that what was said since makes
// doubtful. They follow each other: an assumption may make a slot apply.
func (st *State) assumePredicted() {
	for i, s := range st.SlotStates {
		if s.Predicted() {
			st.SlotStates[i] = SlotState{Status: StatusMissing, Passed: s.Passed, Reopened: s.Reopened}
		}
	}
	if st.Limits.Confidence <= 0 || len(st.Statistics.Answers) == 0 {
		return
	}
	b := st.beliefs()
	for range st.Slots {
		assumed := false
		for _, i := range st.candidates() {
			if st.purpose(i) != Ask {
				continue
			}
			if p, ok := st.predict(i, b); ok && p.sure(st.Limits.Confidence) {
				s := &st.SlotStates[i]
				s.Status, s.Value, s.Words, s.Source = StatusAssumed, p.Value, p.Words, messages.FromStatistics
				assumed = true
			}
		}
		if !assumed {
			return
		}
	}
}

// candidates are the slots that could be asked for now.
func (st *State) candidates() []int {
	all := make([]int, 0, len(st.Slots))
	for i := range st.Slots {
		if !st.settled(i) && !st.open(i) && st.applies(i) == now {
			all = append(all, i)
		}
	}
	return all
}
