package questioning

import (
	"maps"
	"slices"
)

// MinVoices is how many people must have answered before what they said shows
// to anybody else. With fewer, knowing some of them would tell about the rest.
const MinVoices = 5

// Pool returns what a person's conversations go by: their own earlier ones in
// full, and of each group of other people, in which everybody speaks with one
// conversation, what rests on MinVoices of them.
func Pool(own Statistics, groups ...Statistics) Statistics {
	var all Statistics
	for _, group := range groups {
		all.merge(group.ofMany())
	}
	all.merge(own)
	return all
}

// Sum returns the statistics of some conversations.
func Sum(contributions []Contribution) Statistics {
	var s Statistics
	for _, c := range contributions {
		s.add(c)
	}
	return s
}

// ofMany returns what rests on many: of a slot the outcomes, of an answered slot
// the options, and of a pair of answers both what one says about the other's
// slot and the reverse.
func (s Statistics) ofMany() Statistics {
	if s.Conversations < MinVoices {
		return Statistics{}
	}
	shown := s.clone()
	for key, c := range shown.Slots {
		total := 0
		for _, n := range c.Outcomes {
			total += n
		}
		switch {
		case total < MinVoices:
			delete(shown.Slots, key)
		case c.Outcomes[StateAnswered] < MinVoices:
			shown.Slots[key] = Counts{Outcomes: c.Outcomes}
		}
	}
	rows := s.rows()
	for a := range shown.Together {
		for b := range shown.Together[a] {
			if rows[row{a, s.Answers[b].Slot}] < MinVoices || rows[row{b, s.Answers[a].Slot}] < MinVoices {
				shown.Together[a][b] = 0
			}
		}
	}
	for id, g := range shown.Answers {
		if g.Right+g.Wrong < MinVoices {
			shown.Answers[id].Right, shown.Answers[id].Wrong = 0, 0
		}
	}
	shown.keepAnswers(func(id int) bool { return shown.Answers[id].Count >= MinVoices })
	return shown
}

// row is what an answer says about a slot.
type row struct {
	answer int
	slot   string
}

// rows returns how many conversations each row rests on.
func (s Statistics) rows() map[row]int {
	rows := map[row]int{}
	for a := range s.Answers {
		for b := range a {
			n := s.together(a, b)
			rows[row{a, s.Answers[b].Slot}] += n
			rows[row{b, s.Answers[a].Slot}] += n
		}
	}
	return rows
}

// merge adds the counts of other conversations.
func (s *Statistics) merge(other Statistics) {
	s.Conversations += other.Conversations
	for _, key := range slices.Sorted(maps.Keys(other.Slots)) {
		s.addCounts(key, other.Slots[key], 1)
	}
	ids := s.ids()
	at := make([]int, len(other.Answers)) // positions here, -1 for none
	for i, g := range other.Answers {
		id, ok := s.idOf(g.key(), ids)
		if !ok {
			at[i] = -1
			continue
		}
		at[i] = id
		s.Answers[id].Count += g.Count
		s.Answers[id].Right += g.Right
		s.Answers[id].Wrong += g.Wrong
		for j := range i {
			if a, b := max(id, at[j]), min(id, at[j]); b >= 0 && a != b {
				s.Together[a][b] += other.together(i, j)
			}
		}
	}
}
