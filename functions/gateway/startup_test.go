package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`
	olderCall  = `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"` + reportTool + `","arguments":{"conversation_id":"c1"},"_meta":{"progressToken":"p"}}}`
)

// starting returns a route whose calls wait until began is closed.
func starting(t *testing.T, timeout time.Duration) (r *route, began chan struct{}) {
	t.Helper()
	began = make(chan struct{})
	return newRoute(t, answering, func(config *Config) {
		config.StartupTimeout, config.StartupKeepaliveInterval = timeout, 5*time.Millisecond
		config.Startup = func(ctx context.Context) error {
			select {
			case <-began:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}), began
}

func TestDiscoveryIsAnsweredBeforeTheStart(t *testing.T) {
	t.Parallel()
	r, _ := starting(t, time.Minute)
	assert.Contains(t, r.post(t, initialize).body, `"serverInfo"`)
	assert.Contains(t, r.post(t, `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`).body, reportTool)
}

func TestACallWaitsForTheStartAndItsClientIsTold(t *testing.T) {
	t.Parallel()
	r, began := starting(t, time.Minute)
	time.AfterFunc(50*time.Millisecond, func() { close(began) })
	got := r.post(t, olderCall)
	assert.Contains(t, got.body, `"method":"notifications/progress"`)
	assert.Contains(t, got.body, `"progressToken":"p"`)
	assert.Contains(t, got.body, waitingForStart)
	assert.Contains(t, string(got.message(t)["result"]), "content")

	got = r.post(t, olderCall)
	assert.Equal(t, "application/json", got.header.Get("Content-Type"), "later calls wait for nothing")
}

func TestACallThatCannotWaitLongerIsRetryable(t *testing.T) {
	t.Parallel()
	r, _ := starting(t, 20*time.Millisecond)
	failed := string(r.post(t, olderCall).message(t)["error"])
	assert.Contains(t, failed, "the database is still starting")
	assert.Contains(t, failed, `"retryable":true`)
}

func TestAFailedStartIsSaidAndTriedAgain(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	r := newRoute(t, answering, func(config *Config) {
		config.Startup = func(context.Context) error {
			if tries.Add(1) == 1 {
				return errors.New("PostgreSQL is missing; install it with: make it so")
			}
			return nil
		}
	})
	failed := string(r.post(t, olderCall).message(t)["error"])
	assert.Contains(t, failed, "the server cannot start: PostgreSQL is missing; install it with: make it so; tell the person, and call again")
	for range 2 {
		assert.Contains(t, string(r.post(t, olderCall).message(t)["result"]), "content")
	}
	assert.EqualValues(t, 2, tries.Load(), "a start that succeeded is not awaited again")
}

func TestAClientThatGoesEndsItsWaitForTheStart(t *testing.T) {
	t.Parallel()
	waiting, ended := make(chan struct{}), make(chan error, 1)
	r := newRoute(t, answering, func(config *Config) {
		config.Startup = func(ctx context.Context) error {
			close(waiting)
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return context.Cause(ctx)
		}
	})
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-waiting
		leave()
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/mcp", strings.NewReader(olderCall))
	require.NoError(t, err)
	request.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	_, err = http.DefaultClient.Do(request)
	require.ErrorIs(t, err, context.Canceled)
	select {
	case err := <-ended:
		assert.ErrorIs(t, err, context.Canceled)
	case <-time.After(10 * time.Second):
		t.Fatal("it waits on")
	}
}
