package questioning

import (
	"maps"
	"slices"
)

// MinPeople is how many people must have answered before what they said shows
// to anybody else. With fewer, knowing some of them would reveal the rest.
const MinPeople = 5

// Pool returns what a person's conversations go by: their own earlier ones in
// full, and of each group of other people, in which everybody speaks with one
// conversation, what rests on MinPeople of them.
func Pool(own Statistics, groups ...Statistics) Statistics {
	all := Statistics{pooled: true}
	for _, group := range groups {
		if group.Conversations >= MinPeople {
			all.merge(group.ofMany(), group.rows(), MinPeople)
		}
	}
	all.merge(own, nil, 0)
	return all
}

// Merge returns all that people said, whoever they are. It is what predictions
// are tried with, and shown to nobody.
func Merge(groups ...Statistics) Statistics {
	all := Statistics{pooled: true}
	for _, group := range groups {
		all.merge(group, nil, 0)
	}
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

// ofMany returns what rests on many, pairs apart: of a slot the outcomes, and of
// an answered slot the options.
func (s Statistics) ofMany() Statistics {
	shown := s.clone()
	for key, c := range shown.Slots {
		total := 0
		for _, n := range c.Outcomes {
			total += n
		}
		switch {
		case total < MinPeople:
			delete(shown.Slots, key)
		case c.Outcomes[StatusAnswered] < MinPeople:
			shown.Slots[key] = Counts{Outcomes: c.Outcomes}
		}
	}
	for id, g := range shown.Answers {
		if g.Right+g.Wrong < MinPeople {
			shown.Answers[id].Right, shown.Answers[id].Wrong = 0, 0
		}
	}
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

// merge adds the counts of other conversations to pooled ones. An answer says
// something about a slot where the row rests on so many of them: that few who
// gave one answer gave another may show in what the usual one says about the
// rare, and never the other way round.
func (s *Statistics) merge(other Statistics, rows map[row]int, least int) {
	s.Conversations += other.Conversations
	for _, key := range slices.Sorted(maps.Keys(other.Slots)) {
		s.addCounts(key, other.Slots[key])
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
	}
	s.widen()
	for i := range other.Answers {
		for j := range other.Answers {
			if at[i] >= 0 && at[j] >= 0 && i != j && rows[row{i, other.Answers[j].Slot}] >= least {
				s.Together[at[i]][at[j]] += other.together(i, j)
			}
		}
	}
}

// widen makes room for what each answer says about each other.
func (s *Statistics) widen() {
	for a := range s.Together {
		wide := make([]int, len(s.Answers))
		copy(wide, s.Together[a])
		s.Together[a] = wide
	}
}
