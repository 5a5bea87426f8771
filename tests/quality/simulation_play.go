package main

import (
	"reflect"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// target is the share of the required weight that must be settled. Below 100 %, so
// that one slot of little weight does not decide the figure.
const target = 0.9

// played is the result of one simulated conversation. From slotStates the statistics of
// later conversations are learned.
type played struct {
	toTarget   float64 // questions until the target was settled
	asked      int     // questions in all
	assumed    int     // slots assumed at the end
	wrong      int     // of those, wrongly
	slotStates []questioning.SlotState
}

// asker returns the next questions; none when the conversation is over. So all ways of
// asking share the person, the reading and the counting.
type asker func(state *questioning.State) []questioning.Question

// play asks a person until there are no more questions. Whoever asks for the questions
// decides when it is over.
// It ends, because every way of asking puts each question a bounded number of times.
func play(f schema, p person, state *questioning.State, next asker) played {
	game := game{schema: f, person: p, state: state}
	game.note()
	for questions := next(state); len(questions) > 0; questions = next(state) {
		game.note()
		for _, q := range questions {
			game.put(q)
		}
		state.Pass(func(questioning.Question) bool { return true })
	}
	game.note()
	return game.result()
}

// game is one conversation in progress. regrets are slots of which the person has
// said something wrong and will correct it with the next answer.
// Its target is checked after every answer, so the count is exact within a batch too.
type game struct {
	schema  schema
	person  person
	state   *questioning.State
	asked   int
	reached int // questions asked when the target was settled, plus 1
	regrets []questioning.Slot
}

// put asks one question and records the person's answer.
// Corrections come after the answer, as in a reply that begins with the question at hand.
func (g *game) put(q questioning.Question) {
	g.asked++
	slot := g.slot(q.Slot)
	regrets := g.regrets
	g.regrets = nil
	g.record(g.person.answers(slot, q.Purpose))
	if q.Purpose == questioning.Ask && g.person.wavers(slot) {
		g.regrets = append(g.regrets, slot)
	}
	if other, ok := g.person.volunteers(g.schema.slots, q.Slot); ok && g.slotState(other.Key).Status == questioning.StatusMissing {
		g.record(stated(other, g.person.facts[other.Key]))
	}
	for _, slot := range regrets { // "what I said before was wrong, it is …"
		g.record(stated(slot, g.person.facts[slot.Key]))
	}
	g.note()
}

// record passes an answer to the engine, as the service does.
func (g *game) record(said questioning.Answer) {
	if _, err := g.state.Record(said); err != nil {
		panic(err) // the slots are the schema's own
	}
}

// slot is the schema's slot of a key.
func (g *game) slot(key string) questioning.Slot { return g.schema.slots[g.state.Index(key)] }

// slotState is what the engine knows of it.
func (g *game) slotState(key string) questioning.SlotState {
	return g.state.SlotStates[g.state.Index(key)]
}

// wanted returns the slots that must be settled for this person: the required ones that
// apply, or all if none is required.
// They follow from the person's facts, so they are the same in each way of asking.
func (g *game) wanted() []questioning.Slot {
	someRequired := slices.ContainsFunc(g.schema.slots, func(s questioning.Slot) bool { return s.Required })
	var all []questioning.Slot
	for _, slot := range g.schema.slots {
		if _, applies := g.person.facts[slot.Key]; applies && (slot.Required || !someRequired) {
			all = append(all, slot)
		}
	}
	return all
}

// right reports whether a slot is settled correctly: with the fact, or with the person's
// outcome without a value. An assumption is right if it is the fact; a wrong one settles
// nothing.
func (g *game) right(slot questioning.Slot) bool {
	s := g.slotState(slot.Key)
	fact, applies := g.person.facts[slot.Key]
	switch s.Status {
	case questioning.StatusAnswered, questioning.StatusAssumed:
		return applies && reflect.DeepEqual(s.Value, fact)
	case questioning.StatusMissing:
		return false
	}
	return s.Status == questioning.Status(g.person.withheld(slot.Key))
}

// share returns the settled share of the wanted weight, and the unsettled slots.
func (g *game) share() (share float64, missing []questioning.Slot) {
	settled, total := 0.0, 0.0
	for _, slot := range g.wanted() {
		total += weightOf(slot)
		if g.right(slot) {
			settled += weightOf(slot)
		} else {
			missing = append(missing, slot)
		}
	}
	if total == 0 {
		return 1, nil
	}
	return settled / total, missing
}

// weightOf is the slot's weight, 1 if it names none.
func weightOf(slot questioning.Slot) float64 {
	if slot.Weight == 0 {
		return 1
	}
	return slot.Weight
}

// rounding keeps sums of weights from missing the target by their last bits.
const rounding = 1e-9

// note remembers when the target was reached first; a later contradiction does not
// take that back.
// It must be called after whatever may settle a slot.
func (g *game) note() {
	if g.reached > 0 {
		return
	}
	if share, _ := g.share(); share >= target-rounding {
		g.reached = g.asked + 1
	}
}

// result counts the questions. Below the target, each missing or wrong slot costs
// another question, in the order of declaration. Otherwise a way that stops early would
// look economical.
// An added question is taken to settle its slot, which favours ways that stop early.
func (g *game) result() played {
	r := played{asked: g.asked, toTarget: float64(g.reached - 1), slotStates: g.state.SlotStates}
	if g.reached == 0 {
		share, missing := g.share()
		total := 0.0
		for _, slot := range g.wanted() {
			total += weightOf(slot)
		}
		r.toTarget = float64(g.asked)
		for _, slot := range missing {
			if share >= target-rounding {
				break
			}
			share += weightOf(slot) / total
			r.toTarget++
		}
	}
	for i, s := range g.state.SlotStates {
		if s.Status == questioning.StatusAssumed {
			r.assumed++
			if !g.right(g.schema.slots[i]) {
				r.wrong++
			}
		}
	}
	return r
}

// byEngine asks the engine's questions.
func byEngine(state *questioning.State) []questioning.Question { return state.Next().Questions }

// inOrderOf asks one question after the other in a fixed order. It reads answers as the
// engine does, passes over what is known or does not apply, asks once more for what
// could not be read, and lets a contradiction be cleared up. So the engine is compared
// with a careful program, and gains by its choice of questions alone.
// It makes no assumptions, and so has none that is wrong.
func inOrderOf(order []int) asker {
	return func(state *questioning.State) []questioning.Question {
		for i := range state.SlotStates {
			s := &state.SlotStates[i]
			switch {
			case s.Status == questioning.StatusUnclear && !s.Clarified:
				s.Clarified = true
				return []questioning.Question{ask(state, i, questioning.Clarify)}
			case s.Status == questioning.StatusContradicted && !s.Confirmed:
				s.Confirmed = true
				return []questioning.Question{ask(state, i, questioning.Confirm)}
			}
		}
		for _, i := range order {
			if state.SlotStates[i].Status == questioning.StatusMissing && applies(state, i) {
				return []questioning.Question{ask(state, i, questioning.Ask)}
			}
		}
		return nil
	}
}

// ask puts a question as the engine would, so that the same code records its
// answer.
func ask(state *questioning.State, i int, purpose questioning.Purpose) questioning.Question {
	state.Asked++
	q := questioning.Question{Number: state.Asked, Slot: state.Slots[i].Key, Purpose: purpose}
	state.Open = []questioning.Question{q}
	return q
}

// applies reports whether a slot is known to apply. A slot whose condition is not known
// yet waits, as with the engine.
func applies(state *questioning.State, i int) bool {
	when := state.Slots[i].When
	if when == nil {
		return true
	}
	on := state.Index(when.Slot)
	return on >= 0 && state.SlotStates[on].Known() && when.Holds(state.SlotStates[on].Value)
}

// The orders that the engine is compared with.
func declared(f schema) []int {
	order := make([]int, len(f.slots))
	for i := range order {
		order[i] = i
	}
	return order
}

// requiredFirst is the order of a careful program: what it must know comes first.
func requiredFirst(f schema) []int {
	order := declared(f)
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case f.slots[a].Required == f.slots[b].Required:
			return 0
		case f.slots[a].Required:
			return -1
		}
		return 1
	})
	return order
}

// shuffled is another order for each person, the same in every run.
func shuffled(f schema, p person) []int { return p.of("order").generator().Perm(len(f.slots)) }
