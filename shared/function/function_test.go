package function

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	fn "knative.dev/func-go/http"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// What Knative's runtime looks for.
var (
	_ fn.Handler           = (*Function)(nil)
	_ fn.Starter           = (*Function)(nil)
	_ fn.Stopper           = (*Function)(nil)
	_ fn.ReadinessReporter = (*Function)(nil)
	_ fn.LivenessReporter  = (*Function)(nil)
)

func TestMain(m *testing.M) {
	os.Setenv("ALLOW_UNAUTHENTICATED", "true")
	os.Exit(m.Run())
}

type backend struct {
	ready  error
	closed bool
}

func (b *backend) Ready(context.Context) error { return b.ready }
func (b *backend) Close()                      { b.closed = true }

type echo struct {
	Said string `json:"said"`
}

func (e echo) Text() string { return e.Said }

func newFunction(b *backend, err error) *Function {
	return New("echo", func() (*backend, error) { return b, err }, func(*backend) tool.Tool {
		return tool.Define(tool.Definition{Name: "echo"}, func(_ context.Context, in echo) (echo, error) { return in, nil })
	})
}

func listen(t *testing.T, f *Function) string {
	server := httptest.NewServer(fn.New(f).Handler)
	t.Cleanup(server.Close)
	return server.URL
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(answer)
}

func TestReadinessFollowsTheBackend(t *testing.T) {
	b := &backend{}
	url := listen(t, newFunction(b, nil))
	status, _ := get(t, url+"/health/readiness")
	assert.Equal(t, http.StatusOK, status)
	b.ready = errors.New("away")
	status, _ = get(t, url+"/health/readiness")
	assert.Equal(t, http.StatusInternalServerError, status)
	status, _ = get(t, url+"/health/liveness")
	assert.Equal(t, http.StatusOK, status, "a restart would not help")
}

// The port that calls come to is the one that Knative routes to.
func TestMetricsHaveAPortOfTheirOwn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	t.Setenv("METRICS_ADDRESS", address)
	assert.ErrorContains(t, serveMetrics(), "METRICS_ADDRESS", "it is taken")
	require.NoError(t, listener.Close())
	require.NoError(t, serveMetrics())
	f := newFunction(&backend{}, nil)
	calls := listen(t, f)
	require.NoError(t, f.Start(t.Context(), nil))
	defer f.Stop(t.Context())
	status, body := get(t, "http://"+address+"/metrics")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "go_goroutines")
	status, _ = get(t, "http://"+address+"/mcp")
	assert.Equal(t, http.StatusNotFound, status, "no calls come there")
	_, body = get(t, calls+"/metrics")
	assert.NotContains(t, body, "go_goroutines")
}

func TestAWrongSettingIsToldAtOnce(t *testing.T) {
	f := newFunction(nil, errors.New("SETTING is wrong"))
	require.ErrorContains(t, f.Start(t.Context(), nil), "SETTING is wrong")
	status, body := get(t, listen(t, f)+"/mcp")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, body, "SETTING is wrong")
	require.NoError(t, f.Stop(t.Context()))
}

func TestABodyIsBounded(t *testing.T) {
	status, body := post(t, listen(t, newFunction(&backend{}, nil))+"/mcp", strings.Repeat("x", jsonrpc.MaxBodyBytes+1))
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	assert.JSONEq(t, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"the request is longer than 1048576 bytes"}}`, body)
}

func TestABodyIsUTF8(t *testing.T) {
	status, body := post(t, listen(t, newFunction(&backend{}, nil))+"/mcp", "{\"said\": \"\xff\"}")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, body, "-32700")
}

func TestStopClosesTheBackend(t *testing.T) {
	b := &backend{}
	f := newFunction(b, nil)
	require.NoError(t, f.Start(t.Context(), nil))
	require.NoError(t, f.Stop(t.Context()))
	assert.True(t, b.closed)
}

func TestTheCallThatAnInstanceWasStartedForIsMarked(t *testing.T) {
	url := listen(t, newFunction(&backend{}, nil))
	get(t, url+"/health/readiness")
	var marks []string
	for range 2 {
		response, err := http.Post(url, "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		response.Body.Close()
		marks = append(marks, response.Header.Get(ColdStart))
	}
	assert.Equal(t, []string{"true", ""}, marks)
}

func TestBodiesWaitForRoomInMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(64 << 20)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	var now, most atomic.Int64
	handler := bounded(1<<20, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(20 * time.Millisecond)
		now.Add(-1)
	}))
	send := func(ctx context.Context, body string) int {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body)))
		return recorder.Code
	}
	for body, together := range map[string]struct{ least, most int64 }{
		`"` + strings.Repeat("x", 1<<20-2) + `"`:     {2, 4}, // 8 MiB each of 32
		`[` + strings.Repeat("{},", 100_000) + `{}]`: {1, 1}, // more than half of it
		`{}`: {10, 20},
	} {
		most.Store(0)
		var calls sync.WaitGroup
		for range 20 {
			calls.Go(func() { assert.Equal(t, http.StatusOK, send(t.Context(), body)) })
		}
		calls.Wait()
		assert.GreaterOrEqual(t, most.Load(), together.least)
		assert.LessOrEqual(t, most.Load(), together.most)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	big := `[` + strings.Repeat("{},", 100_000) + `{}]`
	go send(t.Context(), big)
	require.Eventually(t, func() bool { return now.Load() == 1 }, time.Second, time.Millisecond)
	assert.Equal(t, http.StatusServiceUnavailable, send(gone, big), "nobody waits for a caller who has gone")
}
