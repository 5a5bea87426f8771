package questioning

import (
	"maps"
	"slices"
)

// Bounds on the statistics of one schema key. What lies beyond them is left out, first slots
// first; the document stays below a megabyte whatever is folded in.
const (
	maxCountedSlots   = 200
	maxCountedOptions = 1000 // over all slots
	maxPairSlots      = 40
	maxPairOptions    = 20  // of one slot
	maxPairAnswers    = 160 // over all slots
	maxKeyBytes       = 200

	// usualLength is how long, in characters, an answer in words is that costs what
	// its type does.
	usualLength = 80

	// maxCharacters is how many characters of one answer count: so many that the
	// question costs most, and that one long answer moves the mean no further.
	maxCharacters = 2 * usualLength
	// maxContribution bounds one conversation's contribution, in bytes of keys and
	// values.
	maxContribution = 16 << 10
)

// Statistics is what earlier conversations with one schema key answered: those for
// the same information, by a playbook or an information_needed. It holds counts
// only, as one bounded JSON document; the zero value is none.
type Statistics struct {
	Conversations int               `json:"conversations"`
	Slots         map[string]Counts `json:"slots,omitempty"` // by slot key
	// Answers are the options of Boolean and Choice slots that are counted in
	// pairs, in the order in which they were first given.
	Answers []Given `json:"answers,omitempty"`
	// Together[i][j], with j below i, is how many conversations gave both
	// Answers[i] and Answers[j].
	Together [][]int `json:"together,omitempty"`

	// pooled says that Together has whole rows: what Answers[i] says about the
	// others as far as that may be shown. Such statistics are read only.
	pooled bool
}

// Counts is how one slot fared.
type Counts struct {
	// Outcomes counts where the slot stood at the end: answered, unknown,
	// declined, not_applicable, unclear, or missing when it was left out of replies.
	Outcomes map[Status]int `json:"outcomes,omitempty"`
	// Values counts answers by option, as fmt.Sprint prints its value.
	Values map[string]int `json:"values,omitempty"`
	// Characters is the length of all answers' words, each counted up to
	// maxCharacters.
	Characters int `json:"characters,omitempty"`
}

// Given is an answer that was given before.
type Given struct {
	Slot  string `json:"slot"`
	Value string `json:"value"` // as fmt.Sprint prints it
	// Count is how many conversations gave it.
	Count int `json:"count,omitempty"`
	// Right and Wrong count the conversations in which this answer would have
	// been predicted before the person gave theirs.
	Right int `json:"right,omitempty"`
	Wrong int `json:"wrong,omitempty"`
}

// key identifies the answer among others.
func (g Given) key() answerKey { return answerKey{g.Slot, g.Value} }

// reliability is the share of predictions that were right, by Laplace's rule of
// succession: a half before there were any.
func (g Given) reliability() float64 {
	return (float64(g.Right) + 1) / (float64(g.Right+g.Wrong) + 2)
}

// With returns the statistics with one more conversation. Nothing is changed in
// place.
func (s Statistics) With(c Contribution) Statistics {
	next := s.clone()
	next.add(c)
	return next
}

// Without returns the statistics as they were before a conversation was added.
// An answer that no conversation gave any more is gone from them.
func (s Statistics) Without(c Contribution) Statistics {
	next := s.clone()
	next.subtract(c)
	return next
}

// clone shares nothing with the statistics.
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

// add counts a contribution.
func (s *Statistics) add(c Contribution) {
	s.Conversations++
	for _, e := range c.Slots {
		s.addEnded(e, 1)
	}
	if len(c.Answers) == 0 && len(c.Tried) == 0 {
		return
	}
	ids := s.ids()
	for _, tried := range c.Tried {
		if id, known := ids[tried.key()]; known {
			s.Answers[id].Right += tried.Right
			s.Answers[id].Wrong += tried.Wrong
		}
	}
	var given []int
	for _, answer := range c.Answers {
		if id, ok := s.idOf(answer.key(), ids); ok {
			s.Answers[id].Count++
			given = append(given, id)
		}
	}
	s.addPairs(given, 1)
}

// idOf returns the position of an answer, which is given one if there is room.
func (s *Statistics) idOf(key answerKey, ids map[answerKey]int) (int, bool) {
	if id, known := ids[key]; known {
		return id, true
	}
	if len(s.Answers) >= maxPairAnswers {
		return 0, false
	}
	id := len(s.Answers)
	ids[key] = id
	s.Answers = append(s.Answers, Given{Slot: key.slot, Value: key.value})
	s.Together = append(s.Together, make([]int, id))
	return id, true
}

