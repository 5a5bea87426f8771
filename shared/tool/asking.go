package tool

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
)

// formID names a tool's form among a result's input requests: there is one.
const formID = "form"

// DefineAsking is Define for a tool that may ask the person before it ends. It
// returns a form instead of a result, and is called again with what became of
// that. A form is asked for only where the exchange says that it can be shown.
func DefineAsking[In any, Out Rendered](d Definition, run func(context.Context, In, elicitation.Exchange) (Out, *elicitation.Ask, error)) Tool {
	declaration := declare[In, Out](d)
	decode := decoder[In](declaration.RawInputSchema)
	return Tool{declaration, func(ctx context.Context, arguments json.RawMessage) (*mcp.CallToolResult, error) {
		in, err := decode(arguments)
		if err != nil {
			return nil, err
		}
		out, ask, err := run(ctx, in, exchangeFrom(ctx))
		switch {
		case err != nil:
			return nil, err
		case ask != nil:
			return server.NewInputRequestBuilder(ask.State).Elicit(formID, ask.Form.Params()).ToolResult(), nil
		}
		return mcp.NewToolResultStructured(out, out.Text()), nil
	}}
}

type exchangeKey struct{}

// withExchange carries what a request brings besides its arguments.
func withExchange(ctx context.Context, request mcp.CallToolRequest) context.Context {
	exchange := elicitation.Exchange{State: request.Params.RequestState}
	if declared := request.Params.Meta.ClientCapabilities(); declared != nil {
		exchange.Elicits = elicitation.Supported(declared.Elicitation)
	}
	if answered := server.ElicitationResponse(request.Params.InputResponses, formID); answered != nil {
		exchange.Response = &answered.ElicitationResponse
	}
	return WithExchange(ctx, exchange)
}

// WithExchange returns a context in which a tool's Call finds an exchange.
func WithExchange(ctx context.Context, exchange elicitation.Exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, exchange)
}

func exchangeFrom(ctx context.Context) elicitation.Exchange {
	exchange, _ := ctx.Value(exchangeKey{}).(elicitation.Exchange)
	return exchange
}
