package delivery

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// Whoever reaches the relay can nudge it.
func TestADrainForManyNudgesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rounds atomic.Int64
		r := &Relay{config: RelayConfig{Timeout: time.Minute}, metrics: newMetrics(), round: func(context.Context, *Drained) error {
			rounds.Add(1)
			time.Sleep(time.Millisecond)
			return nil
		}, measure: unmeasured}
		began := time.Now()
		for range 1000 {
			go r.Drain(t.Context())
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		time.Sleep(minInterval + time.Millisecond) // for the last one
		assert.LessOrEqual(t, int(rounds.Load()), int(time.Since(began)/minInterval)+1)
		assert.GreaterOrEqual(t, int(rounds.Load()), int(time.Second/minInterval), "no nudge is lost")
	})
}

// Requests that wait are what Knative counts.
func TestNudgesWaitForADrainWithABacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Relay{config: RelayConfig{Timeout: time.Minute}, metrics: newMetrics(), measure: unmeasured}
		backlog := true
		r.round = func(context.Context, *Drained) error {
			if backlog {
				r.behind()
			}
			time.Sleep(10 * time.Second)
			return nil
		}
		h := &RelayHandler{relay: r}
		nudged := func() (status int, took time.Duration) {
			began, answer := time.Now(), httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/", nil))
			return answer.Code, time.Since(began)
		}
		go nudged()
		synctest.Wait()
		status, took := nudged()
		assert.Equal(t, http.StatusAccepted, status)
		assert.GreaterOrEqual(t, took, 10*time.Second)

		backlog = false
		go nudged()
		synctest.Wait()
		_, took = nudged()
		assert.Zero(t, took)
		time.Sleep(time.Minute) // both drains end
	})
}

// The body of a nudge, or of a timer's event, cannot do harm.
func TestANudgeIsNotRead(t *testing.T) {
	var body unread
	drained := false
	h := &RelayHandler{relay: &Relay{config: RelayConfig{Timeout: time.Second}, metrics: newMetrics(), round: func(context.Context, *Drained) error {
		drained = true
		return nil
	}, measure: unmeasured}}
	request := httptest.NewRequest(http.MethodPost, "/", &body)
	request.Header.Set("Ce-Type", "dev.knative.sources.ping")
	request.Header.Set("Ce-Specversion", "1.0")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	assert.Equal(t, http.StatusOK, answer.Code)
	assert.True(t, drained)
	assert.False(t, bool(body), "its body")
}

// unmeasured is the measure of a relay without an outbox.
func unmeasured(context.Context) time.Duration { return 0 }

type unread bool

func (u *unread) Read([]byte) (int, error) {
	*u = true
	return 0, io.EOF
}
