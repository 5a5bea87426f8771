// Package revise is the tool that replaces an answer by a new one.
package revise

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/withmodel"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// New returns an instance of the function.
func New() *function.Function { return function.New("revise", open, Tool) }

func open() (*conversation.Service, error) { return conversation.Open(withmodel.Open) }

// Tool is sequential_questioning_revise. conversations may be nil where the tool is
// only described, for the catalogue.
func Tool(conversations *conversation.Service) tool.Tool {
	return tool.Define(tool.Definition{
		Name:        "sequential_questioning_revise",
		Title:       "Revise an answer",
		Description: "Replace an answer that the person corrects, named by slot, answer_number or question_number. Answers that depended on it are asked again.",
		Destructive: true,
		Idempotent:  true,
		Schemas:     conversation.Schemas(),
		Refine:      conversation.Refine,
		Declare:     conversation.Declare,
	}, conversations.Revise)
}
