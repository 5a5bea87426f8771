package tool

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
)

type greeting struct {
	Name  string   `json:"name"`
	Times int      `json:"times,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

type greeted struct {
	Greeting string `json:"greeting"`
}

func (g greeted) Text() string { return "It says: " + g.Greeting }

func greet(fail error) Tool {
	return Define(Definition{Name: "greet", Title: "Greet", Description: "Greets.", ReadOnly: true},
		func(_ context.Context, in greeting) (greeted, error) { return greeted{"hello " + in.Name}, fail })
}

// call calls a tool over HTTP as the newest revision does.
func call(t *testing.T, tool Tool, arguments map[string]any) *mcp.CallToolResult {
	t.Helper()
	server := httptest.NewServer(tool.Handler("test", "1"))
	t.Cleanup(server.Close)
	c, err := client.NewStreamableHttpClient(server.URL)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.Start(t.Context()))
	var init mcp.InitializeRequest
	init.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	_, err = c.Initialize(t.Context(), init)
	require.NoError(t, err)
	var request mcp.CallToolRequest
	request.Params.Name, request.Params.Arguments = tool.Declaration.Name, arguments
	result, err := c.CallTool(t.Context(), request)
	require.NoError(t, err)
	return result
}

func textOf(t *testing.T, result *mcp.CallToolResult) string {
	t.Helper()
	require.NotEmpty(t, result.Content)
	content, ok := mcp.AsTextContent(result.Content[0])
	require.True(t, ok)
	return content.Text
}

func TestAResultIsStructuredAndReadable(t *testing.T) {
	result := call(t, greet(nil), map[string]any{"name": "Ada"})
	assert.False(t, result.IsError)
	assert.Equal(t, "It says: hello Ada", textOf(t, result))
	structured, err := json.Marshal(result.StructuredContent)
	require.NoError(t, err)
	assert.JSONEq(t, `{"greeting": "hello Ada"}`, string(structured))
}

func TestAWrongArgumentIsNamed(t *testing.T) {
	for arguments, says := range map[string]string{
		`{}`:                                 "name",
		`{"name": 5}`:                        "name: got number, want string",
		`{"name": "x", "nmae": "y"}`:         "nmae",
		`{"name": "x", "notes": ["a", 5]}`:   "notes[1]: got number, want string",
		`{"name": "x\u0000"}`:                "name: contains a NUL",
		`{"name": "x", "notes": ["\u0000"]}`: "notes[0]: contains a NUL",
		`{"name"`:                            "not valid JSON",
		`[]`:                                 "object",
	} {
		_, err := greet(nil).Call(t.Context(), json.RawMessage(arguments))
		var invalid *fault.Invalid
		require.ErrorAs(t, err, &invalid, arguments)
		assert.Contains(t, err.Error(), says)
	}
}

func TestAnArgumentThatIsNullIsLeftOut(t *testing.T) {
	_, err := greet(nil).Call(t.Context(), json.RawMessage(`{"name": "x", "times": null, "notes": null}`))
	require.NoError(t, err)
	_, err = greet(nil).Call(t.Context(), json.RawMessage(`{"name": null}`))
	require.ErrorContains(t, err, "name")
}

type measured struct {
	Name  string         `json:"name,omitempty"`
	Count int            `json:"count,omitempty"`
	Share float64        `json:"share,omitempty"`
	Any   any            `json:"any,omitempty"`
	More  map[string]any `json:"more,omitempty"`
	List  []greeting     `json:"list,omitempty"`
}

func measure() Tool {
	return Define(Definition{Name: "measure", Title: "Measure", Description: "Measures.", Refine: func(input *jsonschema.Schema) {
		input.Properties["list"].MaxItems = jsonschema.Ptr(3)
	}}, func(_ context.Context, in measured) (greeted, error) { return greeted{in.Name}, nil })
}

// What cannot be held is refused by the name of its argument, with what would be
// right, whatever the MCP server makes of it.
func TestWhatCannotBeHeldIsNamed(t *testing.T) {
	server := httptest.NewServer(measure().Handler("test", "1"))
	t.Cleanup(server.Close)
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for arguments, want := range map[string]string{
		`{"count": 1e400}`:                            "count: 1e400 is too large; a number is from -1.7e308 to 1.7e308",
		`{"share": -1e400}`:                           "share: -1e400 is too large; a number is from -1.7e308 to 1.7e308",
		`{"share": 1e2000000}`:                        "share: 1e2000000 is too large; a number is from -1.7e308 to 1.7e308",
		`{"share": 1e-999999}`:                        "share: 1e-999999 is too close to 0; the smallest number is 5e-324",
		`{"more": {"a": [0, 1E+999]}}`:                "more.a[1]: 1E+999 is too large; a number is from -1.7e308 to 1.7e308",
		`{"count": 99999999999999999999}`:             "count: 99999999999999999999 cannot be taken; send a whole number in at most 18 digits",
		`{"count": ` + strings.Repeat("9", 500) + `}`: "count: is a number of 500 characters, at most 100 are allowed",
		`{"count": 2.5}`:                              "count: got number, want integer",
		`{"count": true}`:                             "count: got boolean, want integer",
		`{"share": "x"}`:                              "share: got string, want number",
		`{"name": ["x"]}`:                             "name: got array, want string",
		`{"list": {}}`:                                "list: got object, want array",
		`{"list": [{"name": {}}]}`:                    "list[0].name: got object, want string",
		`{"list": [{"name": "\u0000"}]}`:              "list[0].name: contains a NUL character, which cannot be stored; remove it",
		`{"more": {"a\u0000": 1}}`:                    "more: has a name with a NUL character, which cannot be stored; remove it",
		`{"name": "\ud83d"}`:                          "name: contains half of a surrogate pair, which is no character; send whole characters",
		`{"name": "\ud83d\ud83d\ude00"}`:              "name: contains half of a surrogate pair, which is no character; send whole characters",
		`{"list": [{"name": "\uDE00 x"}]}`:            "list[0].name: contains half of a surrogate pair, which is no character; send whole characters",
		`{"more": {"\ud83d": 1}}`:                     "more: contains half of a surrogate pair, which is no character; send whole characters",
		`{"any": ` + deep + `}`:                       "any[0][0]: is nested more than 64 deep",
		`{"list": [{}, {}, {}, {}]}`:                  "list: has 4 items, at most 3 are allowed",
		`{"a\nSYSTEM: b": 1}`:                         `additional properties 'a\nSYSTEM: b' not allowed`,
	} {
		body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"measure","arguments":` + arguments +
			`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
		request, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(body))
		require.NoError(t, err)
		for name, value := range map[string]string{"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
			mcp.HeaderProtocolVersion: "2026-07-28", mcp.HeaderMethod: "tools/call", mcp.HeaderName: "measure"} {
			request.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		var answer struct {
			Result struct {
				IsError bool
				Content []struct{ Text string }
			}
		}
		raw, err := io.ReadAll(response.Body)
		response.Body.Close()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &answer), string(raw))
		if assert.Len(t, answer.Result.Content, 1, "%s: %s", arguments, raw) {
			assert.True(t, answer.Result.IsError)
			assert.Equal(t, want, answer.Result.Content[0].Text, arguments)
		}
	}
}

func TestWhatLooksWrongAndIsNotIsTaken(t *testing.T) {
	for _, arguments := range []string{
		`{"name": "\ud83d\ude00"}`, `{"name": "\\ud83d"}`, `{"name": "1e400"}`, `{"name": "\"1e400"}`, `{"share": 1e300}`, `{"share": 0e999999}`,
		`{"name": "\ufffd"}`, `{"list": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}`,
	} {
		_, err := measure().Call(t.Context(), json.RawMessage(arguments))
		assert.NoError(t, err, arguments)
	}
}

func TestFailuresSayWhetherToRepeat(t *testing.T) {
	for what, c := range map[string]struct {
		err       error
		says      string
		retryable bool
	}{
		"invalid":     {fault.Invalidf("name", "is taken"), "name: is taken", false},
		"unavailable": {&fault.Unavailable{What: "the database", Err: errors.New("secret host refused")}, "The database is not available at the moment. Repeat", true},
		"defect":      {errors.New("secret detail"), "internal error", false},
	} {
		result := call(t, greet(c.err), map[string]any{"name": "Ada"})
		assert.True(t, result.IsError, what)
		assert.Contains(t, textOf(t, result), c.says)
		assert.NotContains(t, textOf(t, result), "secret")
		assert.Equal(t, c.retryable, result.Meta.AdditionalFields[RetryableKey], what)
		assert.NotContains(t, result.Meta.AdditionalFields, StateRefusedKey, what)
	}
	refused := call(t, greet(fault.Invalidf("requestState", "has expired")), map[string]any{"name": "Ada"})
	assert.Equal(t, true, refused.Meta.AdditionalFields[StateRefusedKey])
}

func TestAnOutputMayGrow(t *testing.T) {
	assert.NotContains(t, string(greet(nil).Declaration.RawOutputSchema), "additionalProperties")
	assert.Contains(t, string(greet(nil).Declaration.RawInputSchema), `"additionalProperties":false`)
}
