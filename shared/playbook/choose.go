package playbook

import (
	"fmt"
	"slices"
	"strings"
)

// Choice is the playbook for a goal and why it is that. The reason goes to the
// client's model, which can name another playbook in its next call.
type Choice struct {
	Playbook Playbook
	// Score is how clearly the best fitting playbook leads, 0 to 1. Below the threshold,
	// or when fewer than two words speak for it, the generic one was chosen instead.
	Score  float64
	Reason string // in words
	// Alternatives are the names of the next best, the best first.
	Alternatives []string
}

const (
	// threshold is the score below which a goal is left to the generic playbook: what
	// speaks for the best does not clearly outweigh what speaks for the next. Measured
	// on the goals in testdata: with it nine in ten are served by the right playbook
	// and hardly one in fifty by a wrong one.
	threshold = 0.42
	// maxAlternatives bounds how many playbooks are named beside the chosen one.
	maxAlternatives = 2
)

// Choose finds the playbook that fits a goal; the generic one when none clearly
// does. The same goal always gets the same. A wrong playbook asks a person for
// things beside the point, the generic one only asks less precisely; so the choice
// leans to the generic one.
func (l *Library) Choose(goal string) Choice {
	ranking := l.index().search(goal)
	var fitting []ranked
	other := 0.0 // how much speaks for what no playbook serves
	for _, r := range ranking {
		if r.name == Generic {
			other = r.weight
		} else {
			fitting = append(fitting, r)
		}
	}
	if len(fitting) == 0 {
		return l.choice(Generic, 0, "No playbook shares a telling word with the goal, so the generic one asks.", nil)
	}
	best := fitting[0]
	nearest := fmt.Sprintf("%s with %.2f, where %.2f is enough, by the words %s.", best.name, best.score, threshold,
		strings.Join(best.words[:min(len(best.words), wordsInReason)], ", "))
	if len(fitting) > 1 {
		nearest += fmt.Sprintf(" Next is %s with %.2f.", fitting[1].name, fitting[1].score)
	}
	switch {
	case !best.enough():
		return l.choice(Generic, best.score, "One word is not enough to choose by, so the generic one asks. The nearest is "+nearest, fitting)
	case best.score < threshold && other > 0:
		return l.choice(Generic, best.score, "The goal is as much like those that no playbook fits, so the generic one asks. The nearest is "+nearest, fitting)
	case best.score < threshold:
		return l.choice(Generic, best.score, "No playbook fits well enough, so the generic one asks. The nearest is "+nearest, fitting)
	}
	return l.choice(best.name, best.score, "The playbook that fits is "+nearest, fitting)
}

// choice is the playbook of that name with the next best of the fitting ones.
func (l *Library) choice(name string, score float64, reason string, fitting []ranked) Choice {
	playbook, _ := l.Get(name)
	c := Choice{Playbook: playbook, Score: score, Reason: reason}
	for _, r := range fitting {
		if r.name != name && len(c.Alternatives) < maxAlternatives {
			c.Alternatives = append(c.Alternatives, r.name)
		}
	}
	return c
}

// Named returns the playbook of that name, chosen by the caller; false when there
// is none. The goal only ranks the alternatives.
func (l *Library) Named(name, goal string) (Choice, bool) {
	if _, found := l.Get(name); !found {
		return Choice{}, false
	}
	return l.choice(name, 1, "The caller named it.", l.fitting(goal)), true
}

// fitting are the playbooks that a cue speaks for, the best first.
func (l *Library) fitting(goal string) []ranked {
	return slices.DeleteFunc(l.index().search(goal), func(r ranked) bool { return r.name == Generic })
}

// Names returns the names of all playbooks, sorted.
func (l *Library) Names() []string {
	names := make([]string, len(l.entries))
	for i, e := range l.entries {
		names[i] = e.name
	}
	return names
}
