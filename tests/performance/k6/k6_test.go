// Package k6 tests the load test itself: it passes against a healthy server and fails
// against a faulty one.
package k6

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/tests/program"
)

func TestMain(m *testing.M) { postgrestest.Main(program.Runner{M: m}, migrations.Up) }

const (
	crossed  = 99 // k6's exit code for a threshold
	runLimit = 2 * time.Minute
)

func TestThresholdsHoldAndConversationsAreErased(t *testing.T) {
	database := postgrestest.New(t)
	target := behind(t, serve(t, database), func(w http.ResponseWriter, r *http.Request) bool {
		if r.Host != "questions.example.com" || r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "who is that?", http.StatusUnauthorized)
			return true
		}
		return false
	}, nil)
	ran := load(t, "TARGET="+target, "HOST_HEADER=questions.example.com", "TOKEN=secret", "WARMUP=1s", "P95=5000")
	require.Zero(t, ran.code, ran.output)
	for _, threshold := range []string{"http_req_duration{scenario:conversations}", "http_req_failed{scenario:conversations}",
		"http_reqs{scenario:conversations}", "calls_failed", "checks", "conversations_completed"} {
		assert.Equal(t, "pass", ran.verdict(threshold), threshold)
	}
	assert.Greater(t, ran.figures.Metrics["conversations_completed"].Values["count"], 1.0)
	assert.Zero(t, conversations(t, database))
}

func TestAThresholdIsCrossedBy(t *testing.T) {
	var calls atomic.Int64
	for name, fault := range map[string]struct {
		before    func(http.ResponseWriter, *http.Request) bool
		falsify   func(tool, body string) string
		threshold string
		settings  []string
	}{
		"slow answers":     {before: delay(700 * time.Millisecond), threshold: "http_req_duration{scenario:conversations}"},
		"a rate not kept":  {before: delay(1500 * time.Millisecond), threshold: "http_reqs{scenario:conversations}", settings: []string{"P95=60000"}},
		"failing requests": {before: every(&calls, 20), threshold: "http_req_failed{scenario:conversations}"},
		"failing calls": {falsify: func(tool, body string) string {
			return strings.Replace(body, `"result":{`, `"result":{"isError":true,`, 1)
		}, threshold: "calls_failed"},
		"a result without its questions": {falsify: func(_, body string) string {
			return strings.Replace(body, `"questions":[`, `"asked":[`, 1)
		}, threshold: "checks"},
		"a value that nobody gave": {falsify: inReport(`"values":\{`, `"values":{"hat":1,`), threshold: "checks"},
		"a value that is lost":     {falsify: inReport(`("values":\{.*?)"subject":"[^"]*",?`, `$1`), threshold: "checks"},
		"a value that is wrong":    {falsify: inReport(`("values":\{.*?"participants":)(\d+)`, `${1}1$2`), threshold: "checks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := behind(t, serve(t, postgrestest.New(t)), fault.before, fault.falsify)
			ran := load(t, append(fault.settings, "TARGET="+target)...)
			assert.Equal(t, crossed, ran.code, ran.output)
			assert.Equal(t, "FAIL", ran.verdict(fault.threshold), ran.output)
		})
	}
}

func TestFailedCallsAreRetriedWithoutHarm(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	target := behind(t, serve(t, postgrestest.New(t)), nil, func(_, body string) string {
		if calls.Add(1)%20 == 0 { // processed, but the response is lost
			return "upstream connect error"
		}
		return body
	})
	ran := load(t, "TARGET="+target)
	assert.Equal(t, "FAIL", ran.verdict("calls_failed"), ran.output)
	assert.Equal(t, "pass", ran.verdict("checks"), ran.output)
}

func TestAnInterruptEndsItAndConversationsAreErased(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t)
	command := prepare(t, "TARGET="+serve(t, database), "DURATION=5m")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, command.Start())
	require.Eventually(t, func() bool { return conversations(t, database) > 0 }, time.Minute, 100*time.Millisecond)
	require.NoError(t, syscall.Kill(-command.Process.Pid, syscall.SIGINT)) // like a terminal
	assert.Error(t, command.Wait())
	assert.Equal(t, 130, command.ProcessState.ExitCode(), output.String())
	assert.Zero(t, conversations(t, database), output.String())
}

