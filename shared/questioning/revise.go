package questioning

import (
	"fmt"
	"reflect"
	"slices"
)

// Revised is what a revision changed.
type Revised struct {
	Answer Answer
	Before Standing // of the revised slot
	// Reopened are the slots whose answers rested on the revised one, directly or
	// through others, with where they stood before.
	Reopened []Reopened
}

// Reopened is a slot whose answer no longer holds because another was revised.
type Reopened struct {
	Slot    Slot
	Before  Standing
	Applies bool // it is asked again; otherwise it no longer matters
}

// Revise puts something said in the place of what a slot holds: no
// contradiction arises. Slots that apply because of this one lose their
// answers, since those were given under another condition. The slot must exist.
func (iv *Interview) Revise(said Said) (Revised, error) {
	i := iv.Index(said.Slot)
	if i < 0 {
		return Revised{}, fmt.Errorf("revise answer: no slot %q", said.Slot)
	}
	before := iv.Standings[i]
	iv.Standings[i] = Standing{State: StateMissing, Reopened: before.Reopened}
	answer, err := iv.Record(said)
	if err != nil {
		return Revised{}, err
	}
	r := Revised{Answer: answer, Before: before}
	if !reflect.DeepEqual(before.Value, iv.Standings[i].Value) {
		r.Reopened = iv.reopenDependents(said.Slot, answer.Number)
	}
	iv.Open = slices.DeleteFunc(slices.Clone(iv.Open), func(q Question) bool {
		return q.Slot == said.Slot || iv.applies(iv.Index(q.Slot)) != now
	})
	return r, nil
}

// reopenDependents takes back what is known of the slots that hang on one,
// directly or through others, by the answer with the given number.
func (iv *Interview) reopenDependents(key string, answer int) []Reopened {
	var indices []int
	reached := map[string]bool{key: true}
	for range iv.Slots { // a chain of conditions is never longer
		found := false
		for i, slot := range iv.Slots {
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
		before := iv.Standings[i]
		if before.State == StateMissing {
			continue
		}
		iv.Standings[i] = Standing{State: StateMissing, Reopened: answer}
		reopened = append(reopened, Reopened{Slot: iv.Slots[i], Before: before})
	}
	for i := range reopened {
		reopened[i].Applies = iv.applies(iv.Index(reopened[i].Slot.Key)) == now
	}
	return reopened
}
