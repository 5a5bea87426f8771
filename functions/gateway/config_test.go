package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheEnvironmentSaysWhereFunctionsAre(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "prod")
	t.Setenv("FUNCTION_URLS", "report=http://localhost:9003/mcp?a=b, ask=http://localhost:9001/mcp")
	config, err := FromEnvironment()
	require.NoError(t, err)
	for function, address := range map[string]string{
		"report":    "http://localhost:9003/mcp?a=b",
		"ask":       "http://localhost:9001/mcp",
		"follow-up": "http://follow-up.prod.svc.cluster.local/mcp",
	} {
		parsed, err := config.functionURL(function)
		require.NoError(t, err)
		require.Equal(t, address, parsed.String())
	}
	require.Equal(t, 30*time.Second, config.FunctionTimeout)
	require.EqualValues(t, 1<<20, config.MaxBodyBytes)
	require.EqualValues(t, 8<<20, config.MaxResponseBytes)
	require.Equal(t, 256, config.MaxConcurrentCalls)
	require.Equal(t, []string{"loopback"}, config.AllowedOrigins)
	require.Empty(t, config.AllowedHosts)
}

func TestAMalformedSettingFailsStartAndReadinessAndIsNamed(t *testing.T) {
	for name, c := range map[string]struct{ value, says string }{
		"FUNCTION_TIMEOUT":     {"soon", `FUNCTION_TIMEOUT is "soon": want a duration`},
		"ELICITATION_TIMEOUT":  {"-1s", "ELICITATION_TIMEOUT"},
		"MAX_CONCURRENT_CALLS": {"many", `MAX_CONCURRENT_CALLS is "many": want a whole number`},
		"FUNCTION_URL":         {"http://no-placeholder/mcp", "FUNCTION_URL"},
		"FUNCTION_URLS":        {"report=ftp://x", "FUNCTION_URLS"},
		"ALLOWED_ORIGINS":      {"app.example", "ALLOWED_ORIGINS"},
		"LOG_LEVEL":            {"loud", "LOG_LEVEL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, c.value)
			f := New()
			message := f.Start(t.Context(), nil)
			require.ErrorContains(t, message, c.says)
			ready, _ := f.Ready(t.Context())
			require.False(t, ready)
			answer := httptest.NewRecorder()
			f.Handle(answer, httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(ping)))
			require.Equal(t, http.StatusInternalServerError, answer.Code)
			require.NoError(t, f.Stop(t.Context()))
		})
	}
}

func TestTheFirstRequestConfiguresAFunctionThatWasNotStarted(t *testing.T) {
	f := NewWith(configured(t))
	ready, err := f.Ready(t.Context())
	require.NoError(t, err)
	require.False(t, ready)
	answer := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	request.Header.Set("Content-Type", "application/json")
	f.Handle(answer, request)
	require.Equal(t, http.StatusOK, answer.Code)
	ready, _ = f.Ready(t.Context())
	require.True(t, ready)
	alive, err := f.Alive(t.Context())
	require.NoError(t, err)
	require.True(t, alive)
	require.NoError(t, f.Stop(t.Context()))
}

func TestTheCommittedCatalogueIsValid(t *testing.T) {
	_, err := parseCatalogue(embeddedCatalogue)
	require.NoError(t, err)
}

func TestABrokenCatalogueSaysWhatIsWrong(t *testing.T) {
	entry := func(tool string) string {
		return `{"server":{"name":"n","version":"1"},"tools":[{"function":"f","tool":` + tool + `}]}`
	}
	for document, says := range map[string]string{
		`{`:  "catalogue: ",
		`{}`: "server needs a name",
		`{"server":{"name":"n","version":"1"},"toolz":[]}`:                                                            "toolz",
		`{"server":{"name":"n","version":"1"}} 7`:                                                                     "follows the document",
		`{"server":{"name":"n","version":"1"},"tools":[{"tool":` + minimalTool("t") + `}]}`:                           "tool t: function is missing",
		entry(`{"inputSchema":{}}`):                                                                                   "name is missing",
		entry(`{"name":"t"}`):                                                                                         "t: inputSchema is not an object",
		entry(`{"name":"t","inputSchema":{},"outputSchema":true}`):                                                    "t: outputSchema is not an object",
		entry(`{"name":"t","inputSchema":{},"future":1}`):                                                             "t: future would not be served as written",
		entry(`{"name":"t","inputSchema":{},"annotations":{"future":1}}`):                                             "t: annotations would not be served as written",
		strings.Replace(entry(minimalTool("t")), `]}`, `,{"function":"f","tool":{"name":"t","inputSchema":{}}}]}`, 1): "tool t: listed twice",
	} {
		t.Run(says, func(t *testing.T) {
			_, err := parseCatalogue([]byte(document))
			require.ErrorContains(t, err, says)
		})
	}
}

func minimalTool(name string) string { return `{"name":"` + name + `","inputSchema":{}}` }
