package gateway

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
)

func TestDiscoveryAnswersInEveryRevisionWithEveryFunctionDown(t *testing.T) {
	r := newRouteTo(t, down(t))
	for _, revision := range legacyRevisions {
		t.Run(revision, func(t *testing.T) {
			hello := r.inRevision(t, revision, "initialize",
				`{"protocolVersion":"`+revision+`","capabilities":{},"clientInfo":{"name":"c","version":"1"}}`)
			require.Equal(t, http.StatusOK, hello.status)
			require.JSONEq(t, `"`+revision+`"`, string(hello.result(t)["protocolVersion"]))
			require.Contains(t, string(hello.result(t)["instructions"]), "sequential_questioning_follow_up")
			require.JSONEq(t, `{"name":"sequential-questioning","title":"Sequential Questioning","version":"1.2.3"}`, string(hello.result(t)["serverInfo"]))

			require.Equal(t, http.StatusOK, r.inRevision(t, revision, "ping", `{}`).status)
			require.Equal(t, []string{reportTool, "sequential_questioning"}, listed(t, r.inRevision(t, revision, "tools/list", `{}`)))
		})
	}
	t.Run(mcp.ProtocolVersion20260728, func(t *testing.T) {
		hello := r.inRevision(t, mcp.ProtocolVersion20260728, "server/discover", `{}`)
		require.Equal(t, http.StatusOK, hello.status, hello.body)
		require.Contains(t, string(hello.result(t)["supportedVersions"]), "2024-11-05")
		require.Contains(t, string(hello.result(t)["instructions"]), "sequential_questioning_follow_up")
		tools := r.inRevision(t, mcp.ProtocolVersion20260728, "tools/list", `{}`)
		require.Equal(t, []string{reportTool, "sequential_questioning"}, listed(t, tools))
		require.Equal(t, "300000", string(tools.result(t)["ttlMs"]))
	})
}

func TestToolsAreListedAsTheCatalogueWritesThem(t *testing.T) {
	r := newRouteTo(t, down(t))
	var catalogue struct {
		Tools []struct{ Tool json.RawMessage }
	}
	require.NoError(t, json.Unmarshal([]byte(testCatalogue), &catalogue))
	var tools []json.RawMessage
	require.NoError(t, json.Unmarshal(r.inRevision(t, "2025-11-25", "tools/list", `{}`).result(t)["tools"], &tools))
	for i, tool := range tools {
		want, err := decodeMembers(catalogue.Tools[i].Tool)
		require.NoError(t, err)
		got, err := decodeMembers(tool)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.Contains(t, string(tools[0]), `"maximum":9007199254740993`)
}

func TestMcpGoClientsOfBothErasDiscover(t *testing.T) {
	r := newRouteTo(t, down(t))
	for _, revision := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		t.Run(revision, func(t *testing.T) {
			c := r.client(t, revision)
			tools, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
			require.NoError(t, err)
			require.Len(t, tools.Tools, 2)
		})
	}
}

func TestBothPathsServeMCP(t *testing.T) {
	r := newRoute(t, answering)
	for _, path := range []string{"/", "/mcp"} {
		reply := r.send(t, http.MethodPost, path, `{"jsonrpc":"2.0","id":1,"method":"ping"}`)
		require.JSONEq(t, `{"jsonrpc":"2.0","id":1,"result":{}}`, reply.body)
	}
	require.Equal(t, http.StatusNotFound, r.send(t, http.MethodPost, "/other", `{}`).status)
}

func TestAnEmptySubscriptionHoldsNothingOpen(t *testing.T) {
	r := newRoute(t, answering)
	reply := r.inRevision(t, "2026-07-28", "subscriptions/listen", `{"notifications":{"toolsListChanged":true}}`)
	require.Equal(t, http.StatusOK, reply.status, reply.body)
	for range 50 {
		reply := r.inRevision(t, "2026-07-28", "subscriptions/listen", `{"notifications":{}}`)
		require.Contains(t, reply.body, "notifications/subscriptions/acknowledged", "the first frame is never lost")
	}
}

func TestASessionIdIsOnlyForRevisionsThatKnowOne(t *testing.T) {
	r := newRoute(t, answering)
	old := r.inRevision(t, "2025-06-18", "initialize", `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}`)
	require.NotEmpty(t, old.header.Get("Mcp-Session-Id"))
	require.Empty(t, r.inRevision(t, "2026-07-28", "server/discover", `{}`).header.Get("Mcp-Session-Id"))
}

func listed(t *testing.T, reply reply) []string {
	t.Helper()
	var tools []struct{ Name string }
	require.NoError(t, json.Unmarshal(reply.result(t)["tools"], &tools))
	var names []string
	for _, tool := range tools {
		names = append(names, tool.Name)
	}
	return names
}
