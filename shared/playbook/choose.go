package playbook

import (
	"fmt"
	"strings"
)

// Choice is the playbook for a goal and why it is that.
type Choice struct {
	Playbook Playbook
	// Score is how probable the best fitting playbook is, 0 to 1. Below Threshold,
	// or when the goal is more like those that have no playbook of their own, the
	// generic one was chosen instead.
	Score, Threshold float64
	Reason           string // in words
}

// Choose finds the playbook that fits a goal; the generic one when none does.
// The same goal always gets the same.
func (l *Library) Choose(goal string) Choice {
	fitting, without := l.fitting(goal)
	if len(fitting) == 0 {
		return l.generic(0, "No playbook shares a telling word with the goal, so the generic one asks.")
	}
	best := fitting[0]
	nearest := fmt.Sprintf("%s with %.2f, where %.2f is enough, by the words %s.", best.name, best.score, l.threshold, strings.Join(best.words, ", "))
	if len(fitting) > 1 {
		nearest += fmt.Sprintf(" Next is %s with %.2f.", fitting[1].name, fitting[1].score)
	}
	switch {
	case best.score < l.threshold:
		return l.generic(best.score, "No playbook fits well enough, so the generic one asks. The nearest is "+nearest)
	case best.score < without:
		return l.generic(best.score, fmt.Sprintf("The goal is more like those that no playbook fits (%.2f), so the generic one asks. The nearest is %s", without, nearest))
	}
	playbook, _ := l.Get(best.name)
	return Choice{playbook, best.score, l.threshold, "The playbook that fits is " + nearest}
}

// fitting returns the playbooks that a word of the goal speaks for, the best
// first, and the score of having none but the generic one.
func (l *Library) fitting(goal string) (found []ranked, without float64) {
	for _, r := range l.index().search(goal) {
		switch {
		case r.name == Generic:
			without = r.score
		case len(r.words) > 0:
			found = append(found, r)
		}
	}
	return found, without
}

func (l *Library) generic(score float64, reason string) Choice {
	playbook, _ := l.Get(Generic)
	return Choice{playbook, score, l.threshold, reason}
}
