// Package recall is the tool that finds earlier questions and answers.
package recall

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/withmemory"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// New returns an instance of the function.
func New() *function.Function { return function.New("recall", open, Tool) }

// open gives memory and no model: what is recalled is in the person's own words.
func open() (*conversation.Service, error) { return conversation.Open(withmemory.Open) }

// Tool is sequential_questioning_recall.
func Tool(conversations *conversation.Service) tool.Tool {
	return tool.Define(tool.Definition{
		Name:        "sequential_questioning_recall",
		Title:       "Recall earlier answers",
		Description: "Find what was said in earlier conversations, by meaning.",
		ReadOnly:    true,
		Idempotent:  true,
		Schemas:     conversation.Schemas(),
		Refine:      conversation.Refine,
		Declare:     conversation.Declare,
	}, conversations.Recall)
}
