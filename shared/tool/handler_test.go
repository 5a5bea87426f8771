package tool

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	noCapabilities = `"io.modelcontextprotocol/clientCapabilities":{}`
	modern         = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` + noCapabilities + `}`
)

// headers of a request; an empty value leaves one out.
func headers(method string, others ...string) http.Header {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	header.Set(mcp.HeaderProtocolVersion, revision)
	header.Set(mcp.HeaderMethod, method)
	for i := 0; i < len(others); i += 2 {
		if header.Set(others[i], others[i+1]); others[i+1] == "" {
			header.Del(others[i])
		}
	}
	return header
}

func send(handler http.Handler, header http.Header, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
	request.Header = header.Clone()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// reference is mcp-go's server of the same tool.
func reference(tool Tool) http.Handler {
	s := server.NewMCPServer("test", "1", server.WithToolCapabilities(false), server.WithCacheHints(0, mcp.CacheScopePrivate))
	s.AddTool(tool.Declaration, func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		ctx, err := withExchange(ctx, &params{RequestState: request.Params.RequestState, Meta: meta{Capabilities: &capabilities{Elicitation: request.Params.Meta.ClientCapabilities().Elicitation}}})
		if err != nil {
			return nil, err
		}
		result, err := tool.Call(ctx, request.Params.RawArguments)
		if err != nil {
			return tool.failure(ctx, err), nil
		}
		return result, nil
	})
	return server.NewStreamableHTTPServer(s, server.WithStateLess(true), server.WithDisableStreaming(true),
		server.WithDisableLocalhostProtection(true), server.WithStreamableHTTPProtocolVersions(revision))
}

// What a client gets is what mcp-go's server of the same tool sends, whose own tests
// hold it to the protocol. The words of errors are our own.
func TestTheHandlerAnswersAsAGeneralOneDoes(t *testing.T) {
	greeting, asking := greet(nil), askName()
	call := func(rest string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet",` + rest + `}}`
	}
	elicits := `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}}}}`
	ada := call(`"arguments":{"name":"Ada <b>"},` + modern)
	named := []string{mcp.HeaderName, "greet"}
	for what, c := range map[string]struct {
		tool   Tool
		header http.Header
		body   string
	}{
		"a call":                           {greeting, headers("tools/call", named...), ada},
		"an id that is text":               {greeting, headers("tools/call", named...), strings.Replace(ada, `"id":1`, `"id":"a\"b"`, 1)},
		"a name in Base64":                 {greeting, headers("tools/call", mcp.HeaderName, "=?base64?Z3JlZXQ=?="), ada},
		"a call that fails":                {greeting, headers("tools/call", named...), call(`"arguments":{},` + modern)},
		"a call without arguments":         {asking, headers("tools/call", named...), call(modern)},
		"a form":                           {asking, headers("tools/call", named...), call(elicits)},
		"more than was asked":              {greeting, headers("tools/call", named...), call(`"arguments":{"name":"Ada"},"other":[1],` + modern)},
		"tools/list":                       {greeting, headers("tools/list"), `{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{` + modern + `}}`},
		"server/discover":                  {greeting, headers("server/discover"), `{"jsonrpc":"2.0","id":3,"method":"server/discover","params":{` + modern + `}}`},
		"a notification":                   {greeting, headers("notifications/cancelled"), `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,` + modern + `}}`},
		"no JSON":                          {greeting, headers("tools/call", named...), `{"jsonrpc"`},
		"another JSON-RPC":                 {greeting, headers("tools/call", named...), strings.Replace(ada, "2.0", "1.0", 1)},
		"another content type":             {greeting, headers("tools/call", "Content-Type", "text/plain"), ada},
		"a response":                       {greeting, headers(""), `{"jsonrpc":"2.0","id":4,"result":{"a":1,` + modern + `},"params":{` + modern + `}}`},
		"a method that was removed":        {greeting, headers("ping"), `{"jsonrpc":"2.0","id":5,"method":"ping","params":{` + modern + `}}`},
		"an unknown method":                {greeting, headers("tools/sing"), `{"jsonrpc":"2.0","id":6,"method":"tools/sing","params":{` + modern + `}}`},
		"an unknown tool":                  {greeting, headers("tools/call", mcp.HeaderName, "sing"), strings.Replace(ada, `"greet"`, `"sing"`, 1)},
		"no revision in the header":        {greeting, headers("tools/call", append(named, mcp.HeaderProtocolVersion, "")...), ada},
		"no revision in the body":          {greeting, headers("tools/call", named...), call(`"_meta":{` + noCapabilities + `}`)},
		"two revisions":                    {greeting, headers("tools/call", append(named, mcp.HeaderProtocolVersion, "2025-11-25")...), ada},
		"a later revision":                 {greeting, headers("tools/call", append(named, mcp.HeaderProtocolVersion, "2027-01-01")...), strings.Replace(ada, revision, "2027-01-01", 1)},
		"no capabilities":                  {greeting, headers("tools/call", named...), call(`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}`)},
		"capabilities that are none":       {greeting, headers("tools/call", named...), call(`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":5}`)},
		"no method in the header":          {greeting, headers("", append(named, mcp.HeaderMethod, "")...), ada},
		"another method in the header":     {greeting, headers("tools/list", named...), ada},
		"no name in the header":            {greeting, headers("tools/call"), ada},
		"another name in the header":       {greeting, headers("tools/call", mcp.HeaderName, "sing"), ada},
		"a name that is no Base64":         {greeting, headers("tools/call", mcp.HeaderName, "=?base64?%?="), ada},
		"a stream that is to be continued": {greeting, headers("tools/call", append(named, mcp.HeaderLastEventID, "7")...), ada},
	} {
		got, want := send(c.tool.Handler("test", "1"), c.header, c.body), send(reference(c.tool), c.header, c.body)
		assert.Equal(t, want.Code, got.Code, "%s: %s", what, got.Body)
		if want.Code == http.StatusOK {
			assert.JSONEq(t, want.Body.String(), got.Body.String(), what)
			assert.Equal(t, want.Header().Get("Content-Type"), got.Header().Get("Content-Type"), what)
		} else if strings.HasPrefix(want.Header().Get("Content-Type"), "application/json") {
			assert.Equal(t, refusalOf(t, want), refusalOf(t, got), what)
		}
	}
}

