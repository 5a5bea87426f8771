package questioning

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// Bounds on a form's statistics. What lies beyond them is left out, first slots
// first; the document stays below a megabyte whatever is folded in.
const (
	maxCountedSlots   = 200
	maxCountedOptions = 1000 // over all slots
	maxPairSlots      = 40
	maxPairOptions    = 20  // of one slot
	maxPairAnswers    = 160 // over all slots
	maxKeyBytes       = 200
)

// Statistics is what earlier conversations of one form answered. A form is what
// conversations for the same information share: a playbook or an
// information_needed. It holds counts only, as one bounded JSON document; the
// zero value is none.
type Statistics struct {
	Conversations int               `json:"conversations"`
	Slots         map[string]Counts `json:"slots,omitempty"` // by slot key
	// Answers are the options of Boolean and Choice slots that are counted in
	// pairs, in the order in which they were first given.
	Answers []Given `json:"answers,omitempty"`
	// Together[i][j], with j below i, is how many conversations gave both
	// Answers[i] and Answers[j].
	Together [][]int `json:"together,omitempty"`
}

// Counts is how one slot fared.
type Counts struct {
	// Outcomes counts where the slot stood at the end: answered, unknown,
	// declined, not_applicable, unclear, or missing when it was left out of replies.
	Outcomes map[State]int `json:"outcomes,omitempty"`
	// Values counts answers by option, as fmt.Sprint prints its value.
	Values map[string]int `json:"values,omitempty"`
	// Characters is the length of all answers' words.
	Characters int `json:"characters,omitempty"`
}

// Given is an answer that was given before.
type Given struct {
	Slot  string `json:"slot"`
	Value string `json:"value"` // as fmt.Sprint prints it
	// Right and Wrong count the conversations in which this answer would have
	// been predicted before the person gave theirs.
	Right int `json:"right,omitempty"`
	Wrong int `json:"wrong,omitempty"`
}

// record is the share of predictions that were right, by Laplace's rule of
// succession: a half before there were any.
func (g Given) record() float64 {
	return (float64(g.Right) + 1) / (float64(g.Right+g.Wrong) + 2)
}

// Add returns the statistics with one more conversation: its slots and where
// they stood at its end, in the same order. Nothing is changed in place. Only
// what the person said counts, so that assumptions do not feed themselves.
func (s Statistics) Add(slots []Slot, standings []Standing) Statistics {
	next := s.clone()
	next.Conversations++
	options := 0
	for i, slot := range slots {
		if len(slot.Key) > maxKeyBytes {
			continue
		}
		keys := optionKeys(slot)
		if options += len(keys); options > maxCountedOptions {
			keys = nil
		}
		next.count(slot, standings[i], keys)
	}
	pairs := answeredPairs(slots, standings)
	s.try(slots, pairs, &next)
	next.countTogether(slots, pairs)
	return next
}

func (s Statistics) clone() Statistics {
	next := Statistics{Conversations: s.Conversations, Slots: map[string]Counts{}, Answers: slices.Clone(s.Answers)}
	for key, c := range s.Slots {
		next.Slots[key] = Counts{maps.Clone(c.Outcomes), maps.Clone(c.Values), c.Characters}
	}
	for i := range s.Answers {
		row := make([]int, i)
		if i < len(s.Together) {
			copy(row, s.Together[i])
		}
		next.Together = append(next.Together, row)
	}
	return next
}

// count notes where one slot stood and which of the options its answer held.
func (s *Statistics) count(slot Slot, standing Standing, options []string) {
	counts, known := s.Slots[slot.Key]
	outcome, ended := ending(standing)
	if !ended || !known && len(s.Slots) >= maxCountedSlots {
		return
	}
	if counts.Outcomes == nil {
		counts.Outcomes = map[State]int{}
	}
	counts.Outcomes[outcome]++
	if outcome == StateAnswered {
		counts.Characters += utf8.RuneCountInString(standing.Words)
	}
	if standing.State == StateAnswered {
		for _, value := range many(standing.Value) {
			if key := fmt.Sprint(value); slices.Contains(options, key) {
				if counts.Values == nil {
					counts.Values = map[string]int{}
				}
				counts.Values[key]++
			}
		}
	}
	s.Slots[slot.Key] = counts
}

