package questioning

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// StopReason is why asking is over.
type StopReason string

// The reasons to stop.
const (
	AllSettled      StopReason = "all_settled"      // nothing wanted is left to ask for
	RequiredSettled StopReason = "required_settled" // everything required is settled
	LittleLeft      StopReason = "little_left"      // what is left is worth less than asking
	LimitReached    StopReason = "limit_reached"    // the caller's limit on questions
	// RequiredOpen says that nothing more is asked, though something required was left
	// out or could not be read: an answer to it still counts.
	RequiredOpen  StopReason = "required_open"
	EndedByPerson StopReason = "ended_by_person"
)

// Stop says that asking is over and why.
type Stop struct {
	Reason StopReason
	Text   string
}

// Batch is what to ask the person next.
type Batch struct {
	// Questions are those still waiting, then the new ones, in number order.
	Questions []Question
	// New is how many of the questions, at the end, were not asked before.
	New int
	// Stop is set when asking is over; there are then no questions.
	Stop *Stop
	// Estimated is how many questions will have been asked at the end.
	Estimated int
	// More says that a further batch is expected after this one.
	More bool
}

// Next decides the next batch and counts its new questions as asked. It
// returns at most Limits.BatchSize questions and never asks for what is
// settled. Slots that are withheld are not asked for by this batch: somebody else
// may still read what was said of them. Where only these are left, the batch is
// empty and asking is not over.
func (st *State) Next(withheld ...string) Batch {
	st.assumePredicted()
	beliefs := st.beliefs()
	scores := st.scores(beliefs)
	if stop := st.stop(scores); stop != nil {
		st.Open = nil
		return Batch{Stop: stop, Estimated: st.Asked}
	}
	picked := st.pick(scores, withheld)
	for _, i := range picked {
		st.Asked++
		st.Open = append(slices.Clone(st.Open), st.question(i, st.Asked, beliefs))
	}
	for _, q := range st.Open {
		s := &st.SlotStates[st.Index(q.Slot)]
		s.Clarified = s.Clarified || q.Purpose == Clarify
		s.Confirmed = s.Confirmed || q.Purpose == Confirm
	}
	batch := Batch{
		Questions: slices.Clone(st.Open[:min(len(st.Open), st.Limits.BatchSize)]),
		New:       len(picked),
		Estimated: st.estimate(scores, beliefs),
	}
	batch.More = batch.Estimated > st.Asked || len(st.Open) > len(batch.Questions) || len(batch.Questions) == 0
	return batch
}

// stop returns why asking is over, or nil.
func (st *State) stop(scores []score) *Stop {
	if st.Ended {
		return &Stop{EndedByPerson, st.settledText()}
	}
	if reason, settled := st.wantedSettled(); settled {
		return st.stopFor(reason, st.settledText())
	}
	say := st.printer()
	if len(st.Open) > 0 {
		return nil
	}
	if st.left() == 0 {
		return &Stop{LimitReached, say.Text(messages.LimitReached, strconv.Itoa(st.Limits.MaxQuestions))}
	}
	candidates := st.candidates()
	if len(candidates) == 0 {
		return st.stopFor(AllSettled, say.Text(messages.AllAsked))
	}
	best := math.Inf(-1)
	for _, i := range candidates {
		if st.worth(i, scores) {
			return nil
		}
		best = max(best, scores[i].bits)
	}
	return &Stop{LittleLeft, say.Text(messages.LittleLeft, tenths(max(0, best)), tenths(st.Limits.MinBits))}
}

// stopFor is the stop for a reason that holds only where nothing wanted is open.
func (st *State) stopFor(reason StopReason, text string) *Stop {
	if !st.Settled() {
		return &Stop{RequiredOpen, st.settledText()}
	}
	return &Stop{reason, text}
}

// End notes that the person wants no more questions. What they say later still
// counts; Ended can be taken back.
func (st *State) End() {
	st.Ended, st.Open = true, nil
}

// Resume asks on where asking was over although something wanted is open: because the
// person ended it, or left a question out too often. What was left out then gets the
// chances of a new question. Elsewhere it changes nothing: nobody is asked sooner again
// because a client calls often.
func (st *State) Resume() {
	_, settled := st.wantedSettled()
	if !st.Ended && !settled && (len(st.Open) > 0 || len(st.candidates()) > 0) {
		return
	}
	st.Ended = false
	wanted, _ := st.unsettled()
	for _, i := range wanted {
		s := &st.SlotStates[i]
		s.Passed, s.Clarified, s.Confirmed = 0, false, false
	}
}

// Settled reports whether every required slot, or every slot where none is
// required, holds a value or an outcome that the person spoke. A slot that was left
// out of replies, or answered in words that nobody could read, does not.
func (st *State) Settled() bool {
	wanted, _ := st.unsettled()
	return len(wanted) == 0
}

