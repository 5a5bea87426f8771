package questioning

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Contribution returns what a conversation adds: its slots and where they stood
// at its end, in the same order. Only what the person said counts, so that
// assumptions do not feed themselves. Predictions are tried with s, all that was
// said before.
func (s Statistics) Contribution(slots []Slot, states []SlotState) Contribution {
	c := Contribution{Slots: map[string]Counts{}}
	options, bytes := 0, 0
	for i, slot := range slots {
		if len(slot.Key) > maxKeyBytes || len(c.Slots) >= maxCountedSlots {
			continue
		}
		keys := optionKeys(slot)
		if options += len(keys); options > maxCountedOptions {
			keys = nil
		}
		counts, ended := counted(states[i], keys)
		if !ended {
			continue
		}
		bytes += len(slot.Key)
		for value := range counts.Values {
			bytes += len(value)
		}
		if bytes > maxContribution {
			break
		}
		c.Slots[slot.Key] = counts
	}
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
func counted(state SlotState, options []string) (Counts, bool) {
	outcome, ended := ending(state)
	if !ended {
		return Counts{}, false
	}
	c := Counts{Outcomes: map[Status]int{outcome: 1}}
	if outcome == StatusAnswered {
		c.Characters = min(maxCharacters, utf8.RuneCountInString(state.Words))
	}
	if state.Status != StatusAnswered {
		return c, true
	}
	for _, value := range many(state.Value) {
		if key := fmt.Sprint(value); slices.Contains(options, key) {
			if c.Values == nil {
				c.Values = map[string]int{}
			}
			c.Values[key] = 1
		}
	}
	return c, true
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
