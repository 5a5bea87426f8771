package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/identity"
)

const testCatalogue = `{
  "server": {"name": "sequential-questioning", "title": "Sequential Questioning", "version": "1.2.3"},
  "tools": [
    {"function": "report", "asks": true, "tool": {"name": "sequential_questioning_report", "title": "Report",
      "description": "Values <gathered> & cited.",
      "inputSchema": {"type": "object", "required": ["conversation_id"], "properties": {"zeta": {"type": "integer", "maximum": 9007199254740993}, "conversation_id": {"type": "string"}}, "additionalProperties": false, "$comment": "kept"},
      "outputSchema": {"type": "object", "properties": {"coverage": {"type": "array"}}, "x-extra": [1, 2]},
      "annotations": {"readOnlyHint": true, "destructiveHint": false},
      "_meta": {"sequential-questioning/cost": 1}}},
    {"function": "ask", "tool": {"name": "sequential_questioning",
      "inputSchema": {"type": "object", "properties": {"context": {"type": "string"}}},
      "annotations": {"readOnlyHint": false}}}
  ],
  "playbooks": [
    {"name": "bug-report", "title": "Bug report", "description": "A defect.", "text": "# Bug report"},
    {"name": "travel", "title": "Travel", "description": "A trip.", "text": "# Travel\n\n- destination: Where to?"},
    {"name": "travel-insurance", "title": "Travel insurance", "description": "Cover.", "text": "# Travel insurance"}
  ]
}`

const reportTool = "sequential_questioning_report"

var legacyRevisions = mcp.LegacyProtocolVersions()

func TestMain(m *testing.M) {
	if os.Getenv("LOG_LEVEL") == "" {
		_ = os.Setenv("LOG_LEVEL", "error")
	}
	os.Exit(m.Run())
}

// open serves every caller.
var open = identity.Config{AllowUnauthenticated: true}

// configured returns the settings of a gateway that serves every caller.
func configured(t testing.TB, adjust ...func(*Config)) func() (Config, error) {
	t.Helper()
	config, err := FromEnvironment()
	require.NoError(t, err)
	config.Identity = open
	for _, change := range adjust {
		change(&config)
	}
	return func() (Config, error) { return config, nil }
}

// route is a running gateway whose report tool is served by a function of the
// test's own.
type route struct {
	url      string
	function *Function
	server   *httptest.Server
}

func newRoute(t testing.TB, function http.Handler, adjust ...func(*Config)) *route {
	t.Helper()
	backend := httptest.NewServer(function)
	t.Cleanup(backend.Close)
	return newRouteTo(t, backend.URL+"/mcp", adjust...)
}

func newRouteTo(t testing.TB, address string, adjust ...func(*Config)) *route {
	t.Helper()
	gateway := NewWith(configured(t, append([]func(*Config){func(config *Config) {
		config.FunctionURLs = map[string]string{"report": address, "ask": "http://127.0.0.1:1/mcp"}
		config.catalogue = []byte(testCatalogue)
		config.ServeMetrics = true
	}}, adjust...)...))
	require.NoError(t, gateway.Start(t.Context(), nil))
	front := httptest.NewServer(http.HandlerFunc(gateway.Handle))
	t.Cleanup(func() {
		front.Close()
		_ = gateway.Stop(context.Background())
	})
	return &route{url: front.URL, function: gateway, server: front}
}

// down is the address of a function that nothing listens on.
func down(t testing.TB) string {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	return closed.URL + "/mcp"
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) message(t testing.TB) map[string]json.RawMessage {
	t.Helper()
	text := r.body
	if strings.HasPrefix(r.header.Get("Content-Type"), "text/event-stream") {
		events := strings.Split(strings.TrimSpace(text), "\n\n")
		_, text, _ = strings.Cut(events[len(events)-1], "data: ")
	}
	var message map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(text), &message), r.body)
	return message
}

func (r reply) result(t testing.TB) map[string]json.RawMessage {
	t.Helper()
	var result map[string]json.RawMessage
	require.Contains(t, r.message(t), "result", r.body)
	require.NoError(t, json.Unmarshal(r.message(t)["result"], &result))
	return result
}

func (r reply) failure(t testing.TB) functionError {
	t.Helper()
	var failed functionError
	require.Contains(t, r.message(t), "error", r.body)
	require.NoError(t, json.Unmarshal(r.message(t)["error"], &failed))
	return failed
}

