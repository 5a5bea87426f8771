// Package forget is the tool that erases conversations.
package forget

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// New returns an instance of the function.
func New() *function.Function { return function.New("forget", conversation.Open, Tool) }

// Tool is sequential_questioning_forget.
func Tool(conversations *conversation.Service) tool.Tool {
	return tool.Define(tool.Definition{
		Name:  "sequential_questioning_forget",
		Title: "Forget",
		Description: "Erase one conversation, or with everything: true all of the user's, for good: questions, answers, memory. " +
			"Without user_id, everything is all that this caller ever stored for anybody. Says what went.",
		Destructive: true,
		Idempotent:  true,
	}, conversations.Forget)
}