// ending is what became of asking for a slot; false when it was not asked for.
func ending(s Standing) (State, bool) {
	switch s.State {
	case StateAnswered, StateContradicted:
		return StateAnswered, true
	case StateMissing:
		return StateMissing, s.Passed > 0
	case StateAssumed:
		return "", false
	default:
		return s.State, true
	}
}

func many(value any) []any {
	if all, ok := value.([]any); ok {
		return all
	}
	return []any{value}
}

// pairSlots are the positions of the slots counted in pairs.
func pairSlots(slots []Slot) []int {
	var all []int
	total := 0
	for i, slot := range slots {
		if slot.Type != Boolean && slot.Type != Choice || len(slot.Key) > maxKeyBytes {
			continue
		}
		keys := optionKeys(slot)
		if len(keys) > maxPairOptions || total+len(keys) > maxPairAnswers {
			continue
		}
		total += len(keys)
		if all = append(all, i); len(all) == maxPairSlots {
			break
		}
	}
	return all
}

// pairAnswer is an option given for the slot at a position, by the answer of
// some number.
type pairAnswer struct{ slot, option, number int }

// answeredPairs are the answers counted in pairs, in the order they were given.
func answeredPairs(slots []Slot, standings []Standing) []pairAnswer {
	var all []pairAnswer
	for _, i := range pairSlots(slots) {
		if standings[i].State != StateAnswered {
			continue
		}
		option := slices.Index(optionKeys(slots[i]), fmt.Sprint(standings[i].Value))
		if option < 0 {
			continue
		}
		all = append(all, pairAnswer{i, option, lastOf(standings[i].Answers)})
	}
	slices.SortStableFunc(all, func(a, b pairAnswer) int { return cmp.Compare(a.number, b.number) })
	return all
}

func lastOf(answers []int) int {
	if len(answers) == 0 {
		return 0
	}
	return answers[len(answers)-1]
}

// try predicts every answer from those given before it and notes in next
// whether the sure predictions were right.
func (s Statistics) try(slots []Slot, given []pairAnswer, next *Statistics) {
	b := newBeliefs(slots, s)
	for _, answer := range given {
		if option, p := b.likeliest(answer.slot); p >= DefaultConfidence {
			if id := b.ids[answer.slot][option]; id >= 0 && option == answer.option {
				next.Answers[id].Right++
			} else if id >= 0 {
				next.Answers[id].Wrong++
			}
		}
		b.learn(answer.slot, answer.option)
	}
}

func (s *Statistics) countTogether(slots []Slot, given []pairAnswer) {
	ids := s.ids()
	var all []int
	for _, answer := range given {
		key := answerKey{slots[answer.slot].Key, optionKeys(slots[answer.slot])[answer.option]}
		id, known := ids[key]
		if !known {
			if len(s.Answers) >= maxPairAnswers || len(key.value) > maxKeyBytes {
				continue
			}
			id = len(s.Answers)
			s.Answers = append(s.Answers, Given{Slot: key.slot, Value: key.value})
			s.Together = append(s.Together, make([]int, id))
		}
		all = append(all, id)
	}
	for i, a := range all {
		for _, b := range all[:i] {
			s.Together[max(a, b)][min(a, b)]++
		}
	}
}

type answerKey struct{ slot, value string }

// ids returns the positions in Answers.
func (s Statistics) ids() map[answerKey]int {
	ids := make(map[answerKey]int, len(s.Answers))
	for i, a := range s.Answers {
		ids[answerKey{a.Slot, a.Value}] = i
	}
	return ids
}

// together is how many conversations gave both answers.
func (s Statistics) together(a, b int) int {
	a, b = max(a, b), min(a, b)
	if b < 0 || a >= len(s.Together) || b >= len(s.Together[a]) {
		return 0
	}
	return s.Together[a][b]
}

// optionKeys are the slot's options as they are counted.
func optionKeys(slot Slot) []string {
	if slot.Type == Boolean {
		return []string{"false", "true"}
	}
	if slot.Type != Choice && slot.Type != Choices {
		return nil
	}
	keys := make([]string, len(slot.Options))
	for i, o := range slot.Options {
		keys[i] = fmt.Sprint(o.Value)
	}
	return keys
}
