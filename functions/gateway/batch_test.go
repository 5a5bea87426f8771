package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
)

// batchOf is a batch of calls of a tool, with ids from 1.
func batchOf(calls int) string {
	var all []string
	for id := range calls {
		all = append(all, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":{"conversation_id":"c1"}}}`, id+1, reportTool))
	}
	return "[" + strings.Join(all, ",") + "]"
}

type batchResponse struct {
	ID     json.RawMessage
	Result json.RawMessage
	Error  *struct {
		Code    int
		Message string
	}
}

func (r reply) batch(t *testing.T) []batchResponse {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, r.body)
	require.Equal(t, "application/json", r.header.Get("Content-Type"))
	var all []batchResponse
	require.NoError(t, json.Unmarshal([]byte(r.body), &all), r.body)
	return all
}

func TestABatchIsAnsweredMessageByMessage(t *testing.T) {
	r := newRoute(t, answering)
	for _, headers := range [][]string{nil, {"Mcp-Protocol-Version", "2025-03-26"}} {
		all := r.post(t, `[`+ping+`,
			{"jsonrpc":"2.0","method":"notifications/initialized"},
			{"jsonrpc":"2.0","id":"call","method":"tools/call","params":{"name":"`+reportTool+`","arguments":{"conversation_id":"c1"}}},
			7,
			{"jsonrpc":"2.0","id":"unknown","method":"tools/call","params":{"name":"nope"}}]`, headers...).batch(t)
		require.Len(t, all, 4, "a notification has no response")
		require.NotEmpty(t, all[0].Result)
		require.Equal(t, `"call"`, string(all[1].ID))
		require.Contains(t, string(all[1].Result), "content")
		require.Equal(t, "null", string(all[2].ID))
		require.Equal(t, mcp.INVALID_REQUEST, all[2].Error.Code)
		require.Equal(t, `"unknown"`, string(all[3].ID))
		require.Equal(t, mcp.INVALID_PARAMS, all[3].Error.Code)
	}
}

func TestABatchWithoutRequestsIsAcceptedWithoutABody(t *testing.T) {
	r := newRoute(t, answering)
	reply := r.post(t, `[{"jsonrpc":"2.0","method":"notifications/initialized"},{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}]`)
	require.Equal(t, http.StatusAccepted, reply.status)
	require.Empty(t, reply.body)
}

func TestABatchIsBounded(t *testing.T) {
	r := newRoute(t, answering)
	require.Len(t, r.post(t, batchOf(maxBatch)).batch(t), maxBatch)
	for _, body := range []string{"[]", batchOf(maxBatch + 1)} {
		reply := r.post(t, body)
		require.Equal(t, http.StatusBadRequest, reply.status)
		require.Contains(t, reply.failure(t).Message, "a batch has 1 to 20 messages")
	}
}

func TestALaterRevisionHasNoBatches(t *testing.T) {
	r := newRoute(t, answering)
	for _, revision := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		reply := r.post(t, batchOf(1), "Mcp-Protocol-Version", revision)
		require.Equal(t, http.StatusBadRequest, reply.status)
		require.Contains(t, reply.failure(t).Message, "only revision 2025-03-26 has batches")
	}
	declared := r.post(t, `[{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}]`)
	require.Contains(t, declared.batch(t)[0].Error.Message, "have no batches")
}

func TestInitializeIsNoPartOfABatch(t *testing.T) {
	r := newRoute(t, answering)
	all := r.post(t, `[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}]`).batch(t)
	require.Contains(t, all[0].Error.Message, "initialize cannot be part of a batch")
}

// The progress of a call has nowhere to go, and its result comes in the array.
func TestACallOfABatchThatStreamsReturnsItsResult(t *testing.T) {
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"x\"}}\n\n")
		fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", call.ID, plainResult)
	}))
	all := r.post(t, batchOf(1)).batch(t)
	require.Len(t, all, 1)
	require.Contains(t, string(all[0].Result), "done")
}
