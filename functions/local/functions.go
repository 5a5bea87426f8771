package local

import (
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/functions/ask"
	"github.com/sequential-questioning/sequential-questioning/functions/automatic"
	followup "github.com/sequential-questioning/sequential-questioning/functions/follow-up"
	"github.com/sequential-questioning/sequential-questioning/functions/forget"
	"github.com/sequential-questioning/sequential-questioning/functions/indexer"
	"github.com/sequential-questioning/sequential-questioning/functions/recall"
	"github.com/sequential-questioning/sequential-questioning/functions/relay"
	"github.com/sequential-questioning/sequential-questioning/functions/report"
	"github.com/sequential-questioning/sequential-questioning/functions/revise"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

// ToolFunction is a function that serves one tool.
type ToolFunction struct {
	Name string // the function's folder and its name in func.yaml
	New  func() *function.Function
	Tool mcp.Tool
}

// ToolFunctions are all of them, in the order in which clients see the tools.
// A new tool is a folder beside this one and a line here.
var ToolFunctions = []ToolFunction{
	{"ask", ask.New, ask.Tool(nil).Declaration},
	{"follow-up", followup.New, followup.Tool(nil).Declaration},
	{"automatic", automatic.New, automatic.Tool(nil).Declaration},
	{"report", report.New, report.Tool(nil).Declaration},
	{"revise", revise.New, revise.Tool(nil).Declaration},
	{"recall", recall.New, recall.Tool(nil).Declaration},
	{"forget", forget.New, forget.Tool(nil).Declaration},
}

// EventingFunction is a function that works on events.
type EventingFunction struct {
	Name string
	New  func() *function.Function
}

// EventingFunctions carry what happened to memory, in the direction in which they
// do: each calls those after it.
var EventingFunctions = []EventingFunction{
	{"relay", relay.New},
	{"indexer", indexer.New},
}
