package tool

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
)

// askName greets whoever the person says they are.
func askName() Tool {
	return DefineAsking(Definition{Name: "greet", Title: "Greet", Description: "Greets."},
		func(_ context.Context, _ struct{}, e elicitation.Exchange) (greeted, *elicitation.Ask, error) {
			switch {
			case !e.Elicits:
				return greeted{"hello whoever you are"}, nil, nil
			case e.State == "":
				form := elicitation.Form{Message: "Who are you?", Schema: elicitation.Schema{Fields: []elicitation.Field{{Name: "name", Type: "string"}}}}
				return greeted{}, &elicitation.Ask{Form: form, State: "asked"}, nil
			case e.Response == nil || e.Response.Action != mcp.ElicitationResponseActionAccept:
				return greeted{}, nil, fault.Invalidf("name", "is needed")
			}
			name, _ := elicitation.Content(e.Response)["name"].(string)
			return greeted{"hello " + name}, nil, nil
		})
}

type said mcp.ElicitationResponse

func (s said) Elicit(context.Context, mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse(s)}, nil
}

func callAsking(t *testing.T, options ...client.ClientOption) *mcp.CallToolResult {
	t.Helper()
	server := httptest.NewServer(askName().Handler("test", "1"))
	t.Cleanup(server.Close)
	c, err := client.NewStreamableHttpClient(server.URL)
	require.NoError(t, err)
	for _, option := range append(options, client.WithProtocolVersion(mcp.ProtocolVersion20260728)) {
		option(c)
	}
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.Start(t.Context()))
	var init mcp.InitializeRequest
	init.Params.ProtocolVersion = mcp.ProtocolVersion20260728
	_, err = c.Initialize(t.Context(), init)
	require.NoError(t, err)
	var request mcp.CallToolRequest
	request.Params.Name = "greet"
	result, err := c.CallTool(t.Context(), request)
	require.NoError(t, err)
	return result
}

func TestAToolMayAskThePersonFirst(t *testing.T) {
	result := callAsking(t, client.WithElicitationHandler(said{Action: "accept", Content: map[string]any{"name": "Ada"}}))
	assert.Equal(t, "It says: hello Ada", textOf(t, result))
	assert.False(t, result.NeedsInput())
}

func TestWhatBecameOfAFormReachesTheTool(t *testing.T) {
	result := callAsking(t, client.WithElicitationHandler(said{Action: "cancel"}))
	assert.True(t, result.IsError)
	assert.Equal(t, "name: is needed", textOf(t, result))
}

func TestAClientWithoutFormsIsNotAsked(t *testing.T) {
	assert.Equal(t, "It says: hello whoever you are", textOf(t, callAsking(t)))
}

func TestAFormIsAnInputRequest(t *testing.T) {
	result, err := askName().Call(WithExchange(t.Context(), elicitation.Exchange{Elicits: true}), nil)
	require.NoError(t, err)
	encoded, err := json.Marshal(result)
	require.NoError(t, err)
	assert.JSONEq(t, `{"resultType":"input_required","content":[],"requestState":"asked","inputRequests":{"form":{"method":"elicitation/create",
		"params":{"mode":"form","message":"Who are you?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}}}}`, string(encoded))
}
