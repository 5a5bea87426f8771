package gateway

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
)

const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}

func TestABodyAboveTheLimitIsRefused(t *testing.T) {
	r := newRoute(t, answering, func(c *Config) { c.MaxBodyBytes = 1000 })
	padded := func(size int) string { return ping + strings.Repeat(" ", size-len(ping)) }
	require.Equal(t, http.StatusOK, r.post(t, padded(1000)).status)

	declared := r.post(t, padded(1001))
	require.Equal(t, http.StatusRequestEntityTooLarge, declared.status)
	require.Contains(t, declared.failure(t).Message, "longer than 1000 bytes")
	require.Equal(t, "null", string(declared.message(t)["id"]))

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/mcp", struct{ *strings.Reader }{strings.NewReader(padded(5000))})
	require.NoError(t, err)
	request.ContentLength = -1
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
}

func TestWhatIsNoSingleJSONRPCMessageIsRefused(t *testing.T) {
	r := newRoute(t, answering)
	for name, c := range map[string]struct {
		body string
		code int
	}{
		"not UTF-8":      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"x\":\"\xff\"}", mcp.PARSE_ERROR},
		"malformed":      {`{"jsonrpc":"2.0",`, mcp.PARSE_ERROR},
		"empty":          {``, mcp.PARSE_ERROR},
		"two documents":  {ping + ping, mcp.PARSE_ERROR},
		"an empty batch": {"[]", mcp.INVALID_REQUEST},
		"a number":       {"7", mcp.INVALID_REQUEST},
		"null":           {"null", mcp.INVALID_REQUEST},
		"method a list":  {`{"jsonrpc":"2.0","id":1,"method":[]}`, mcp.INVALID_REQUEST},
		"id null":        {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, mcp.INVALID_REQUEST},
		"id a list":      {`{"jsonrpc":"2.0","id":[1],"method":"ping"}`, mcp.INVALID_REQUEST},
	} {
		t.Run(name, func(t *testing.T) {
			reply := r.post(t, c.body)
			require.Equal(t, http.StatusBadRequest, reply.status)
			require.Equal(t, c.code, reply.failure(t).Code)
			require.Equal(t, "null", string(reply.message(t)["id"]))
		})
	}
}

func TestProtocolErrorsAreAnsweredAsEachRevisionSays(t *testing.T) {
	r := newRoute(t, answering)
	t.Run("unknown tool", func(t *testing.T) {
		for revision, status := range map[string]int{"2025-06-18": 200, "2026-07-28": 400} {
			reply := r.inRevision(t, revision, "tools/call", `{"name":"nope"}`)
			require.Equal(t, status, reply.status)
			require.Equal(t, mcp.INVALID_PARAMS, reply.failure(t).Code)
			require.Contains(t, reply.failure(t).Message, "nope")
		}
	})
	t.Run("unknown method", func(t *testing.T) {
		for revision, status := range map[string]int{"2025-06-18": 200, "2026-07-28": 404} {
			reply := r.inRevision(t, revision, "no/such", `{}`)
			require.Equal(t, status, reply.status)
			require.Equal(t, mcp.METHOD_NOT_FOUND, reply.failure(t).Code)
		}
	})
	t.Run("notification", func(t *testing.T) {
		require.Equal(t, http.StatusAccepted, r.post(t, `{"jsonrpc":"2.0","method":"notifications/initialized"}`).status)
	})
	t.Run("wrong JSON-RPC version", func(t *testing.T) {
		require.Equal(t, mcp.INVALID_REQUEST, r.post(t, `{"jsonrpc":"1.0","id":1,"method":"ping"}`).failure(t).Code)
	})
	t.Run("content type", func(t *testing.T) {
		require.Equal(t, http.StatusBadRequest, r.post(t, ping, "Content-Type", "text/plain").status)
	})
	t.Run("unsupported revision", func(t *testing.T) {
		require.Equal(t, http.StatusBadRequest, r.post(t, ping, "Mcp-Protocol-Version", "1999-01-01").status)
		reply := r.inRevision(t, "2099-01-01", "tools/list", `{}`)
		require.Equal(t, http.StatusBadRequest, reply.status)
		require.Equal(t, mcp.UNSUPPORTED_PROTOCOL_VERSION, reply.failure(t).Code)
	})
	t.Run("headers that contradict the body", func(t *testing.T) {
		r := newRoute(t, mcpFunction(func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("done"), nil
		}))
		for _, header := range [][]string{{"Mcp-Name", "other"}, {"Mcp-Method", "tools/list"}, {"Mcp-Protocol-Version", "2025-11-25"}, {"Mcp-Name", ""}} {
			reply := r.callReport(t, "2026-07-28", header...)
			require.Equal(t, http.StatusBadRequest, reply.status, reply.body)
			require.Equal(t, mcp.HEADER_MISMATCH, reply.failure(t).Code)
		}
	})
	t.Run("capabilities missing", func(t *testing.T) {
		reply := r.post(t, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
			"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list")
		require.Equal(t, http.StatusBadRequest, reply.status)
		require.Equal(t, mcp.INVALID_PARAMS, reply.failure(t).Code)
	})
}

