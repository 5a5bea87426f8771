package tool

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
)

// conversationKey is where a result's _meta names the conversation that it belongs
// to, as long as there is something left to ask: the gateway keeps a form that was
// not answered in time under it.
const conversationKey = "sequential-questioning/conversation"

// Continued is a result after which there may be something left to ask. Define does
// not look for it: only a tool that asks by forms leaves something for the gateway
// to keep.
type Continued interface {
	// OpenConversation is the id of the conversation; empty when it is complete.
	OpenConversation() string
}

// formID names a tool's form among a result's input requests: there is one.
const formID = "form"

// DefineAsking is Define for a tool that may ask the person before it ends. It
// returns a form instead of a result, and is called again with the person's
// response. A form is asked for only where the exchange says that it can be shown.
//
// run must not wait for the person. It is called again, on any instance with the
// same arguments, the sealed state of the form and the response (multi-round-trip
// requests, SEP-2322), and continues from the state alone.
func DefineAsking[In any, Out Rendered](d Definition, run func(context.Context, In, elicitation.Exchange) (Out, *elicitation.Ask, error)) Tool {
	t, decode := declare[In, Out](d)
	t.Asks = true
	t.Call = func(ctx context.Context, arguments json.RawMessage) (*mcp.CallToolResult, error) {
		in, notes, err := decode(arguments)
		if err != nil {
			return nil, err
		}
		out, ask, err := run(ctx, in, exchangeFrom(ctx))
		switch {
		case err != nil:
			return nil, err
		case ask != nil:
			return named(&mcp.CallToolResult{
				Result: mcp.Result{ResultType: mcp.ResultTypeInputRequired},
				MultiRoundTripResult: mcp.MultiRoundTripResult{
					InputRequests: mcp.InputRequests{formID: mcp.NewElicitationInputRequest(ask.Form.Params())},
					RequestState:  ask.State,
				},
			}, ask.Conversation), nil
		}
		result := structured(out, notes)
		if continued, ok := any(out).(Continued); ok {
			named(result, continued.OpenConversation())
		}
		return result, nil
	}
	return t
}

// named names the result's conversation, if there is one.
func named(result *mcp.CallToolResult, conversation string) *mcp.CallToolResult {
	if conversation != "" {
		result.Meta = &mcp.Meta{AdditionalFields: map[string]any{conversationKey: conversation}}
	}
	return result
}

type exchangeKey struct{}

// withExchange carries what a request brings besides its arguments. A response to
// the form that cannot be read is the caller's mistake, one to another request is none.
func withExchange(ctx context.Context, p *params) (context.Context, error) {
	exchange := elicitation.Exchange{State: p.RequestState}
	if declared := p.Meta.Capabilities; declared != nil {
		exchange.Elicits = elicitation.Supported(declared.Elicitation)
	}
	var responses mcp.InputResponses
	if len(p.InputResponses) > 0 {
		if err := json.Unmarshal(p.InputResponses, &responses); err != nil {
			return ctx, fault.Invalidf("inputResponses", "cannot be read; send a response to each of the result's inputRequests, by its name")
		}
	}
	if response, ok := responses[formID]; ok {
		if err := response.DecodeFor(mcp.MethodElicitationCreate); err != nil || response.Elicitation == nil {
			return ctx, fault.Invalidf("inputResponses."+formID, "is no response to a form; send its action and content")
		}
		exchange.Response = &response.Elicitation.ElicitationResponse
	}
	return WithExchange(ctx, exchange), nil
}

// WithExchange returns a context in which a tool's Call finds an exchange.
func WithExchange(ctx context.Context, exchange elicitation.Exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, exchange)
}

func exchangeFrom(ctx context.Context) elicitation.Exchange {
	exchange, _ := ctx.Value(exchangeKey{}).(elicitation.Exchange)
	return exchange
}
