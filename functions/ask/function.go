// Package ask is the tool that opens a conversation and asks the first
// questions.
package ask

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/arguments"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/withmemory"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/withmodel"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// New returns an instance of the function. Knative's runtime calls its hooks; see
// package function.
func New() *function.Function { return function.New("ask", open, Tool) }

func open() (*conversation.Service, error) { return conversation.Open(withmemory.Open, withmodel.Open) }

// Tool is sequential_questioning. conversations may be nil where the tool is only
// described, for the catalogue.
func Tool(conversations *conversation.Service) tool.Tool {
	return tool.Define(tool.Definition{
		Name:  "sequential_questioning",
		Title: "Ask for information",
		Description: "Gather information from a person in small batches of questions. Pass in known all that the chat already tells; it is not asked again. " +
			"Then do what the result's next says.",
		First:   true,
		Schemas: conversation.Schemas(),
		Refine:  conversation.Refine,
		Declare: conversation.Declare,
		Shapes:  arguments.Shapes(),
	}, conversations.Ask)
}
