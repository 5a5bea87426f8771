package retrieval

import (
	"cmp"
	"math"
	"slices"
)

// Settings of fusion and feedback, chosen like those of BM25.
const (
	firstGrams    = 0.6 // share of the character runs in the first ranking
	feedbackTexts = 10  // best questions that lend their words
	feedbackShare = 0.4 // share of those words in the second search
	secondGrams   = 0.1 // share of the character runs in the second ranking
	// alike is how similar a goal has to be to one served earlier to count as
	// the same kind of goal.
	alike = 0.7
	// elsewhere is what is left of the score of a question that served one goal
	// only, which was another: such a question is mostly about that goal.
	elsewhere = 0.1
	// general is what the logarithm of the number of goals adds to the score of
	// a question that served several.
	general = 0.03
)

// scored is a question and its score.
type scored struct {
	id    string
	score float64
}

// blend adds two rankings, each in shares of its best score: the second one
// counts share, the first one the rest.
func blend(first, second []scored, share float64) []scored {
	sums := map[string]float64{}
	for _, s := range first {
		sums[s.id] += (1 - share) * s.score / first[0].score
	}
	for _, s := range second {
		sums[s.id] += share * s.score / second[0].score
	}
	return ranking(sums)
}

func ranking(scores map[string]float64) []scored {
	list := make([]scored, 0, len(scores))
	for id, score := range scores {
		list = append(list, scored{id, score})
	}
	slices.SortFunc(list, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id))
	})
	return list
}

// learn returns the terms of a query with the words of the questions that fit
// best: questions about one thing share words that the goal does not say.
func (s search) learn(q query, best []scored) weights {
	best = best[:min(len(best), feedbackTexts)]
	total := 0.0
	for _, b := range best {
		total += b.score
	}
	if total == 0 {
		return q.terms()
	}
	terms := q.terms()
	for index := range terms {
		terms[index] *= (1 - feedbackShare) / float64(max(1, len(q.stems)))
	}
	for _, b := range best {
		stems := stems(words(s.seen[b.id].Text))
		terms.add(plain, stems, feedbackShare*b.score/total/float64(max(1, len(stems))))
	}
	return terms
}

// recall counts what the questions seen served earlier: one that served a goal
// like this one fits as well as they are similar, one that served several
// goals is of general use, and one that served only another goal is not likely
// to be about this one.
func (s search) recall(goal string, found []scored) []scored {
	scores := map[string]float64{}
	for _, f := range found {
		scores[f.id] = f.score
	}
	similarity := similarTo(goal)
	for id, question := range s.seen {
		similar := 0.0
		for _, served := range question.Goals {
			similar = max(similar, similarity(served))
		}
		score := scores[id]
		switch n := len(question.Goals); {
		case n == 0:
		case similar >= alike:
			score = max(score, similar)
		case n == 1:
			score *= elsewhere
		default:
			score += general * math.Log(float64(n))
		}
		if score > 0 {
			scores[id] = score
		}
	}
	return ranking(scores)
}
