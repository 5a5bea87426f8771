package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

const (
	askTool      = "sequential_questioning"
	followUpTool = "sequential_questioning_follow_up"
	reportTool   = "sequential_questioning_report"

	// family is the user id of conversations without a person: production requires one
	// in every call.
	family = "family"
)

// Slots and answers of the conversation, in the order of the slots.
var (
	trip = map[string]any{
		"context": "Book a trip for a family", "user_id": family,
		"information_needed": map[string]any{
			"type":     "object",
			"required": []any{"destination", "travellers"},
			"properties": map[string]any{
				"destination": map[string]any{"type": "string", "title": "Destination"},
				"travellers":  map[string]any{"type": "integer", "title": "Number of travellers"},
			},
		},
	}
	said = map[string]any{"destination": "Lisbon", "travellers": 4}
)

func answers(slots ...string) []any {
	var all []any
	for _, slot := range slots {
		all = append(all, map[string]any{"slot": slot, "value": said[slot]})
	}
	return all
}

// converse runs a whole conversation with calls of the newest revision.
func converse(ctx context.Context, t require.TestingT, route string) {
	opened, err := Call(ctx, route, askTool, trip)
	require.NoError(t, err)
	_, err = Call(ctx, route, followUpTool, map[string]any{"user_id": family, "conversation_id": opened["conversation_id"], "answers": answers("destination", "travellers")})
	require.NoError(t, err)
	reported(ctx, t, route, opened["conversation_id"])
}

func reported(ctx context.Context, t require.TestingT, route string, conversation any) {
	report, err := Call(ctx, route, reportTool, map[string]any{"user_id": family, "conversation_id": conversation})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"destination": "Lisbon", "travellers": float64(4)}, report["values"])
	require.Equal(t, true, report["complete"])
}

func TestClientsConverseOverTheRoute(t *testing.T) {
	begin(t)
	route := deployment.Route(Prod)
	t.Run("TypeScript", func(t *testing.T) {
		for name, kind := range map[string]string{
			"SDK 1, revision 2025-11-25":    "sdk-1",
			"client 2, revision 2025-11-25": "client-2-legacy",
			"client 2, revision 2026-07-28": "client-2",
		} {
			t.Run(name, func(t *testing.T) {
				run := filepath.Join("..", "conformance", "run.mjs")
				output, err := exec.CommandContext(t.Context(), "node", run, "whole", kind, route).CombinedOutput()
				require.NoError(t, err, string(output))
			})
		}
	})
	t.Run("mcp-go", func(t *testing.T) {
		for name, version := range map[string]string{"oldest revision": "2024-11-05", "newest revision": mcp.LATEST_PROTOCOL_VERSION} {
			t.Run(name, func(t *testing.T) { converseWithMCPGo(t, route, version) })
		}
	})
}

func converseWithMCPGo(t *testing.T, route, version string) {
	over, err := transport.NewStreamableHTTP(route)
	require.NoError(t, err)
	c := client.NewClient(over)
	require.NoError(t, c.Start(t.Context()))
	defer c.Close()
	request := mcp.InitializeRequest{}
	request.Params.ProtocolVersion = version
	request.Params.ClientInfo = mcp.Implementation{Name: "e2e", Version: "1"}
	_, err = c.Initialize(t.Context(), request)
	require.NoError(t, err)
	call := func(tool string, arguments map[string]any) map[string]any {
		request := mcp.CallToolRequest{}
		request.Params.Name, request.Params.Arguments = tool, arguments
		result, err := c.CallTool(t.Context(), request)
		require.NoError(t, err)
		require.False(t, result.IsError, "%v", result.Content)
		structured, _ := result.StructuredContent.(map[string]any)
		return structured
	}
	opened := call(askTool, trip)
	call(followUpTool, map[string]any{"user_id": family, "conversation_id": opened["conversation_id"], "answers": answers("travellers", "destination")})
	report := call(reportTool, map[string]any{"user_id": family, "conversation_id": opened["conversation_id"]})
	require.Equal(t, map[string]any{"destination": "Lisbon", "travellers": float64(4)}, report["values"])
}
