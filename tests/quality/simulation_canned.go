package main

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// cannedTopics are the five questions that are asked whatever the goal is, each with
// the words by which a slot is taken to be about it. The words are generous to them:
// any one of a topic's settles a slot.
var cannedTopics = [][]string{
	{"goal", "purpose", "outcome", "objective", "aim", "result", "why", "reason", "motivation", "problem", "summary"},
	{"audience", "who", "people", "person", "user", "users", "attendees", "guests", "travellers", "travelers", "customer", "team", "stakeholders", "role"},
	{"constraint", "constraints", "budget", "limit", "limits", "cost", "price", "rules", "policy", "requirement", "requirements"},
	{"time", "when", "date", "deadline", "start", "end", "schedule", "duration", "timeline", "due", "urgency"},
	{"success", "measure", "metric", "criteria", "acceptance", "expected", "good", "done"},
}

// perCanned is how many slots the answer to one canned question may settle:
// people answer generously.
const perCanned = 2

// canned returns which share of somebody's wanted weight the canned questions
// settle: going by what the slots are about, and at best, were each of the five
// to settle one of the heaviest.
func canned(f schema, p person) (byTopic, atBest float64) {
	g := game{schema: f, person: p, state: questioning.New(f.goal, f.slots, questioning.Limits{})}
	wanted := g.wanted()
	slices.SortStableFunc(wanted, func(a, b questioning.Slot) int {
		switch {
		case weightOf(a) > weightOf(b):
			return -1
		case weightOf(a) < weightOf(b):
			return 1
		}
		return 0
	})
	total, settled := 0.0, map[string]bool{}
	for i, slot := range wanted {
		total += weightOf(slot)
		if i < len(cannedTopics) {
			atBest += weightOf(slot)
		}
	}
	if total == 0 {
		return 1, 1
	}
	for _, topic := range cannedTopics {
		room := perCanned
		for _, slot := range wanted {
			if room > 0 && !settled[slot.Key] && about(slot, topic) {
				settled[slot.Key] = true
				byTopic += weightOf(slot)
				room--
			}
		}
	}
	return byTopic / total, atBest / total
}

// about reports whether a word of the slot's key or title is one of the topic's. Whole
// words are compared: “when” is not found in “whenever”.
// Comparison ignores case.
func about(slot questioning.Slot, topic []string) bool {
	words := strings.FieldsFunc(strings.ToLower(slot.Key+" "+slot.Title), func(r rune) bool {
		return r == '_' || r == '-' || r == ' ' || r == '?' || r == ','
	})
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(topic, w) })
}
