// Package ask is the tool that opens a conversation and asks the first
// questions.
package ask

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// New returns an instance of the function.
func New() *function.Function { return function.New("ask", conversation.Open, Tool) }

// Tool is sequential_questioning.
func Tool(conversations *conversation.Service) tool.Tool {
	return tool.Define(tool.Definition{
		Name:  "sequential_questioning",
		Title: "Ask for information",
		Description: "Start gathering information from a person, one small batch of questions at a time. " +
			"Say what for (context) and, if you know, what exactly (information_needed). " +
			"Put current_question to the person, then bring the reply to sequential_questioning_follow_up. " +
			"Only user_id keeps people apart.",
		Schemas: conversation.Schemas(),
		Refine:  conversation.RefineAsk,
	}, conversations.Ask)
}
