// Package report is the tool that reports what a conversation has gathered.
package report

import (
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// New returns an instance of the function.
func New() *function.Function { return function.New("report", open, Tool) }

// open gives neither memory nor a model: a report says what is stored.
func open() (*conversation.Service, error) { return conversation.Open() }

// Tool is sequential_questioning_report.
func Tool(conversations *conversation.Service) tool.Tool {
	return tool.Define(tool.Definition{
		Name:        "sequential_questioning_report",
		Title:       "Report what was gathered",
		Description: "What a conversation has gathered: the values as one JSON object, the answers they rest on, contradictions and open points.",
		ReadOnly:    true,
		Idempotent:  true,
		Schemas:     conversation.Schemas(),
		Refine:      conversation.Refine,
		Declare:     conversation.Declare,
	}, conversations.Report)
}
