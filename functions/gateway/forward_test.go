package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"
)

var bothEras = []string{"2025-06-18", "2026-07-28"}

func TestACallReachesItsFunctionAsAStateless20260728Call(t *testing.T) {
	for _, revision := range append(bothEras, "2024-11-05") {
		t.Run(revision, func(t *testing.T) {
			var got received
			r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) { got = call; call.answer(w, plainResult) }))
			reply := r.callReport(t, revision, "Authorization", "Bearer token", "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
			require.Equal(t, http.StatusOK, reply.status, reply.body)
			require.JSONEq(t, "7", string(reply.message(t)["id"]))

			require.Equal(t, "2026-07-28", got.Header.Get("Mcp-Protocol-Version"))
			require.Equal(t, "tools/call", got.Header.Get("Mcp-Method"))
			require.Equal(t, reportTool, got.Header.Get("Mcp-Name"))
			require.Equal(t, "application/json, text/event-stream", got.Header.Get("Accept"))
			require.Equal(t, "Bearer token", got.Header.Get("Authorization"))
			require.Contains(t, got.Header.Get("Traceparent"), "0af7651916cd43dd8448eb211c80319c")
			require.Empty(t, got.Header.Values("Idempotency-Key"))
			require.Equal(t, reportTool, got.Body.Name)
			require.JSONEq(t, `"2026-07-28"`, string(got.Body.Meta[mcp.MetaKeyProtocolVersion]))
			require.JSONEq(t, `{}`, string(got.Body.Meta[mcp.MetaKeyClientCapabilities]))
		})
	}
}

func TestArgumentsArriveByteForByte(t *testing.T) {
	arguments := `{ "z": 12345678901234567890, "a": 1.0, "nested": {"b":[1e3,  2] , "a":null}, "text": "<b> & \u00e9 é \/", "z2": 0.10 }`
	for _, revision := range bothEras {
		t.Run(revision, func(t *testing.T) {
			var got received
			r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) { got = call; call.answer(w, plainResult) }))
			reply := r.inRevision(t, revision, "tools/call", `{"name":"`+reportTool+`","arguments":`+arguments+`}`)
			require.Equal(t, http.StatusOK, reply.status, reply.body)
			require.Equal(t, arguments, string(got.Body.Arguments))
		})
	}
}

func TestACallWithoutArgumentsStaysWithoutThem(t *testing.T) {
	var got received
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) { got = call; call.answer(w, plainResult) }))
	r.inRevision(t, "2025-11-25", "tools/call", `{"name":"`+reportTool+`"}`).result(t)
	require.Nil(t, got.Body.Arguments)
}

func TestTheCallersMetadataIsPassedOn(t *testing.T) {
	var got received
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) { got = call; call.answer(w, plainResult) }))
	r.inRevision(t, "2026-07-28", "tools/call", `{"name":"`+reportTool+`","inputResponses":{"q1":{"action":"accept","content":{"n":12345678901234567890}}},"requestState":"sealed<&>",`+
		`"_meta":{"progressToken":12345678901234567890,"example.com/x":{"b":1,"a":2},`+
		`"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}}}}}`).result(t)
	require.Equal(t, "12345678901234567890", string(got.Body.Meta["progressToken"]))
	require.Equal(t, `{"b":1,"a":2}`, string(got.Body.Meta["example.com/x"]))
	require.JSONEq(t, `{"name":"c","version":"1"}`, string(got.Body.Meta[mcp.MetaKeyClientInfo]))
	require.JSONEq(t, `{"elicitation":{"form":{}}}`, string(got.Body.Meta[mcp.MetaKeyClientCapabilities]))
	require.Equal(t, `{"q1":{"action":"accept","content":{"n":12345678901234567890}}}`, string(got.Body.InputResponses))
	require.Equal(t, "sealed<&>", got.Body.RequestState)
}

func TestAnOlderClientCannotClaimCapabilitiesInACall(t *testing.T) {
	var got received
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) { got = call; call.answer(w, plainResult) }))
	r.inRevision(t, "2025-06-18", "tools/call", `{"name":"`+reportTool+`","_meta":{"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}`).result(t)
	require.JSONEq(t, `{}`, string(got.Body.Meta[mcp.MetaKeyClientCapabilities]))
}

