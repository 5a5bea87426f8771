package integration

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	automatictool "github.com/sequential-questioning/sequential-questioning/functions/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

var stateKeys = keyring.Generate()

// asking is an Automatic whose forms a person may decline at once.
func asking(t testing.TB, url string) *automatic.Service {
	t.Helper()
	a, err := automatic.New(serviceOn(t, url, 4), automatic.Config{FormSize: 3, ShownAfter: time.Nanosecond, RequestStateKeys: stateKeys})
	require.NoError(t, err)
	return a
}

func TestTheToolSpeaksMultiRoundTripRequests(t *testing.T) {
	t.Parallel()
	_, url := newService(t)
	// Every call meets another instance.
	instances := make(chan *httptest.Server, 2)
	for range cap(instances) {
		instances <- httptest.NewServer(automatictool.Tool(asking(t, url)).Handler("test", "1"))
	}
	forms := 0
	var c *client.Client
	handler := elicitationHandler(func(_ context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
		forms++
		schema, err := json.Marshal(request.Params.RequestedSchema)
		require.NoError(t, err)
		var form elicitation.Schema
		require.NoError(t, json.Unmarshal(schema, &form))
		content := map[string]any{}
		for _, f := range form.Fields {
			if value, ok := tripValues[f.Name]; ok {
				content[f.Name] = value
			}
		}
		return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{Action: "accept", Content: content}}, nil
	})
	front := httptest.NewServer(roundRobin(instances))
	t.Cleanup(front.Close)
	carrier, err := transport.NewStreamableHTTP(front.URL)
	require.NoError(t, err)
	c = client.NewClient(carrier, client.WithElicitationHandler(handler), client.WithProtocolVersion(mcp.ProtocolVersion20260728))
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { c.Close() })
	var init mcp.InitializeRequest
	init.Params.ProtocolVersion = mcp.ProtocolVersion20260728
	init.Params.Capabilities.Elicitation = &mcp.ElicitationCapability{Form: &struct{}{}}
	_, err = c.Initialize(t.Context(), init)
	require.NoError(t, err)
	var request mcp.CallToolRequest
	request.Params.Name = automatic.ToolName
	request.Params.Arguments = map[string]any{"context": "Book a trip", "information_needed": trip}
	result, err := c.CallTool(t.Context(), request)
	require.NoError(t, err)
	require.False(t, result.IsError, "%v", result.Content)
	assert.Equal(t, 2, forms)
	structured, err := json.Marshal(result.StructuredContent)
	require.NoError(t, err)
	var got automatic.Result
	require.NoError(t, json.Unmarshal(structured, &got))
	assert.Equal(t, automatic.StatusComplete, got.Status)
	assert.Equal(t, tripValues, got.Values)
}

func TestARelayedAnswerIsItsPrincipalsOnly(t *testing.T) {
	t.Parallel()
	_, url := newService(t)
	add := `INSERT INTO elicitations (principal, id, expires_at) VALUES ($1, 'ask-0123456789ABCDEF', now())`
	require.NoError(t, asOwner(t, url, add, "local"))
	require.ErrorContains(t, asOwner(t, url, add, "somebody else"), "row-level security")
}

func TestBadInputIsNamed(t *testing.T) {
	t.Parallel()
	_, url := newService(t)
	a := asking(t, url)
	ctx := tool.WithExchange(t.Context(), elicitation.Exchange{Elicits: true})
	for field, arguments := range map[string]string{
		"context":            `{}`,
		"max_rounds":         `{"context": "x", "max_rounds": 9}`,
		"conversation_id":    `{"conversation_id": "nonsense"}`,
		"information_needed": `{"conversation_id": "0198f0c0-0000-7000-8000-000000000000", "information_needed": ["a"]}`,
		"language":           `{"conversation_id": "0198f0c0-0000-7000-8000-000000000000", "language": "de"}`,
	} {
		_, err := automatictool.Tool(a).Call(ctx, json.RawMessage(arguments))
		var invalid *fault.Invalid
		require.ErrorAs(t, err, &invalid, field)
		assert.Equal(t, field, invalid.Field)
	}
	assert.Equal(t, 0, stored(t, url))
}
