package questioning

import (
	"fmt"
	"strings"
)

// GenericPlaybook names the playbook that serves any goal.
const GenericPlaybook = "generic"

// Generic returns the slots of the generic playbook, worded for a goal: what
// one wants to know before starting on anything for anybody.
func Generic(goal string) []Slot {
	subject := fmt.Sprintf("“%s”", excerpt(firstSentence(goal)))
	slots := []Slot{
		{
			Key: "goal", Title: "Desired outcome", Required: true, Weight: 1.5,
			Question: "What exactly should be the result of %s?",
			LookFor:  []string{"a concrete result", "what will be different afterwards"},
		},
		{
			Key: "audience", Title: "Audience", Required: true, Weight: 1.2,
			Question: "Who is %s for?",
			LookFor:  []string{"who uses or receives it", "what they know and need"},
		},
		{
			Key: "constraints", Title: "Constraints", Required: true, Weight: 1.3,
			Question: "What constraints must %s respect?",
			LookFor:  []string{"budget", "rules and policies", "technical limits"},
		},
		{
			Key: "time", Title: "Time frame", Required: true, Weight: 1.2,
			Question: "By when is the result of %s needed, and why then?",
			LookFor:  []string{"a date or period", "what happens if it is late"},
		},
		{
			Key: "success", Title: "Success criteria", Required: true, Weight: 1.3,
			Question: "How will you tell that %s has succeeded?",
			LookFor:  []string{"a measure or test", "who decides"},
		},
		{
			Key: "resources", Title: "Resources", Weight: 1,
			Question: "What is there to work with for %s: money, tools, material, time?",
			LookFor:  []string{"budget", "tools", "hours available"},
		},
		{
			Key: "risks", Title: "Risks", Weight: 0.9,
			Question: "What could go wrong with %s, and what worries you most?",
			LookFor:  []string{"likely obstacles", "the cost of failure"},
		},
		{
			Key: "people", Title: "People involved", Weight: 0.9,
			Question: "Who else is involved in %s, and who has to agree?",
			LookFor:  []string{"names or roles", "who decides"},
		},
		{
			Key: "done_so_far", Title: "Done so far", Weight: 1.1,
			Question: "What has been done or decided about %s so far?",
			LookFor:  []string{"earlier attempts", "decisions that stand"},
		},
		{
			Key: "out_of_scope", Title: "Out of scope", Weight: 0.8,
			Question: "What does not belong to %s?",
			LookFor:  []string{"exclusions", "what comes later"},
		},
	}
	for i := range slots {
		slots[i].Type = Text
		slots[i].Question = fmt.Sprintf(slots[i].Question, subject)
	}
	return slots
}

// firstSentence is what the text begins with: its first line, or less.
func firstSentence(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	text = strings.Join(strings.Fields(text), " ")
	for i, r := range text {
		if strings.ContainsRune(".!?", r) && (i+1 == len(text) || text[i+1] == ' ') {
			return strings.TrimRight(text[:i], ".!?")
		}
	}
	return text
}
