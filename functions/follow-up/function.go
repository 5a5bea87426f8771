// Package followup is the tool that takes in answers and asks on.
package followup

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/arguments"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/withmodel"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// New returns an instance of the function.
func New() *function.Function { return function.New("follow-up", open, Tool) }

func open() (*conversation.Service, error) { return conversation.Open(withmodel.Open) }

// Tool is sequential_questioning_follow_up.
func Tool(conversations *conversation.Service) tool.Tool {
	return tool.Define(tool.Definition{
		Name:  "sequential_questioning_follow_up",
		Title: "Answer and ask on",
		Description: "Send the person's reply as answers, each with slot or question_number, your reading of it as value and their words as text, and get the next questions. " +
			"Corrections and what was not asked count too. Continue until metadata.complete. Without answers it returns the questions that are waiting.",
		Idempotent: true,
		Schemas:    conversation.Schemas(),
		Refine:     conversation.Refine,
		Declare:    conversation.Declare,
		Shapes:     arguments.Shapes(),
	}, conversations.FollowUp)
}
