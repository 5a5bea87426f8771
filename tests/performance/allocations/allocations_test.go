// Package allocations fails when a call costs noticeably more than it did. It
// counts, because a shared machine's times say little: what a call allocates goes
// up with every needless copy, parse and encoding.
package allocations

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	fn "knative.dev/func-go/http"

	"github.com/sequential-questioning/sequential-questioning/functions/ask"
	followup "github.com/sequential-questioning/sequential-questioning/functions/follow-up"
	"github.com/sequential-questioning/sequential-questioning/functions/gateway"
	"github.com/sequential-questioning/sequential-questioning/functions/report"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

const (
	// file holds the budget of each call, through gateway and function.
	file = "budget.json"
	// growth is by how much a call may exceed it.
	growth = 1.15
	// slots is how many slots a conversation has, and answers how many are answered.
	slots, answers = 10, 8
	// conversations are measured after a few that warm up caches and connections.
	conversations, warm = 20, 5
)

// cost is what one call allocates, on average.
type cost struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

// UPDATE_SNAPSHOTS=1 writes the budget instead.
func TestNoCallOutgrowsItsBudget(t *testing.T) {
	endpoint := serve(t)
	total, calls := map[string]cost{}, map[string]int64{}
	// A collection would empty pools, and their refilling would count for whichever call comes next.
	collecting := debug.SetGCPercent(-1)
	defer debug.SetGCPercent(collecting)
	for n := range warm + conversations {
		lead(t, endpoint, n, func(kind string, call func()) {
			spent := measure(call)
			if n >= warm {
				sum := total[kind]
				total[kind] = cost{sum.Objects + spent.Objects, sum.Bytes + spent.Bytes}
				calls[kind]++
			}
		})
	}
	spent := map[string]cost{}
	for kind, sum := range total {
		spent[kind] = cost{sum.Objects / calls[kind], sum.Bytes / calls[kind]}
	}
	t.Log(spent)
	if os.Getenv("UPDATE_SNAPSHOTS") != "" {
		data, err := json.MarshalIndent(spent, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(data, '\n'), 0o644))
		return
	}
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	budget := map[string]cost{}
	require.NoError(t, json.Unmarshal(data, &budget))
	require.Len(t, spent, len(budget))
	for kind, most := range budget {
		const remedy = "%s: find what allocates (make bench ARGS=\"--profile folder\"), or, if it is meant, write the budget with UPDATE_SNAPSHOTS=1 go test ./tests/performance/allocations"
		assert.LessOrEqual(t, float64(spent[kind].Objects), growth*float64(most.Objects), "objects of "+remedy, kind)
		assert.LessOrEqual(t, float64(spent[kind].Bytes), growth*float64(most.Bytes), "bytes of "+remedy, kind)
	}
}

// lead leads one conversation; count runs its calls.
func lead(t *testing.T, endpoint http.Handler, n int, count func(kind string, call func())) {
	t.Helper()
	var keys []string
	for i := range slots {
		keys = append(keys, fmt.Sprintf(`"detail_%d"`, i))
	}
	var opened struct {
		ConversationID string `json:"conversation_id"`
	}
	count("open", func() {
		result := call(t, endpoint, "sequential_questioning", fmt.Sprintf(`{"context":"Plan number %d","information_needed":[%s]}`, n, strings.Join(keys, ",")))
		require.NoError(t, json.Unmarshal(result, &opened))
	})
	for i := range answers {
		count("answer", func() {
			call(t, endpoint, "sequential_questioning_follow_up", fmt.Sprintf(
				`{"conversation_id":%q,"answers":[{"slot":"detail_%d","value":"value %d","text":"it is value %d"}]}`, opened.ConversationID, i, i, i))
		})
	}
	count("report", func() {
		call(t, endpoint, "sequential_questioning_report", fmt.Sprintf(`{"conversation_id":%q}`, opened.ConversationID))
	})
}

func measure(call func()) cost {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return cost{int64(after.Mallocs - before.Mallocs), int64(after.TotalAlloc - before.TotalAlloc)}
}

// serve runs the gateway and the functions in this process, without a socket.
func serve(t *testing.T) http.Handler {
	t.Helper()
	t.Setenv("DATABASE_URL", postgrestest.New(t))
	t.Setenv("ALLOW_UNAUTHENTICATED", "true")
	t.Setenv("FUNCTION_URL", "http://{function}"+inprocess.Domain+"/mcp")
	t.Setenv("LOG_LEVEL", "error")
	for name, f := range map[string]*function.Function{"ask": ask.New(), "follow-up": followup.New(), "report": report.New()} {
		require.NoError(t, f.Start(t.Context(), nil))
		stop := inprocess.Serve(name, fn.New(f).Handler)
		t.Cleanup(func() {
			assert.NoError(t, stop(context.WithoutCancel(t.Context())))
			assert.NoError(t, f.Stop(context.WithoutCancel(t.Context())))
		})
	}
	route := gateway.New()
	require.NoError(t, route.Start(t.Context(), nil))
	t.Cleanup(func() { assert.NoError(t, route.Stop(context.WithoutCancel(t.Context()))) })
	return fn.New(route).Handler
}

// call returns the structured content of a result.
func call(t *testing.T, endpoint http.Handler, tool, arguments string) json.RawMessage {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/mcp", strings.NewReader(
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+tool+`","arguments":`+arguments+
			`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`))
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {tool},
	}
	response := httptest.NewRecorder()
	endpoint.ServeHTTP(response, request)
	body := response.Body.String()
	if start := strings.Index(body, "{"); start > 0 { // of an event stream
		body = body[start:]
	}
	var answer struct {
		Result struct {
			IsError           bool            `json:"isError"`
			StructuredContent json.RawMessage `json:"structuredContent"`
		} `json:"result"`
	}
	require.NoError(t, json.NewDecoder(strings.NewReader(body)).Decode(&answer), body)
	require.False(t, answer.Result.IsError, body)
	require.NotEmpty(t, answer.Result.StructuredContent, body)
	return answer.Result.StructuredContent
}
