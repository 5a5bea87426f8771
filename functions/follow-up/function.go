// Package followup is the tool that records answers and asks the next questions.
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

// open gives no memory: a conversation that exists has asked it when it opened. One that
// messages open here does without. Clients that know this tool alone are rare, and Qdrant's
// client would make each start of the most called function a tenth larger.
func open() (*conversation.Service, error) { return conversation.Open(withmodel.Open) }

// Tool is sequential_questioning_follow_up. conversations may be nil where the tool is
// only described, for the catalogue.
func Tool(conversations *conversation.Service) tool.Tool {
	return tool.Define(tool.Definition{
		Name:  "sequential_questioning_follow_up",
		Title: "Answer and ask on",
		Description: "Send the person's reply as answers, each with slot or question_number, your reading of it as value and their words as text, and get the next questions. " +
			"Corrections and what was not asked count too. Continue until metadata.complete. Without answers it returns the questions that are waiting.",
		Idempotent: true,
		Resumes:    true,
		Schemas:    conversation.Schemas(),
		Refine:     conversation.Refine,
		Declare:    conversation.Declare,
		Shapes:     arguments.Shapes(),
	}, conversations.FollowUp)
}