func TestAResultIsPassedOnAsItIsLessWhatAnOlderRevisionDoesNotKnow(t *testing.T) {
	result := `{"resultType":"complete","isError":true,"content":[{"type":"text","text":"a"},{"type":"resource_link","uri":"x://y","name":"n"}],` +
		`"structuredContent":{"z":12345678901234567890,"a":0.10},` +
		`"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"report-function","version":"9"},"k":98765432109876543210}}`
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) { call.answer(w, result) }))

	old := r.callReport(t, "2025-06-18")
	require.Equal(t, `{"z":12345678901234567890,"a":0.10}`, string(old.result(t)["structuredContent"]))
	require.Equal(t, `{"k":98765432109876543210}`, string(old.result(t)["_meta"]))
	require.Equal(t, `true`, string(old.result(t)["isError"]))
	require.NotContains(t, old.result(t), "resultType")

	modern := r.callReport(t, "2026-07-28")
	require.Equal(t, `{"jsonrpc":"2.0","id":7,"result":`+result+`}`, modern.body)
}

func TestMcpGoSpeaksThroughTheGatewayInBothEras(t *testing.T) {
	r := newRoute(t, mcpFunction(func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if !server.IsModernRequest(ctx) {
			return nil, fmt.Errorf("not a modern call")
		}
		return mcp.NewToolResultText("got " + string(request.Params.RawArguments)), nil
	}))
	for _, revision := range []string{"2025-03-26", "2025-11-25", "2026-07-28"} {
		t.Run(revision, func(t *testing.T) {
			result, err := r.client(t, revision).CallTool(t.Context(), callReport())
			require.NoError(t, err)
			require.Equal(t, `got {"conversation_id":"c1"}`, result.Content[0].(mcp.TextContent).Text)
		})
	}
}

func TestProgressIsRelayedBeforeTheResult(t *testing.T) {
	for _, revision := range bothEras {
		t.Run(revision, func(t *testing.T) {
			proceed := make(chan struct{})
			r := newRoute(t, mcpFunction(func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				for i := range 3 {
					_ = server.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/progress", map[string]any{
						"progressToken": request.Params.Meta.ProgressToken, "progress": i, "message": "step",
					})
				}
				<-proceed
				return mcp.NewToolResultText("done"), nil
			}))
			stream := openStream(t, r, revision)
			for i := range 3 {
				event := stream.next(t)
				require.Contains(t, event, `"notifications/progress"`)
				require.Contains(t, event, `"progressToken":"p1"`)
				require.Contains(t, event, fmt.Sprintf(`"progress":%d`, i))
			}
			close(proceed)
			require.Contains(t, stream.next(t), `"done"`)
		})
	}
}

func TestEveryNotificationOfABurstArrivesInOrder(t *testing.T) {
	const burst = 1000
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range burst {
			_, _ = fmt.Fprintf(w, "event: message\r\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\r\ndata: \"params\":{\"progressToken\":\"p1\",\"progress\":%d,\"_meta\":{\"k\":1}}}\r\n\r\n", i)
		}
		_, _ = fmt.Fprintf(w, ": comment\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", call.ID, plainResult)
	}))
	stream := openStream(t, r, "2026-07-28")
	for i := range burst {
		event := stream.next(t)
		require.Contains(t, event, fmt.Sprintf(`"progress":%d,`, i))
		require.Contains(t, event, `"_meta":{"k":1}`)
	}
	require.Contains(t, stream.next(t), `"result"`)
}

func TestACallOutlivesTheServersDeadlines(t *testing.T) {
	slow := asFunction(func(w http.ResponseWriter, call received) {
		time.Sleep(500 * time.Millisecond)
		call.answer(w, plainResult)
	})
	backend := httptest.NewServer(slow)
	defer backend.Close()
	gateway := NewWith(configured(t, func(c *Config) {
		c.FunctionURLs, c.catalogue = map[string]string{"report": backend.URL}, []byte(testCatalogue)
	}))
	t.Cleanup(func() { _ = gateway.Stop(context.Background()) })
	front := httptest.NewUnstartedServer(http.HandlerFunc(gateway.Handle))
	front.Config.ReadTimeout, front.Config.WriteTimeout = 150*time.Millisecond, 150*time.Millisecond
	front.Start()
	defer front.Close()
	r := &route{url: front.URL}
	for range 2 {
		r.callReport(t, "2025-06-18").result(t)
	}
}

func TestASilentFunctionTimesOutButATalkingOneDoesNot(t *testing.T) {
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 13 {
			time.Sleep(100 * time.Millisecond)
			_, _ = fmt.Fprint(w, ": still here\n\n")
			w.(http.Flusher).Flush()
		}
		_, _ = fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", call.ID, plainResult)
	}), func(c *Config) { c.FunctionTimeout = time.Second })
	r.callReport(t, "2025-06-18").result(t)
}

