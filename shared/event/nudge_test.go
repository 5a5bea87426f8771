package event

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func nudger(t *testing.T, url string) *Nudger {
	t.Helper()
	n, err := NewNudger(NudgeConfig{URL: url})
	require.NoError(t, err)
	return n
}

func TestNudgesAreCoalescedAndTheLastIsSent(t *testing.T) {
	var requests atomic.Int64
	arrived, answer := make(chan struct{}, 100), make(chan struct{})
	relay := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodPost, r.Method)
		requests.Add(1)
		arrived <- struct{}{}
		<-answer
	}))
	defer relay.Close()
	n := nudger(t, relay.URL)
	n.Nudge()
	<-arrived
	for range 50 {
		n.Nudge()
	}
	close(answer)
	n.Close()
	assert.EqualValues(t, 2, requests.Load(), "one under way, and one for all that came meanwhile")
}

func TestANudgeNeverBlocks(t *testing.T) {
	stalled := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer stalled.Close()
	for name, url := range map[string]string{"stalled": stalled.URL, "unavailable": "http://127.0.0.1:1", "none": ""} {
		n := nudger(t, url)
		began := time.Now()
		for range 1000 {
			n.Nudge()
		}
		assert.Less(t, time.Since(began), 100*time.Millisecond, name)
		n.Close()
		assert.Less(t, time.Since(began), 2*time.Second, name)
		n.Nudge() // nothing comes of it
	}
	var nobody *Nudger
	nobody.Nudge()
	nobody.Close()
}

func TestAWrongAddressOfTheRelayIsReported(t *testing.T) {
	_, err := NewNudger(NudgeConfig{URL: "relay:8080"})
	assert.ErrorContains(t, err, "RELAY_URL")
}
