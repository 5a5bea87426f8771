package questioning

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// Contribution is what one conversation adds to the statistics of its schema key. It
// is kept with the conversation, so that forgetting can take it back. Hundreds are held
// in memory at a time, so it has lists where Statistics has maps; its JSON has Counts.
type Contribution struct {
	Slots []Ended // by key
	// Answers are those counted in pairs, in the order in which they were given.
	Answers []Given
	// Tried are the answers that were predicted, right or wrong.
	Tried []Given
}

// Ended is how one slot fared in one conversation.
type Ended struct {
	Slot       string // its key
	Outcome    Status
	Values     []string // options, each once, as fmt.Sprint prints their values
	Characters int      // of the answer's words, up to maxCharacters
}

// contribution is a Contribution as it is stored.
type contribution struct {
	Slots   map[string]Counts `json:"slots,omitempty"` // by slot key
	Answers []Given           `json:"answers,omitempty"`
	Tried   []Given           `json:"tried,omitempty"`
}

// MarshalJSON writes each slot as Counts of one conversation.
func (c Contribution) MarshalJSON() ([]byte, error) {
	stored := contribution{Slots: make(map[string]Counts, len(c.Slots)), Answers: c.Answers, Tried: c.Tried}
	for _, e := range c.Slots {
		counts := Counts{Outcomes: map[Status]int{e.Outcome: 1}, Characters: e.Characters}
		for _, value := range e.Values {
			if counts.Values == nil {
				counts.Values = map[string]int{}
			}
			counts.Values[value] = 1
		}
		stored.Slots[e.Slot] = counts
	}
	return json.Marshal(stored)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Contribution) UnmarshalJSON(data []byte) error {
	var stored contribution
	if err := json.Unmarshal(data, &stored); err != nil {
		return err
	}
	*c = Contribution{Slots: make([]Ended, 0, len(stored.Slots)), Answers: stored.Answers, Tried: stored.Tried}
	for _, key := range slices.Sorted(maps.Keys(stored.Slots)) {
		counts := stored.Slots[key]
		for outcome := range counts.Outcomes { // one
			c.Slots = append(c.Slots, Ended{key, outcome, slices.Sorted(maps.Keys(counts.Values)), counts.Characters})
		}
	}
	return nil
}

// Contribution returns what a conversation adds: its slots and where they stood
// at its end, in the same order. Only what the person said counts, so that
// assumptions do not feed themselves. Predictions are tried with s, all that was
// said before.
func (s Statistics) Contribution(slots []Slot, states []SlotState) Contribution {
	var c Contribution
	options, bytes := 0, 0
	for i, slot := range slots {
		if len(slot.Key) > maxKeyBytes || len(c.Slots) >= maxCountedSlots {
			continue
		}
		keys := optionKeys(slot)
		if options += len(keys); options > maxCountedOptions {
			keys = nil
		}
		ended, asked := counted(slot.Key, states[i], keys)
		if !asked {
			continue
		}
		bytes += len(slot.Key)
		for _, value := range ended.Values {
			bytes += len(value)
		}
		if bytes > maxContribution {
			break
		}
		c.Slots = append(c.Slots, ended)
	}
	slices.SortFunc(c.Slots, func(a, b Ended) int { return cmp.Compare(a.Slot, b.Slot) })
	pairs := answeredPairs(slots, states)
	for _, answer := range pairs {
		key := answerKey{slots[answer.slot].Key, optionKeys(slots[answer.slot])[answer.option]}
		if bytes += len(key.slot) + len(key.value); len(key.value) <= maxKeyBytes && bytes <= maxContribution {
			c.Answers = append(c.Answers, Given{Slot: key.slot, Value: key.value})
		}
	}
	c.Tried = s.try(slots, pairs)
	return c
}

// counted is where one slot stood and which of the options its answer held;
// false when it was not asked for.
func counted(key string, state SlotState, options []string) (Ended, bool) {
	outcome, asked := ending(state)
	if !asked {
		return Ended{}, false
	}
	e := Ended{Slot: key, Outcome: outcome}
	if outcome == StatusAnswered {
		e.Characters = min(maxCharacters, utf8.RuneCountInString(state.Words))
	}
	if state.Status != StatusAnswered {
		return e, true
	}
	for _, value := range many(state.Value) {
		if option := fmt.Sprint(value); slices.Contains(options, option) && !slices.Contains(e.Values, option) {
			e.Values = append(e.Values, option)
		}
	}
	slices.Sort(e.Values)
	return e, true
}

// ending is what became of asking for a slot; false when it was not asked for.
func ending(s SlotState) (Status, bool) {
	switch s.Status {
	case StatusAnswered, StatusContradicted:
		return StatusAnswered, true
	case StatusMissing:
		return StatusMissing, s.Passed > 0
	case StatusAssumed:
		return "", false
	default:
		return s.Status, true
	}
}

// many are the values of a list, or the one value.
func many(value any) []any {
	if all, ok := value.([]any); ok {
		return all
	}
	return []any{value}
}

// pairAnswer is an option given for the slot at a position, by the answer of
// some number.
type pairAnswer struct{ slot, option, number int }

// answeredPairs are the answers counted in pairs, in the order they were given.
func answeredPairs(slots []Slot, states []SlotState) []pairAnswer {
	var all []pairAnswer
	for _, i := range pairSlots(slots) {
		if states[i].Status != StatusAnswered {
			continue
		}
		option := slices.Index(optionKeys(slots[i]), fmt.Sprint(states[i].Value))
		if option < 0 {
			continue
		}
		all = append(all, pairAnswer{i, option, lastOf(states[i].Answers)})
	}
	slices.SortStableFunc(all, func(a, b pairAnswer) int { return cmp.Compare(a.number, b.number) })
	return all
}

// lastOf is the latest of the answers, 0 when there is none.
func lastOf(answers []int) int {
	if len(answers) == 0 {
		return 0
	}
	return answers[len(answers)-1]
}

// try predicts every answer from those given before it and returns the sure
// predictions, each right or wrong.
func (s Statistics) try(slots []Slot, given []pairAnswer) []Given {
	var tried []Given
	b := newBeliefs(slots, s)
	for _, answer := range given {
		option, p := b.likeliest(answer.slot)
		if id := b.idOf(answer.slot, option); p >= DefaultConfidence && id >= 0 {
			one := Given{Slot: s.Answers[id].Slot, Value: s.Answers[id].Value, Wrong: 1}
			if option == answer.option {
				one.Right, one.Wrong = 1, 0
			}
			tried = append(tried, one)
		}
		b.learn(answer.slot, answer.option)
	}
	return tried
}
