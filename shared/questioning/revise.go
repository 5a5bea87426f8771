package questioning

import (
	"fmt"
	"reflect"
	"slices"
)

// Revised is what a revision changed.
type Revised struct {
	Answer Answer
	Before SlotState // of the revised slot
	// Reopened are the slots whose answers rested on the revised one, directly or
	// through others, with where they stood before.
	Reopened []Reopened
}

// Reopened is a slot whose answer no longer holds because another was revised.
type Reopened struct {
	Slot    Slot
	Before  SlotState
	Applies bool // it is asked again; otherwise it no longer matters
}

// Revise replaces what a slot holds by an answer, so that no contradiction arises.
// Slots that apply because of this one lose their answers, since those were given
// under another condition. The slot must exist.
func (st *State) Revise(said Answer) (Revised, error) {
	i := st.Index(said.Slot)
	if i < 0 {
		return Revised{}, fmt.Errorf("revise answer: no slot %q", said.Slot)
	}
	before := st.SlotStates[i]
	st.SlotStates[i] = SlotState{Status: StatusMissing, Reopened: before.Reopened}
	answer, err := st.Record(said)
	if err != nil {
		return Revised{}, err
	}
	r := Revised{Answer: answer, Before: before}
	if !reflect.DeepEqual(before.Value, st.SlotStates[i].Value) {
		r.Reopened = st.reopenDependents(said.Slot, answer.Number)
	}
	st.Open = slices.DeleteFunc(slices.Clone(st.Open), func(q Question) bool {
		return q.Slot == said.Slot || st.applies(st.Index(q.Slot)) != now
	})
	return r, nil
}

// reopenDependents takes back what is known of the slots that depend on one,
// directly or through others, by the answer with the given number.
func (st *State) reopenDependents(key string, answer int) []Reopened {
	var indices []int
	reached := map[string]bool{key: true}
	for range st.Slots { // a chain of conditions is never longer
		found := false
		for i, slot := range st.Slots {
			if slot.When == nil || !reached[slot.When.Slot] || reached[slot.Key] {
				continue
			}
			reached[slot.Key], found = true, true
			indices = append(indices, i)
		}
		if !found {
			break
		}
	}
	slices.Sort(indices)
	var reopened []Reopened
	for _, i := range indices {
		before := st.SlotStates[i]
		if before.Status == StatusMissing {
			continue
		}
		st.SlotStates[i] = SlotState{Status: StatusMissing, Reopened: answer}
		reopened = append(reopened, Reopened{Slot: st.Slots[i], Before: before})
	}
	for i := range reopened {
		reopened[i].Applies = st.applies(st.Index(reopened[i].Slot.Key)) == now
	}
	return reopened
}
