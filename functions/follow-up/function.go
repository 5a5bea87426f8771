// Package followup is the tool that takes in answers and asks on.
package followup

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// New returns an instance of the function.
func New() *function.Function { return function.New("follow-up", conversation.Open, Tool) }

// Tool is sequential_questioning_follow_up.
func Tool(conversations *conversation.Service) tool.Tool {
	return tool.Define(tool.Definition{
		Name:  "sequential_questioning_follow_up",
		Title: "Answer and ask on",
		Description: "Bring the person's reply and get the next questions: as answers by question or slot, " +
			"or as previous_messages in the person's own words. Go on until metadata.complete is true. " +
			"Without answers it returns the questions that are waiting. " +
			"Only user_id keeps people apart.",
		Idempotent: true,
		Schemas:    conversation.Schemas(),
		Refine:     conversation.RefineFollowUp,
	}, conversations.FollowUp)
}
