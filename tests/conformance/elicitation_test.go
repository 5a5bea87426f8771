package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// Requests alternate between two gateways, and calls of the function between two instances.
func TestTheServerElicitsAnswersThroughAnyInstance(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"gateway", "automatic", "report", "forget"} {
		build(t, filepath.Join(bin, name), "functions/"+name+"/cmd/"+name)
	}
	store := postgrestest.New(t)
	database := "DATABASE_URL=" + store
	keys := "REQUEST_STATE_KEYS=" + keyring.Generate()
	functions := alternating(t, launch(t, filepath.Join(bin, "automatic"), database, keys), launch(t, filepath.Join(bin, "automatic"), database, keys))
	gateway := []string{database, "DATABASE_MAX_CONNS=2", "FUNCTION_URL=" + functions.URL + "/{function}", fmt.Sprintf("FUNCTION_URLS=report=%s/mcp,forget=%s/mcp",
		launch(t, filepath.Join(bin, "report"), database), launch(t, filepath.Join(bin, "forget"), database))}
	gateways := alternating(t, launch(t, filepath.Join(bin, "gateway"), gateway...), launch(t, filepath.Join(bin, "gateway"), gateway...))

	// Runs after the clients' tests, which are parallel.
	t.Cleanup(func() {
		assert.Zero(t, rows(t, store, `SELECT count(*) FROM elicitations WHERE response->'result'->'content' IS NOT NULL`), "no answers are left there")
	})
	for _, client := range clients {
		t.Run(client, func(t *testing.T) {
			before := gateways.crossed.Load()
			t.Log("20 conversations:", ask(t, "whole", client, gateways.URL, 20))
			if client != "client-2" { // which sends its answers with the next call
				crossed := gateways.crossed.Load() - before
				t.Log("answers that came to the other gateway:", crossed)
				assert.Positive(t, crossed)
			}
			promises := map[string]string{"waits for a person who takes longer than the client": "slow"}
			if client == "client-2" { // keeps its own state
				clear(promises)
			}
			for name, promise := range map[string]string{
				"continues after a form was closed":             "cancelled",
				"ignores a decline that is faster than reading": "unseen",
				"continues as text when a form is declined":     "declined",
				"gives the questions to a client without forms": "batch",
			} {
				promises[name] = promise
			}
			for name, promise := range promises {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					ask(t, promise, client, gateways.URL, 1)
				})
			}
		})
	}
}

func ask(t *testing.T, promise, client, url string, times int) string {
	t.Helper()
	stdout, stderr, err := node(t, "elicitation.mjs", promise, client, url, strconv.Itoa(times))
	require.NoError(t, err, stderr)
	return stdout
}

// rows returns a count from the database.
func rows(t *testing.T, store, query string) (rows int) {
	t.Helper()
	ctx := context.Background() // the test's may have ended
	conn, err := pgx.Connect(ctx, postgrestest.AdminURL(t, store))
	require.NoError(t, err)
	defer conn.Close(ctx)
	require.NoError(t, conn.QueryRow(ctx, query).Scan(&rows))
	return rows
}

func build(t *testing.T, path, source string) {
	t.Helper()
	output, err := exec.Command("go", "build", "-o", path, "github.com/sequential-questioning/sequential-questioning/"+source).CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// launch runs a function as on a cluster and returns its address once it is ready.
func launch(t *testing.T, path string, environment ...string) *url.URL {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	host := listener.Addr().String()
	require.NoError(t, listener.Close())
	var output bytes.Buffer
	command := exec.Command(path)
	command.Env = append(environment, "LISTEN_ADDRESS="+host, "ALLOW_UNAUTHENTICATED=true")
	command.Stdout, command.Stderr = &output, &output
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait() // an interrupt may be an error
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), output.String())
		}
	})
	address := &url.URL{Scheme: "http", Host: host}
	require.Eventually(t, func() bool {
		response, err := http.Get(address.String() + "/health/readiness")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, 10*time.Second, 10*time.Millisecond, "%s is not ready", filepath.Base(path))
	return address
}

// alternate is a route that alternates between its targets.
type alternate struct {
	*httptest.Server
	requests atomic.Uint64
	// crossed counts responses to forms that reached another target than the one that
	// sent the form.
	crossed atomic.Int64
	asked   sync.Map // target by the id of the form
}

var formID = regexp.MustCompile(`"id":"(ask-[A-Z0-9]+)"`)

func alternating(t *testing.T, targets ...*url.URL) *alternate {
	t.Helper()
	a := &alternate{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := targets[a.requests.Add(1)%uint64(len(targets))]
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, fmt.Sprint(err), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if answers := formID.FindSubmatch(body); answers != nil {
			if by, known := a.asked.Load(string(answers[1])); known && by != target {
				a.crossed.Add(1)
			}
		}
		proxy := httputil.ReverseProxy{
			FlushInterval: -1,
			Rewrite:       func(p *httputil.ProxyRequest) { p.SetURL(target) },
			ModifyResponse: func(response *http.Response) error {
				response.Body = &watched{response.Body, func(part []byte) {
					for _, found := range formID.FindAllSubmatch(part, -1) {
						a.asked.Store(string(found[1]), target)
					}
				}}
				return nil
			},
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

// watched is a body whose chunks are inspected as they pass.
type watched struct {
	io.ReadCloser
	look func([]byte)
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	w.look(p[:n])
	return n, err
}