// unsettled returns the slots that apply, or may, and have no outcome in the sense of
// hasOutcome: those that are wanted, and the others. Wanted are the required ones, or all
// where none is required.
func (st *State) unsettled() (wanted, others []int) {
	anyRequired := st.anyRequired()
	for i, slot := range st.Slots {
		switch {
		case st.hasOutcome(i) || st.applies(i) == never:
		case slot.Required || !anyRequired:
			wanted = append(wanted, i)
		default:
			others = append(others, i)
		}
	}
	return wanted, others
}

// settledText says what is settled once nothing wanted is asked for any more. A slot
// that was left out too often is asked for no more, but it is not settled: it is named
// where it is required, or where all slots are wanted because none is.
func (st *State) settledText() string {
	say := st.printer()
	open, others := st.unsettled()
	switch {
	case len(open) > 0:
		var named []string
		for _, i := range open[:min(len(open), maxOpen)] {
			named = append(named, plain.Line(st.Slots[i].Title))
		}
		titles := strings.Join(named, ", ")
		if more := len(open) - maxOpen; more > 0 {
			titles = say.Text(messages.AndMore, titles, strconv.Itoa(more))
		}
		return say.Text(messages.StillOpen, titles)
	case len(others) > 0:
		return say.Text(messages.RequiredSettled)
	}
	return say.Text(messages.AllSettled)
}

// maxOpen is how many open slots a text names: nobody reads more.
const maxOpen = 10

// tenths writes bits with one decimal.
func tenths(bits float64) string { return strconv.FormatFloat(bits, 'f', 1, 64) }

// worth says whether slot i is asked for at all: what is required or was
// misunderstood always, anything else when it gains enough.
func (st *State) worth(i int, scores []score) bool {
	return st.Slots[i].Required || st.purpose(i) != Ask || scores[i].bits >= st.Limits.MinBits
}

// wantedSettled says whether every required slot is settled, or every slot when
// none is required. A contradiction that the person was not asked about yet counts
// as unsettled.
func (st *State) wantedSettled() (StopReason, bool) {
	required, optionalOpen := false, false
	for i := range st.Slots {
		slot := &st.Slots[i]
		required = required || slot.Required
		if st.settled(i) || st.applies(i) == never {
			continue
		}
		if slot.Required || st.SlotStates[i].Status == StatusContradicted {
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
func (st *State) left() int {
	if st.Limits.MaxQuestions == 0 {
		return math.MaxInt
	}
	return max(0, st.Limits.MaxQuestions-st.Asked)
}

// pick returns the best candidates that fit in the batch, best first: what was
// misunderstood, then what makes sense of the rest, then what gains most. Ties go to
// the slot that comes first.
func (st *State) pick(scores []score, withheld []string) []int {
	candidates := st.candidates()
	heaviest := st.heaviest(candidates)
	candidates = slices.DeleteFunc(candidates, func(i int) bool {
		return !st.worth(i, scores) || slices.Contains(withheld, st.Slots[i].Key)
	})
	sense := func(i int) int {
		if st.weight(i) < heaviest {
			return 0
		}
		return scores[i].sense
	}
	slices.SortStableFunc(candidates, func(a, b int) int {
		return cmp.Or(
			cmp.Compare(urgency(st.purpose(a)), urgency(st.purpose(b))),
			cmp.Compare(sense(b), sense(a)),
			cmp.Compare(scores[b].order, scores[a].order),
		)
	})
	room := min(st.Limits.BatchSize-len(st.Open), st.left(), len(candidates))
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

// estimate plays the conversation to its end, every question answered, and
// returns the number of the last question. A slot that hangs on one not yet
// known counts with the likelihood that it will apply.
func (st *State) estimate(scores []score, b *beliefs) int {
	sim := *st
	sim.SlotStates = slices.Clone(st.SlotStates)
	sim.Open = nil
	settle := func(i int) { sim.SlotStates[i].Status = StatusNotApplicable }
	for _, q := range st.Open {
		settle(st.Index(q.Slot))
	}
	expected := 0.0
	for range st.Slots {
		if sim.stop(scores) != nil {
			break
		}
		picked := sim.pick(scores, nil)
		if len(picked) == 0 {
			break
		}
		for _, i := range picked {
			settle(i)
			sim.Asked++
		}
	}
	_, stopped := sim.wantedSettled()
	for i := range st.Slots {
		slot := &st.Slots[i]
		// Settling a slot above without a value shut out what hangs on it.
		if slot.When != nil && st.applies(i) == later && (!stopped || slot.Required || !st.anyRequired()) {
			expected += st.likelihood(i, b)
		}
	}
	total := float64(sim.Asked) + expected
	if st.Limits.MaxQuestions > 0 {
		total = min(total, float64(st.Limits.MaxQuestions))
	}
	return max(st.Asked, int(math.Round(total)))
}

// anyRequired reports that some slots are required; otherwise all are wanted.
func (st *State) anyRequired() bool {
	for i := range st.Slots {
		if st.Slots[i].Required {
			return true
		}
	}
	return false
}