func (r *route) post(t testing.TB, body string, headers ...string) reply {
	t.Helper()
	return r.send(t, http.MethodPost, "/mcp", body, headers...)
}

func (r *route) send(t testing.TB, method, path, body string, headers ...string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return reply{response.StatusCode, response.Header, string(content)}
}

// inRevision sends a request the way a client of that revision does.
func (r *route) inRevision(t testing.TB, revision, method, params string, headers ...string) reply {
	t.Helper()
	if !mcp.IsModernProtocol(revision) {
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":%q,"params":%s}`, method, params)
		return r.post(t, body, append([]string{"Mcp-Protocol-Version", revision}, headers...)...)
	}
	meta := `"io.modelcontextprotocol/protocolVersion":"` + revision + `"`
	if !strings.Contains(params, mcp.MetaKeyClientCapabilities) {
		meta += `,"io.modelcontextprotocol/clientCapabilities":{}`
	}
	if strings.Contains(params, `"_meta":{`) {
		params = strings.Replace(params, `"_meta":{`, `"_meta":{`+meta+`,`, 1)
	} else {
		params = strings.TrimSuffix(params, "}")
		if params != "{" {
			params += ","
		}
		params += `"_meta":{` + meta + `}}`
	}
	standard := []string{"Mcp-Protocol-Version", revision, "Mcp-Method", method}
	if name, ok := mcp.ExtractHeaderName(mcp.MCPMethod(method), json.RawMessage(params)); ok {
		standard = append(standard, "Mcp-Name", name)
	}
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":%q,"params":%s}`, method, params)
	return r.post(t, body, append(standard, headers...)...)
}

func (r *route) callReport(t testing.TB, revision string, headers ...string) reply {
	t.Helper()
	return r.inRevision(t, revision, "tools/call", `{"name":"`+reportTool+`","arguments":{"conversation_id":"c1"}}`, headers...)
}

// asFunction is a function written by hand: it is given each call and answers
// as it likes.
type asFunction func(w http.ResponseWriter, call received)

type received struct {
	*http.Request
	body []byte
	ID   json.RawMessage `json:"id"`
	Body struct {
		Name           string                     `json:"name"`
		Arguments      json.RawMessage            `json:"arguments"`
		Meta           map[string]json.RawMessage `json:"_meta"`
		InputResponses json.RawMessage            `json:"inputResponses"`
		RequestState   string                     `json:"requestState"`
	} `json:"params"`
}

func (f asFunction) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := received{Request: r}
	call.body, _ = io.ReadAll(r.Body)
	if err := json.Unmarshal(call.body, &call); err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	f(w, call)
}

func (c received) answer(w http.ResponseWriter, result string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, c.ID, result)
}

const plainResult = `{"resultType":"complete","content":[{"type":"text","text":"done"}],"structuredContent":{"coverage":[]}}`

var answering = asFunction(func(w http.ResponseWriter, call received) { call.answer(w, plainResult) })

// mcpFunction is a function made with mcp-go, as the tools' functions are.
func mcpFunction(handler server.ToolHandlerFunc) http.Handler {
	s := server.NewMCPServer("report-function", "9.9.9", server.WithToolCapabilities(false))
	s.AddTool(mcp.NewToolWithRawSchema(reportTool, "", json.RawMessage(`{"type":"object"}`)), handler)
	return server.NewStreamableHTTPServer(s, server.WithStateLess(true), server.WithStreamableHTTPLogger(slog.New(slog.DiscardHandler)))
}

func (r *route) client(t testing.TB, revision string, options ...client.ClientOption) *client.Client {
	t.Helper()
	carrier, err := transport.NewStreamableHTTP(r.url + "/mcp")
	require.NoError(t, err)
	c := client.NewClient(carrier, append(options, client.WithProtocolVersion(revision))...)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { _ = c.Close() })
	request := mcp.InitializeRequest{}
	request.Params.ProtocolVersion = revision
	request.Params.ClientInfo = mcp.Implementation{Name: "test-client", Version: "1"}
	initialized, err := c.Initialize(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, "sequential-questioning", initialized.ServerInfo.Name)
	return c
}

func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 3*time.Second, 2*time.Millisecond, what)
}
