package integration

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// otlp is a collector that keeps what it is sent.
type otlp struct {
	mu    sync.Mutex
	raw   bytes.Buffer
	spans []*trace.Span
}

func (o *otlp) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.raw.Write(body)
	var request collector.ExportTraceServiceRequest
	if !strings.HasSuffix(r.URL.Path, "/traces") || proto.Unmarshal(body, &request) != nil {
		return
	}
	for _, resource := range request.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			o.spans = append(o.spans, scope.Spans...)
		}
	}
}

func TestACallCanBeFollowedFromTheGatewayToTheDatabase(t *testing.T) {
	t.Parallel()
	kept := &otlp{}
	server := httptest.NewServer(kept)
	defer server.Close()
	p := start(t, []string{
		"DATABASE_URL=" + postgrestest.New(t), "OTEL_EXPORTER_OTLP_ENDPOINT=" + server.URL,
		"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
	})
	c := connect(t, p.URL)
	turn := callTool(t, c, "sequential_questioning", map[string]any{"context": "the zebra plan", "information_needed": []string{"animal"}})
	callTool(t, c, "sequential_questioning_follow_up", map[string]any{"conversation_id": turn["conversation_id"],
		"answers": []map[string]any{{"slot": "animal", "text": "an okapi"}}})
	scraped := metrics(t, p.URL)
	p.Interrupt(t)

	kept.mu.Lock()
	defer kept.mu.Unlock()
	byID := map[string]*trace.Span{}
	for _, s := range kept.spans {
		byID[string(s.SpanId)] = s
	}
	var path []string
	for _, s := range kept.spans {
		if s.Name != "tools/call sequential_questioning_follow_up" || s.Kind != trace.Span_SPAN_KIND_INTERNAL {
			continue
		}
		for at := s; at != nil; at = byID[string(at.ParentSpanId)] {
			path = append(path, fmt.Sprint(strings.TrimPrefix(at.Kind.String(), "SPAN_KIND_"), " ", at.Name))
			assert.Equal(t, s.TraceId, at.TraceId)
		}
		below := 0
		for _, child := range kept.spans {
			if bytes.Equal(child.TraceId, s.TraceId) && child.Kind == trace.Span_SPAN_KIND_CLIENT && isBelow(child, s, byID) {
				below++
			}
		}
		assert.NotZero(t, below, "the database's spans hang below the tool's")
	}
	assert.Equal(t, []string{
		"INTERNAL tools/call sequential_questioning_follow_up", "SERVER follow-up",
		"CLIENT tools/call sequential_questioning_follow_up", "SERVER POST /mcp",
	}, path, "tool, function, gateway")

	for _, secret := range []string{"zebra", "okapi"} {
		assert.NotContains(t, kept.raw.String(), secret, "what people say stays out of telemetry")
		assert.NotContains(t, p.Output(), secret)
		assert.NotContains(t, scraped, secret)
	}
}

func isBelow(s, ancestor *trace.Span, byID map[string]*trace.Span) bool {
	for at := s; at != nil; at = byID[string(at.ParentSpanId)] {
		if bytes.Equal(at.SpanId, ancestor.SpanId) {
			return true
		}
	}
	return false
}

func metrics(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(strings.TrimSuffix(url, "/mcp") + "/metrics")
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

func TestMetricsSayWhatConversationsComeTo(t *testing.T) {
	t.Parallel()
	p := start(t, []string{"DATABASE_URL=" + postgrestest.New(t)})
	c := connect(t, p.URL)
	turn := callTool(t, c, "sequential_questioning", map[string]any{"context": "x", "information_needed": []any{"a", map[string]any{"key": "b", "options": []string{"x", "y"}}}})
	callTool(t, c, "sequential_questioning_follow_up", map[string]any{"conversation_id": turn["conversation_id"],
		"answers": []map[string]any{{"slot": "a", "outcome": "declined"}, {"slot": "b", "value": "x"}}})
	scraped := metrics(t, p.URL)
	for _, line := range []string{
		`mcp_tool_calls_total{tool="sequential_questioning"} 1`,
		`mcp_tool_call_duration_seconds_count{tool="sequential_questioning_follow_up"} 1`,
		`mcp_gateway_calls_total{outcome="ok",tool="sequential_questioning"} 1`,
		`questioning_questions_asked_total{purpose="ask"} 2`,
		`questioning_answers_recorded_total{outcome="declined"} 1`,
		`questioning_answers_recorded_total{outcome="answered"} 1`,
		`questioning_bits_gained_total 1`,
		`questioning_conversations_completed_total{reason="all_settled"} 1`,
	} {
		assert.Contains(t, scraped, line)
	}
	p.Interrupt(t)
}