func TestOnlyPOSTIsMCP(t *testing.T) {
	r := newRoute(t, answering)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		reply := r.send(t, method, "/mcp", "")
		require.Equal(t, http.StatusMethodNotAllowed, reply.status, method)
		require.Contains(t, reply.header.Get("Allow"), http.MethodPost)
	}
	browser := r.send(t, http.MethodGet, "/", "", "Accept", "text/html,*/*")
	require.Equal(t, http.StatusOK, browser.status)
	require.Contains(t, browser.body, "Model Context Protocol")
	require.Contains(t, browser.header.Get("Content-Type"), "text/plain")
}

func TestOriginsAreCheckedAndAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		allowed []string
		origin  string
		status  int
	}{
		"loopback by default":  {nil, "http://localhost:6274", 200},
		"IPv6 loopback":        {nil, "http://[::1]:6274", 200},
		"other by default":     {nil, "https://evil.example", 403},
		"looks like loopback":  {nil, "http://localhost.evil.example", 403},
		"null":                 {nil, "null", 403},
		"listed":               {[]string{"https://app.example"}, "https://APP.example", 200},
		"not listed":           {[]string{"https://app.example"}, "http://localhost", 403},
		"listed with loopback": {[]string{"https://app.example", "loopback"}, "http://localhost", 200},
		"other port":           {[]string{"https://app.example"}, "https://app.example:8443", 403},
		"any":                  {[]string{"*"}, "https://evil.example", 200},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoute(t, answering, func(config *Config) {
				if c.allowed != nil {
					config.AllowedOrigins = c.allowed
				}
			})
			reply := r.post(t, ping, "Origin", c.origin)
			require.Equal(t, c.status, reply.status)
			require.Equal(t, "Origin", reply.header.Get("Vary"))
			if c.status == 200 {
				require.Equal(t, c.origin, reply.header.Get("Access-Control-Allow-Origin"))
				for _, exposed := range []string{"Mcp-Session-Id", "Mcp-Protocol-Version", "WWW-Authenticate"} {
					require.Contains(t, reply.header.Get("Access-Control-Expose-Headers"), exposed)
				}
				return
			}
			require.Empty(t, reply.header.Get("Access-Control-Allow-Origin"))
		})
	}
}

func TestAPreflightSaysWhatAPageMaySend(t *testing.T) {
	r := newRoute(t, answering)
	reply := r.send(t, http.MethodOptions, "/mcp", "", "Origin", "http://localhost:1",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "mcp-method, mcp-param-region, x-evil")
	require.Equal(t, http.StatusNoContent, reply.status)
	require.Contains(t, reply.header.Get("Access-Control-Allow-Methods"), "POST")
	require.Contains(t, reply.header.Get("Access-Control-Allow-Headers"), "mcp-name")
	require.Contains(t, reply.header.Get("Access-Control-Allow-Headers"), "mcp-param-region")
	require.NotContains(t, reply.header.Get("Access-Control-Allow-Headers"), "x-evil")
	require.Equal(t, http.StatusForbidden, r.send(t, http.MethodOptions, "/mcp", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST").status)
}

func TestOnlyListedHostNamesAreAnswered(t *testing.T) {
	r := newRoute(t, answering, func(c *Config) { c.AllowedHosts = []string{"localhost", "127.0.0.1", "::1"} })
	require.Equal(t, http.StatusOK, r.post(t, ping).status)
	require.Equal(t, http.StatusOK, r.post(t, ping, "Host", "LOCALHOST:9000").status)
	require.Equal(t, http.StatusOK, r.post(t, ping, "Host", "[::1]:9000").status)
	require.Equal(t, http.StatusForbidden, r.post(t, ping, "Host", "rebound.example:9000").status)
	require.Equal(t, http.StatusForbidden, r.send(t, http.MethodGet, "/metrics", "", "Host", "rebound.example").status)
	require.Equal(t, http.StatusOK, r.send(t, http.MethodGet, "/health/readiness", "", "Host", "10.0.0.7").status)

	open := newRoute(t, answering)
	require.Equal(t, http.StatusOK, open.post(t, ping, "Host", "gateway.prod.example").status)
}

func TestHealthNeedsNoFunction(t *testing.T) {
	r := newRouteTo(t, down(t))
	for _, path := range []string{"/health", "/health/liveness", "/health/readiness", "/metrics"} {
		require.Equal(t, http.StatusOK, r.send(t, http.MethodGet, path, "").status, path)
	}
}

func TestWithAnIssuerATokenIsNeededAndTheMetadataSaysWhose(t *testing.T) {
	r := newRoute(t, answering, func(c *Config) {
		c.Identity.Issuer, c.Identity.Resource = "https://login.example", "https://questions.example/mcp"
	})
	refused := r.callReport(t, "2026-07-28")
	require.Equal(t, http.StatusUnauthorized, refused.status)
	require.Contains(t, refused.header.Get("WWW-Authenticate"), "https://questions.example/.well-known/oauth-protected-resource/mcp")
	metadata := r.send(t, http.MethodGet, "/.well-known/oauth-protected-resource/mcp", "")
	require.Equal(t, http.StatusOK, metadata.status)
	require.Contains(t, metadata.body, "https://login.example")
}