// refusal is what a client can act on in a JSON-RPC error.
type refusal struct {
	ID    any
	Error struct {
		Code int
		Data any
	}
}

func refusalOf(t *testing.T, recorder *httptest.ResponseRecorder) (r refusal) {
	t.Helper()
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &r), recorder.Body.String())
	require.NotZero(t, r.Error.Code, recorder.Body.String())
	return r
}

func TestAnOlderRevisionIsToldTheOneThereIs(t *testing.T) {
	for what, header := range map[string]http.Header{
		"2025-11-25": headers("", mcp.HeaderProtocolVersion, "2025-11-25", mcp.HeaderMethod, ""),
		"":           headers("", mcp.HeaderProtocolVersion, "", mcp.HeaderMethod, ""),
	} {
		recorder := send(greet(nil).Handler("test", "1"), header, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet"}}`)
		assert.Equal(t, http.StatusBadRequest, recorder.Code)
		refused := refusalOf(t, recorder)
		assert.Equal(t, mcp.UNSUPPORTED_PROTOCOL_VERSION, refused.Error.Code)
		assert.Equal(t, map[string]any{"supported": []any{revision}, "requested": what}, refused.Error.Data)
	}
}

func TestAMessageOfAnotherShapeIsRefused(t *testing.T) {
	for body, want := range map[string]struct {
		code int
		text string
	}{
		`[]`:        {mcp.INVALID_REQUEST, "the message cannot be a JSON array"},
		`5`:         {mcp.INVALID_REQUEST, "the message cannot be a JSON number"},
		`{"id":{}}`: {mcp.INVALID_REQUEST, "Invalid JSON-RPC version"},
		`{"jsonrpc":"2.0","id":{},"method":"tools/list"}`:              {mcp.INVALID_REQUEST, "id is neither a string nor a number"},
		`{"jsonrpc":"2.0","id":1,"method":7}`:                          {mcp.INVALID_REQUEST, "method cannot be a JSON number"},
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}`:   {mcp.INVALID_REQUEST, "params cannot be a JSON array"},
		`{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":true}}`: {mcp.INVALID_PARAMS, "params.name cannot be a JSON bool"},
	} {
		recorder := send(greet(nil).Handler("test", "1"), headers("tools/call"), body)
		assert.Equal(t, http.StatusBadRequest, recorder.Code, body)
		var answer struct{ Error mcp.JSONRPCErrorDetails }
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer), recorder.Body.String())
		assert.Equal(t, want.code, answer.Error.Code, body)
		assert.Equal(t, want.text, answer.Error.Message, body)
	}
}

func TestAPanicIsAFailedCall(t *testing.T) {
	logged := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(logged)
	tool := Define(Definition{Name: "greet"}, func(context.Context, greeting) (greeted, error) { panic("secret detail") })
	result := call(t, tool, map[string]any{"name": "Ada"})
	assert.True(t, result.IsError)
	assert.Contains(t, textOf(t, result), "internal error")
	assert.NotContains(t, textOf(t, result), "secret")
}

func TestAResponseToAFormThatCannotBeReadIsNamed(t *testing.T) {
	for responses, says := range map[string]string{
		`[]`:                     "inputResponses: cannot be read; send a response to each of the result's inputRequests, by its name",
		`{"form":5}`:             "inputResponses.form: is no response to a form; send its action and content",
		`{"other":5,"form":"x"}`: "inputResponses.form: is no response to a form; send its action and content",
	} {
		recorder := send(askName().Handler("test", "1"), headers("tools/call", mcp.HeaderName, "greet"),
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","inputResponses":`+responses+`,`+modern+`}}`)
		var answer struct {
			Result struct {
				IsError bool
				Content []struct{ Text string }
			}
		}
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer), recorder.Body.String())
		require.Len(t, answer.Result.Content, 1)
		assert.True(t, answer.Result.IsError)
		assert.Equal(t, says, answer.Result.Content[0].Text)
	}
}

func TestOnlyMessagesAreServed(t *testing.T) {
	recorder := httptest.NewRecorder()
	greet(nil).Handler("test", "1").ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/mcp", nil))
	assert.Equal(t, http.StatusMethodNotAllowed, recorder.Code, "a stream that stays open would keep the instance up")
	assert.Equal(t, http.MethodPost, recorder.Header().Get("Allow"))
}
