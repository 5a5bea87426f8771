package local

import (
	"encoding/json"
	"os"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/functions/ask"
	"github.com/sequential-questioning/sequential-questioning/functions/automatic"
	followup "github.com/sequential-questioning/sequential-questioning/functions/follow-up"
	"github.com/sequential-questioning/sequential-questioning/functions/forget"
	"github.com/sequential-questioning/sequential-questioning/functions/recall"
	"github.com/sequential-questioning/sequential-questioning/functions/report"
	"github.com/sequential-questioning/sequential-questioning/functions/revise"
	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// ToolFunction is a function that serves one tool. Its fields are what the catalogue
// and the API reference are generated from.
type ToolFunction struct {
	Name    string // the function's folder and its name in func.yaml
	New     func() *function.Function
	Tool    mcp.Tool
	Asks    bool // the person, by an elicitation
	First   bool // what a new client calls
	Resumes bool // what a client calls that returns to a conversation
	// Accepts and Returns are the JSON Schemas of arguments and results in full.
	Accepts, Returns json.RawMessage
}

// ToolFunctions are all of them, in the order in which clients see the tools.
// A new tool is a folder beside this one and a line here.
var ToolFunctions = []ToolFunction{
	toolFunction("ask", ask.New, ask.Tool(nil)),
	toolFunction("follow-up", followup.New, followup.Tool(nil)),
	toolFunction("automatic", automatic.New, automatic.Tool(nil)),
	toolFunction("report", report.New, report.Tool(nil)),
	toolFunction("revise", revise.New, revise.Tool(nil)),
	toolFunction("recall", recall.New, recall.Tool(nil)),
	toolFunction("forget", forget.New, forget.Tool(nil)),
}

// toolFunction takes the tool's description from the function itself. The tool is made
// without a service: it is never called.
func toolFunction(name string, construct func() *function.Function, t tool.Tool) ToolFunction {
	return ToolFunction{name, construct, t.Declaration, t.Asks, t.First, t.Resumes, t.Accepts, t.Returns}
}

// EventingFunctions carry what happened to memory, in the direction in which they
// do: each calls those after it.
var EventingFunctions = []string{"relay", "indexer"}

// eventing makes the eventing functions. The relay passes events to the indexer directly
// and together, unless K_SINK names where they go. indexed, which may be nil, is called
// with each event that was indexed.
func eventing(indexed func(event.Event)) []*function.Function {
	index := sync.OnceValues(func() (*indexer.Handler, error) {
		handler, err := indexer.Open()
		if err == nil {
			handler.OnIndexed(indexed)
		}
		return handler, err
	})
	publish := func() (*delivery.RelayHandler, error) {
		if os.Getenv("K_SINK") != "" {
			return delivery.OpenRelay()
		}
		to, err := index()
		if err != nil {
			return nil, err
		}
		relay, err := delivery.OpenRelayTo(to)
		if err != nil {
			to.Close() // its own function does not start
		}
		return relay, err
	}
	return []*function.Function{
		function.Serve(EventingFunctions[0], func() (function.Service, error) { return publish() }),
		function.Serve(EventingFunctions[1], func() (function.Service, error) { return index() }),
	}
}
