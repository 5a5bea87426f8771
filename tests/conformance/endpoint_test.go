package conformance

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/tests/program"
)

// A deployed route to test instead of the program, and a bearer token for it.
var (
	endpoint = os.Getenv("ENDPOINT")
	token    = os.Getenv("TOKEN")
)

// ofItsOwn lists the tests that need their own program, with the reason.
var ofItsOwn = [][2]string{
	{"TestAConversationContinuesAfterAKillWithAnotherClient", "it kills the program"},
	{"TestTheProgramChoosesQuestionsWithoutASchema", "it would teach the deployed playbook"},
	{"TestTheServerElicitsAnswersThroughAnyInstance", "it starts the instances, and reads their database"},
	{"TestARouteIsTestedAsDeployed", "it deploys the route"},
	{"TestTheProgramServesHostsThatStartItThemselves", "it starts the program"},
}

func TestMain(m *testing.M) {
	if _, err := os.Stat(nodePath); err != nil {
		fail("node_modules is missing; run `make conformance` or `npm ci --prefix tests/conformance`")
	}
	if endpoint == "" {
		postgrestest.Main(program.Runner{M: m}, migrations.Up)
		return
	}
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		fail(fmt.Sprintf("ENDPOINT is %q, want a URL such as https://host/mcp", endpoint))
	}
	var names []string
	fmt.Printf("Testing %s. Skipped, because they need their own program:\n", endpoint)
	for _, test := range ofItsOwn {
		fmt.Printf("  %s: %s\n", test[0], test[1])
		names = append(names, test[0])
	}
	if err := flag.Set("test.skip", "^("+strings.Join(names, "|")+")$"); err != nil {
		fail(err.Error())
	}
	os.Exit(m.Run())
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, "error:", why)
	os.Exit(2)
}

// server returns the URL under test: the endpoint, or the program with its own database.
func server(t *testing.T) string {
	t.Helper()
	if endpoint != "" {
		return endpoint
	}
	return start(t, postgrestest.New(t)).URL
}

// environment returns the clients' variables: those of this process, with its proxies and
// certificates, if they connect to an endpoint.
func environment() []string {
	if endpoint == "" {
		return nil
	}
	return append(os.Environ(), "FORGET=1")
}

// bearing proxies the endpoint and adds the token, for clients that cannot send one.
func bearing(t *testing.T, route string) string {
	t.Helper()
	if token == "" {
		return route
	}
	to, err := url.Parse(route)
	require.NoError(t, err)
	var own string
	proxy := httptest.NewServer(buffered(&httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: to.Scheme, Host: to.Host})
			if r.In.Host != own {
				r.Out.Host = r.In.Host // keep the client's Host header
			}
			r.Out.Header.Set("Authorization", "Bearer "+token)
		},
	}))
	t.Cleanup(proxy.Close)
	own = strings.TrimPrefix(proxy.URL, "http://")
	return proxy.URL + to.EscapedPath()
}

// buffered reads a request completely before it forwards it: a proxy fails if the response
// comes before the end of the request.
func buffered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// A proxy requires the token and serves the program below a path.
func TestARouteIsTestedAsDeployed(t *testing.T) {
	database := postgrestest.New(t)
	to, err := url.Parse(start(t, database).URL)
	require.NoError(t, err)
	proxy := buffered(&httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: to.Scheme, Host: to.Host}) },
	})
	route := httptest.NewServer(http.StripPrefix("/questions", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "who is that?", http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	})))
	t.Cleanup(route.Close)
	test := func(token string) (string, error) {
		self, err := os.Executable()
		require.NoError(t, err)
		command := exec.CommandContext(t.Context(), self, "-test.v", "-test.run", ".*/(completes|elicits|passes)")
		command.Env = append(os.Environ(), "ENDPOINT="+route.URL+"/questions/mcp", "TOKEN="+token)
		output, err := command.CombinedOutput()
		return string(output), err
	}

	output, err := test("secret")
	require.NoError(t, err, output)
	assert.Contains(t, output, "TestAConversationContinuesAfterAKillWithAnotherClient: it kills the program")
	assert.NotContains(t, output, "=== RUN   TestTheProgram")
	assert.NotContains(t, output, "=== RUN   TestAConversationContinues")
	for _, promise := range []string{"completes_a_conversation/client-2", "elicits_answers_from_the_person/sdk-1", "passes_the_official_suite"} {
		assert.Contains(t, output, "--- PASS: TestTheServer/"+promise)
	}
	assert.Zero(t, rows(t, database, `SELECT count(*) FROM conversations`), "all conversations are erased")

	output, err = test("wrong")
	require.Error(t, err)
	assert.NotContains(t, output, "--- PASS: TestTheServer/")
}
