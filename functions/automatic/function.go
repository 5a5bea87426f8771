// Package automatic is the tool by which the server asks the person itself.
package automatic

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/arguments"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/withmemory"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/withmodel"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// New returns an instance of the function.
func New() *function.Function { return function.New("automatic", open, Tool) }

func open() (*automatic.Service, error) { return automatic.Open(withmemory.Open, withmodel.Open) }

// Tool is sequential_questioning_automatic. conversations may be nil where the tool is
// only described, for the catalogue.
func Tool(conversations *automatic.Service) tool.Tool {
	return tool.DefineAsking(tool.Definition{
		Name:  automatic.ToolName,
		Title: "Ask until it is known",
		Description: "Gather information by showing the person forms until everything needed is known; returns what was gathered. " +
			"Put in context all that the chat already tells. Where no form can be shown, it returns the questions for you to put.",
		Schemas: automatic.Schemas(),
		Refine:  automatic.Refine,
		Declare: conversation.Declare,
		Shapes:  arguments.Shapes(),
	}, conversations.Ask)
}