// addCounts adds a slot's counts.
func (s *Statistics) addCounts(key string, c Counts) {
	counts, ok := s.countsOf(key, true)
	if !ok {
		return
	}
	if counts.Values == nil && len(c.Values) > 0 {
		counts.Values = map[string]int{}
	}
	addTo(counts.Outcomes, c.Outcomes)
	addTo(counts.Values, c.Values)
	counts.Characters += c.Characters
	s.setCounts(key, counts)
}

// addEnded adds how a slot fared in one conversation, times a sign.
func (s *Statistics) addEnded(e Ended, sign int) {
	counts, ok := s.countsOf(e.Slot, sign > 0)
	if !ok {
		return
	}
	addOne(counts.Outcomes, e.Outcome, sign)
	for _, value := range e.Values {
		if counts.Values == nil {
			counts.Values = map[string]int{}
		}
		addOne(counts.Values, value, sign)
	}
	counts.Characters = max(0, counts.Characters+sign*e.Characters)
	s.setCounts(e.Slot, counts)
}

// countsOf returns what is counted of a slot, to be changed; false where nothing is and
// nothing may be.
func (s *Statistics) countsOf(key string, more bool) (Counts, bool) {
	counts, known := s.Slots[key]
	if !known && (!more || len(s.Slots) >= maxCountedSlots) {
		return Counts{}, false
	}
	if counts.Outcomes == nil {
		counts.Outcomes = map[Status]int{}
	}
	return counts, true
}

// setCounts sets what is counted of a slot, and drops what comes to nothing.
func (s *Statistics) setCounts(key string, counts Counts) {
	if len(counts.Outcomes) == 0 {
		delete(s.Slots, key)
		return
	}
	if len(counts.Values) == 0 {
		counts.Values = nil
	}
	if s.Slots == nil {
		s.Slots = map[string]Counts{}
	}
	s.Slots[key] = counts
}

// addTo adds counts.
func addTo[K comparable](counts, more map[K]int) {
	for key, n := range more {
		counts[key] += n
	}
}

// addOne adds a sign to a count, and drops what comes to nothing.
func addOne[K comparable](counts map[K]int, key K, sign int) {
	if counts[key] += sign; counts[key] <= 0 {
		delete(counts, key)
	}
}

// addPairs counts, or discounts, each pair of the answers given in one conversation.
func (s *Statistics) addPairs(given []int, sign int) {
	for i, a := range given {
		for _, b := range given[:i] {
			pair := &s.Together[max(a, b)][min(a, b)]
			*pair = max(0, *pair+sign)
		}
	}
}

// subtract takes a contribution back.
func (s *Statistics) subtract(c Contribution) {
	s.Conversations = max(0, s.Conversations-1)
	for _, e := range c.Slots {
		s.addEnded(e, -1)
	}
	ids := s.ids()
	for _, tried := range c.Tried {
		if id, known := ids[tried.key()]; known {
			s.Answers[id].Right = max(0, s.Answers[id].Right-tried.Right)
			s.Answers[id].Wrong = max(0, s.Answers[id].Wrong-tried.Wrong)
		}
	}
	var given []int
	for _, answer := range c.Answers {
		if id, known := ids[answer.key()]; known {
			s.Answers[id].Count--
			given = append(given, id)
		}
	}
	s.addPairs(given, -1)
	s.keepAnswers(func(id int) bool { return s.Answers[id].Count > 0 })
}

// keepAnswers drops the answers that are not to be kept, with their pairs.
func (s *Statistics) keepAnswers(keep func(id int) bool) {
	var kept []int
	for id := range s.Answers {
		if keep(id) {
			kept = append(kept, id)
		}
	}
	if len(kept) == len(s.Answers) {
		return
	}
	answers, pairs := make([]Given, len(kept)), make([][]int, len(kept))
	for i, a := range kept {
		answers[i], pairs[i] = s.Answers[a], make([]int, i)
		for j, b := range kept[:i] {
			pairs[i][j] = s.together(a, b)
		}
	}
	s.Answers, s.Together = answers, pairs
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

// together is how many conversations gave both answers, as far as a may say so
// about b.
func (s Statistics) together(a, b int) int {
	if !s.pooled {
		a, b = max(a, b), min(a, b)
	}
	if b < 0 || a < 0 || a >= len(s.Together) || b >= len(s.Together[a]) {
		return 0
	}
	return s.Together[a][b]
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
