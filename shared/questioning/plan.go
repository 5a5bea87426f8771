package questioning

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// Reason is why an interview stopped.
type Reason string

// The reasons to stop.
const (
	AllSettled      Reason = "all_settled"      // nothing wanted is left to ask for
	RequiredSettled Reason = "required_settled" // everything required is settled
	LittleLeft      Reason = "little_left"      // what is left is worth less than asking
	LimitReached    Reason = "limit_reached"    // the caller's limit on questions
)

// Stop says that asking is over and why.
type Stop struct {
	Reason Reason
	Text   string
}

// Batch is what to put to the person next.
type Batch struct {
	// Questions are those still waiting, then the new ones, in number order.
	Questions []Question
	// New is how many of the questions, at the end, were not asked before.
	New int
	// Stop is set when asking is over; there are then no questions.
	Stop *Stop
	// Estimated is how many questions the interview will have taken at its end.
	Estimated int
	// More says that a further batch is expected after this one.
	More bool
}

// Next decides the next batch and counts its new questions as asked. It
// returns at most Limits.BatchSize questions and never asks for what is
// settled.
func (iv *Interview) Next() Batch {
	iv.assumePredicted()
	beliefs := iv.beliefs()
	scores := iv.scores(beliefs)
	if stop := iv.stop(scores); stop != nil {
		iv.Open = nil
		return Batch{Stop: stop, Estimated: iv.Asked}
	}
	picked := iv.pick(scores)
	for _, i := range picked {
		iv.Asked++
		iv.Open = append(slices.Clone(iv.Open), iv.question(i, iv.Asked, beliefs))
	}
	for _, q := range iv.Open {
		s := &iv.Standings[iv.Index(q.Slot)]
		s.Clarified = s.Clarified || q.Purpose == Clarify
		s.Confirmed = s.Confirmed || q.Purpose == Confirm
	}
	batch := Batch{
		Questions: slices.Clone(iv.Open[:min(len(iv.Open), iv.Limits.BatchSize)]),
		New:       len(picked),
		Estimated: iv.estimate(scores, beliefs),
	}
	batch.More = batch.Estimated > iv.Asked || len(iv.Open) > len(batch.Questions)
	return batch
}

// stop returns why asking is over, or nil.
func (iv *Interview) stop(scores []score) *Stop {
	say := iv.printer()
	if reason, settled := iv.wantedSettled(); settled {
		text := messages.AllSettled
		if reason == RequiredSettled {
			text = messages.RequiredSettled
		}
		return &Stop{reason, say.Text(text)}
	}
	if len(iv.Open) > 0 {
		return nil
	}
	if iv.left() == 0 {
		return &Stop{LimitReached, say.Text(messages.LimitReached, strconv.Itoa(iv.Limits.MaxQuestions))}
	}
	candidates := iv.candidates()
	if len(candidates) == 0 {
		return &Stop{AllSettled, say.Text(messages.AllAsked)}
	}
	best := math.Inf(-1)
	for _, i := range candidates {
		if iv.worth(i, scores) {
			return nil
		}
		best = max(best, scores[i].bits)
	}
	return &Stop{LittleLeft, say.Text(messages.LittleLeft, tenths(max(0, best)), tenths(iv.Limits.MinBits))}
}

func tenths(bits float64) string { return strconv.FormatFloat(bits, 'f', 1, 64) }

// worth says whether slot i is asked for at all: what is required or was
// misunderstood always, anything else when it gains enough.
func (iv *Interview) worth(i int, scores []score) bool {
	return iv.Slots[i].Required || iv.purpose(i) != Ask || scores[i].bits >= iv.Limits.MinBits
}

// wantedSettled says whether every required slot is settled, or every slot
// when none is required. A contradiction not yet put to the person holds open.
func (iv *Interview) wantedSettled() (Reason, bool) {
	required, optionalOpen := false, false
	for i, slot := range iv.Slots {
		required = required || slot.Required
		if iv.settled(i) || iv.applies(i) == never {
			continue
		}
		if slot.Required || iv.Standings[i].State == StateContradicted {
			return "", false
		}
		optionalOpen = true
	}
	switch {
	case !optionalOpen:
		return AllSettled, true
	case required:
		return RequiredSettled, true
	}
	return "", false
}

// left is how many more questions the caller's limit allows.
func (iv *Interview) left() int {
	if iv.Limits.MaxQuestions == 0 {
		return math.MaxInt
	}
	return max(0, iv.Limits.MaxQuestions-iv.Asked)
}

// candidates are the slots that could be asked for now.
func (iv *Interview) candidates() []int {
	var all []int
	for i := range iv.Slots {
		if !iv.settled(i) && !iv.open(i) && iv.applies(i) == now {
			all = append(all, i)
		}
	}
	return all
}

// pick returns the best candidates that fit in the batch, best first. Ties go
// to the slot that comes first.
func (iv *Interview) pick(scores []score) []int {
	candidates := slices.DeleteFunc(iv.candidates(), func(i int) bool { return !iv.worth(i, scores) })
	slices.SortStableFunc(candidates, func(a, b int) int {
		return cmp.Or(
			cmp.Compare(urgency(iv.purpose(a)), urgency(iv.purpose(b))),
			cmp.Compare(scores[b].order, scores[a].order),
		)
	})
	room := min(iv.Limits.BatchSize-len(iv.Open), iv.left(), len(candidates))
	return candidates[:max(0, room)]
}

// urgency orders the purposes: what was misunderstood is cleared up first,
// while the person still has it in mind.
func urgency(p Purpose) int {
	if p == Ask {
		return 1
	}
	return 0
}

func (iv *Interview) purpose(i int) Purpose {
	switch iv.Standings[i].State {
	case StateUnclear:
		return Clarify
	case StateContradicted:
		return Confirm
	default:
		return Ask
	}
}

// estimate plays the interview to its end, every question answered, and
// returns the number of the last question. A slot that hangs on one not yet
// known counts with the likelihood that it will apply.
func (iv *Interview) estimate(scores []score, b *beliefs) int {
	sim := *iv
	sim.Standings = slices.Clone(iv.Standings)
	sim.Open = nil
	settle := func(i int) { sim.Standings[i].State = StateNotApplicable }
	for _, q := range iv.Open {
		settle(iv.Index(q.Slot))
	}
	expected := 0.0
	for range iv.Slots {
		if sim.stop(scores) != nil {
			break
		}
		picked := sim.pick(scores)
		if len(picked) == 0 {
			break
		}
		for _, i := range picked {
			settle(i)
			sim.Asked++
		}
	}
	_, stopped := sim.wantedSettled()
	for i, slot := range iv.Slots {
		// Settling a slot above without a value shut out what hangs on it.
		if slot.When != nil && iv.applies(i) == later && (!stopped || slot.Required || !iv.anyRequired()) {
			expected += iv.likelihood(i, b)
		}
	}
	total := float64(sim.Asked) + expected
	if iv.Limits.MaxQuestions > 0 {
		total = min(total, float64(iv.Limits.MaxQuestions))
	}
	return max(iv.Asked, int(math.Round(total)))
}

func (iv *Interview) anyRequired() bool {
	return slices.ContainsFunc(iv.Slots, func(s Slot) bool { return s.Required })
}
