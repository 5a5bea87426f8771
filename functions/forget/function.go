// Package forget is the tool that erases conversations.
package forget

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/withmemory"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// New returns an instance of the function.
func New() *function.Function { return function.New("forget", open, Tool) }

// open gives memory, so that it can be erased at once.
func open() (*conversation.Service, error) { return conversation.Open(withmemory.Open) }

// Tool is sequential_questioning_forget.
func Tool(conversations *conversation.Service) tool.Tool {
	return tool.Define(tool.Definition{
		Name:        "sequential_questioning_forget",
		Title:       "Forget",
		Description: "Erase for good one conversation, or everything of a user: questions, answers, memory.",
		Destructive: true,
		Idempotent:  true,
		Refine:      conversation.Refine,
		Declare:     conversation.Declare,
	}, conversations.Forget)
}
