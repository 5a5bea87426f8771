package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

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

func TestANumberThatIsTooLargeIsNamed(t *testing.T) {
	_, err := greet(nil).Call(t.Context(), json.RawMessage(`{"name": "x", "times": 99999999999999999999}`))
	require.EqualError(t, err, "times: number 99999999999999999999 cannot be taken")
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
	}
}

func TestOnlyTheStatelessRevisionIsAdvertised(t *testing.T) {
	body := `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	request := httptest.NewRequest(http.MethodPost, "/mcp", bytes.NewReader([]byte(body)))
	for name, value := range map[string]string{"Content-Type": "application/json", mcp.HeaderProtocolVersion: "2026-07-28", mcp.HeaderMethod: "server/discover"} {
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	greet(nil).Handler("test", "1").ServeHTTP(recorder, request)
	var response struct{ Result mcp.DiscoverResult }
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &response), recorder.Body.String())
	assert.Equal(t, []string{"2026-07-28"}, response.Result.SupportedVersions)
}

func TestAnOutputMayGrow(t *testing.T) {
	assert.NotContains(t, string(greet(nil).Declaration.RawOutputSchema), "additionalProperties")
	assert.Contains(t, string(greet(nil).Declaration.RawInputSchema), `"additionalProperties":false`)
}