func TestACancelledCallIsCancelledUpstream(t *testing.T) {
	for _, revision := range bothEras {
		t.Run(revision, func(t *testing.T) {
			arrived, gone := make(chan struct{}), make(chan struct{})
			r := newRoute(t, asFunction(func(_ http.ResponseWriter, call received) {
				close(arrived)
				<-call.Context().Done()
				close(gone)
			}))
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-arrived; cancel() }()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+reportTool+`"}}`))
			require.NoError(t, err)
			request.Header.Set("Content-Type", "application/json")
			_, err = http.DefaultClient.Do(request)
			require.ErrorIs(t, err, context.Canceled)
			select {
			case <-gone:
			case <-time.After(3 * time.Second):
				t.Fatal("the function was left working")
			}
		})
	}
}

func TestNobodyCancelsTheCallOfAnother(t *testing.T) {
	arrived, proceed := make(chan struct{}), make(chan struct{})
	r := newRoute(t, asFunction(func(w http.ResponseWriter, call received) {
		close(arrived)
		<-proceed
		call.answer(w, plainResult)
	}))
	done := make(chan reply)
	go func() { done <- r.callReport(t, "2025-06-18") }()
	<-arrived
	stranger := r.post(t, `{"jsonrpc":"2.0","method":"notifications\/cancelled","params":{"requestId":7}}`)
	require.Equal(t, http.StatusAccepted, stranger.status)
	close(proceed)
	(<-done).result(t)
}

func TestAModernClientIsAskedByTheFunctionThroughTheGateway(t *testing.T) {
	r := newRoute(t, mcpFunction(askingOnce))
	result, err := r.client(t, "2026-07-28", client.WithElicitationHandler(person{})).CallTool(t.Context(), callReport())
	require.NoError(t, err)
	require.Equal(t, "answered accept in state s1", result.Content[0].(mcp.TextContent).Text)
}

func TestAnOlderClientThatCannotBeAskedIsToldHowToGoOn(t *testing.T) {
	asking := asFunction(func(w http.ResponseWriter, call received) {
		call.answer(w, `{"resultType":"input_required","_meta":{"sequential-questioning/conversation":"c1"},"requestState":"s1","inputRequests":{"q1":{"method":"elicitation/create","params":{"message":"?","requestedSchema":{"type":"object"}}}}}`)
	})
	_, err := newRoute(t, asking).client(t, "2025-06-18").CallTool(t.Context(), callReport())
	require.ErrorContains(t, err, "put its questions to the person yourself")
}

func TestAConnectionThatTheFunctionClosedWhileIdleCostsNoCall(t *testing.T) {
	var calls atomic.Int32
	backend := httptest.NewUnstartedServer(asFunction(func(w http.ResponseWriter, call received) {
		calls.Add(1)
		call.answer(w, plainResult)
	}))
	backend.Config.IdleTimeout = 20 * time.Millisecond
	backend.Start()
	t.Cleanup(backend.Close)
	r := newRouteTo(t, backend.URL)
	for range 20 {
		r.callReport(t, "2025-06-18").result(t)
		time.Sleep(20 * time.Millisecond)
	}
	require.EqualValues(t, 20, calls.Load())
}

func callReport() mcp.CallToolRequest {
	request := mcp.CallToolRequest{}
	request.Params.Name = reportTool
	request.Params.Arguments = map[string]any{"conversation_id": "c1"}
	return request
}

func askingOnce(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if answer := server.ElicitationResponse(request.Params.InputResponses, "q1"); answer != nil {
		return mcp.NewToolResultText("answered " + string(answer.Action) + " in state " + request.Params.RequestState), nil
	}
	result := server.NewInputRequestBuilder("s1").Elicit("q1", mcp.ElicitationParams{
		Message:         "How many?",
		RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{"n": map[string]any{"type": "integer"}}},
	}).ToolResult()
	result.Meta = &mcp.Meta{AdditionalFields: map[string]any{"sequential-questioning/conversation": "c1"}}
	return result, nil
}

type person struct{}

func (person) Elicit(context.Context, mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{
		Action: mcp.ElicitationResponseActionAccept, Content: map[string]any{"n": 3},
	}}, nil
}

type eventStream struct {
	lines *bufio.Reader
	body  io.Closer
}

func openStream(t *testing.T, r *route, revision string) eventStream {
	t.Helper()
	meta := `"progressToken":"p1"`
	if mcp.IsModernProtocol(revision) {
		meta += `,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}`
	}
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + reportTool + `","_meta":{` + meta + `}}}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/mcp", strings.NewReader(body))
	require.NoError(t, err)
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Mcp-Protocol-Version": {revision}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {reportTool},
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	return eventStream{bufio.NewReader(response.Body), response.Body}
}

func (s eventStream) next(t *testing.T) string {
	t.Helper()
	data, err := nextEvent(s.lines)
	require.NoError(t, err)
	require.True(t, json.Valid(data))
	return string(data)
}
