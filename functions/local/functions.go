package local

import (
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/functions/ask"
	followup "github.com/sequential-questioning/sequential-questioning/functions/follow-up"
	"github.com/sequential-questioning/sequential-questioning/functions/report"
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
	{"report", report.New, report.Tool(nil).Declaration},
}