func TestInvalidUsageIsOneClearError(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	for setting, want := range map[string]struct {
		code int
		says string
	}{
		"TARGET=questions.example.com":     {2, `TARGET is "questions.example.com", want a URL such as https://host/mcp`},
		"TARGET=http://127.0.0.1:1/mcp":    {1, "TARGET http://127.0.0.1:1/mcp is not this server: .*refused"},
		"TARGET=" + elsewhere.URL + "/mcp": {1, "TARGET " + elsewhere.URL + "/mcp is not this server: HTTP 404"},
		"RATE=fast":                        {2, `RATE is "fast", want requests per second`},
		"DURATION=long":                    {2, `DURATION is "long", want a time such as 90s or 5m`},
		"SHORT=yes":                        {2, `SHORT is "yes", want 1`},
	} {
		ran := load(t, setting)
		assert.Equal(t, want.code, ran.code, ran.output)
		assert.Regexp(t, "^error: "+want.says+"[^\n]*\n$", ran.output)
	}
}

// measured reports whether a request is a measured call; forget is not.
func measured(r *http.Request) bool {
	tool := r.Header.Get("Mcp-Name")
	return tool != "" && tool != "sequential_questioning_forget"
}

func delay(d time.Duration) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if measured(r) {
			time.Sleep(d)
		}
		return false
	}
}

// every refuses one in n calls.
func every(calls *atomic.Int64, n int64) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !measured(r) || calls.Add(1)%n != 0 {
			return false
		}
		http.Error(w, "no healthy upstream", http.StatusServiceUnavailable)
		return true
	}
}

func inReport(pattern, replacement string) func(tool, body string) string {
	expression := regexp.MustCompile(pattern)
	return func(tool, body string) string {
		if tool != "sequential_questioning_report" {
			return body
		}
		return expression.ReplaceAllString(body, replacement)
	}
}

func serve(t *testing.T, database string) string {
	t.Helper()
	return program.Start(t, []string{"DATABASE_URL=" + database}).URL
}

// behind is a proxy: before may respond instead of the server, and falsify changes the
// server's response to a call.
func behind(t *testing.T, route string, before func(http.ResponseWriter, *http.Request) bool, falsify func(tool, body string) string) string {
	t.Helper()
	to, err := url.Parse(route)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: to.Scheme, Host: to.Host}) },
		ModifyResponse: func(response *http.Response) error {
			if falsify == nil || !measured(response.Request) {
				return nil
			}
			body, err := io.ReadAll(response.Body)
			if err != nil {
				return err
			}
			other := falsify(response.Request.Header.Get("Mcp-Name"), string(body))
			response.Body = io.NopCloser(strings.NewReader(other))
			response.ContentLength = int64(len(other))
			response.Header.Set("Content-Length", strconv.Itoa(len(other)))
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before != nil && before(w, r) {
			return
		}
		body, err := io.ReadAll(r.Body) // a proxy fails if the response comes before the end of the request
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + to.Path
}

func conversations(t *testing.T, database string) (rows int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, database))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM conversations`).Scan(&rows))
	return rows
}

type result struct {
	code    int
	output  string
	figures struct {
		Metrics map[string]struct{ Values map[string]float64 }
	}
}

// verdict returns a threshold's result in the table.
func (r result) verdict(metric string) string {
	found := regexp.MustCompile(`(?m)^  (pass|FAIL)  ` + regexp.QuoteMeta(metric) + ` `).FindStringSubmatch(r.output)
	if found == nil {
		return "not in the table"
	}
	return found[1]
}

// load runs the load test for a few seconds.
func load(t *testing.T, settings ...string) (ran result) {
	t.Helper()
	command := prepare(t, settings...)
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	ran.code, ran.output = command.ProcessState.ExitCode(), string(output)
	if figures, err := os.ReadFile(filepath.Join(command.Dir, "figures.json")); err == nil {
		require.NoError(t, json.Unmarshal(figures, &ran.figures))
	}
	return ran
}

func prepare(t *testing.T, settings ...string) *exec.Cmd {
	t.Helper()
	script, err := filepath.Abs("run")
	require.NoError(t, err)
	if _, err := os.Stat("../../../.bin/k6"); err != nil {
		t.Fatal(".bin/k6 is missing; `make load-test` builds it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	t.Cleanup(cancel)
	folder := t.TempDir()
	command := exec.CommandContext(ctx, script)
	command.Dir = folder
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "TARGET=", "RATE=30", "DURATION=5s", "WARMUP=0s",
		"SUMMARY=" + filepath.Join(folder, "figures.json")}, settings...)
	command.WaitDelay = time.Second
	return command
}
