package integration

import (
	"net/http"
	"net/http/httptest"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

// signing is what relay and indexer share.
var signing = delivery.SigningConfig{Keys: keyring.Generate()}

// signed is an event as the relay publishes it.
func signed(t *testing.T, e cloudevents.Event) cloudevents.Event {
	t.Helper()
	signer, err := delivery.NewSigner(signing)
	require.NoError(t, err)
	require.NoError(t, signer.Sign(&e))
	return e
}

// relayOf is the relay as it runs.
func relayOf(t *testing.T, w *world) string {
	t.Helper()
	t.Setenv("DATABASE_URL", w.url)
	t.Setenv("EVENT_SIGNING_KEYS", signing.Keys)
	relay, err := delivery.OpenRelay()
	require.NoError(t, err)
	t.Cleanup(relay.Close)
	server := httptest.NewServer(relay)
	t.Cleanup(server.Close)
	return server.URL
}

// returnEvent delivers an event as Knative's broker delivers a dead letter.
func returnEvent(t *testing.T, relay string, e cloudevents.Event) int {
	t.Helper()
	e.SetExtension("knativeerrordest", "http://indexer")
	e.SetExtension("knativeerrorcode", "500")
	request, err := cloudevents.NewHTTPRequestFromEvent(t.Context(), relay+delivery.DeadLetterPath, e)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	response.Body.Close()
	return response.StatusCode
}

// Whoever reaches the relay must not be able to put words into a person's memory.
func TestAForgedDeadLetterIsRefused(t *testing.T) {
	w := newWorld(t)
	relay := relayOf(t, w)
	id := w.answeredTrip(t, "ann", "", tripValues)
	w.queued(t, eventtest.Recorded("ann", id, "budget"))
	taken := &eventtest.Recorder{}
	_, _, err := w.relay(t, taken).Drain(t.Context())
	require.NoError(t, err)
	forged := taken.Events()[0]
	assert.Equal(t, http.StatusForbidden, returnEvent(t, relay, forged), "not signed")
	forged = signed(t, forged)
	forged.SetID("019307a4-1111-7000-8000-000000000001")
	assert.Equal(t, http.StatusForbidden, returnEvent(t, relay, forged), "the signature of another event")
	backlog, err := w.outbox.Backlog(t.Context())
	require.NoError(t, err)
	assert.Zero(t, backlog)
}

func TestADeadLetterIsKeptAndIndexedWhenItIsRequeued(t *testing.T) {
	w := newWorld(t)
	relay := relayOf(t, w)
	id := w.answeredTrip(t, "local", "", tripValues)
	w.queued(t, eventtest.Recorded("local", id, "budget"))
	lost := &eventtest.Recorder{} // what the broker took, and no consumer
	_, _, err := w.relay(t, lost).Drain(t.Context())
	require.NoError(t, err)
	require.Len(t, lost.Events(), 1)
	require.Zero(t, w.waiting(t))

	for range 2 { // a broker may return it twice
		assert.Equal(t, http.StatusOK, returnEvent(t, relay, signed(t, lost.Events()[0])))
	}
	backlog, err := w.outbox.Backlog(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, backlog.DeadLetters)
	assert.Zero(t, backlog.Waiting)
	w.drain(t)
	assert.Empty(t, w.values(t, "local"), "nobody has requeued it")

	again, err := w.outbox.Requeue(t.Context(), nil, false)
	require.NoError(t, err)
	assert.Len(t, again, 1)
	assert.Equal(t, 1, w.drain(t).Published)
	assert.Equal(t, map[string]any{"budget": 500.0}, w.values(t, "local"))
}

func TestADeadLetterOfAForgottenConversationIsNotKept(t *testing.T) {
	w := newWorld(t)
	relay := relayOf(t, w)
	w.queued(t, eventtest.Recorded("local", elsewhere(), "budget"))
	lost := &eventtest.Recorder{}
	_, _, err := w.relay(t, lost).Drain(t.Context())
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, returnEvent(t, relay, signed(t, lost.Events()[0])))
	backlog, err := w.outbox.Backlog(t.Context())
	require.NoError(t, err)
	assert.Zero(t, backlog)
}

func TestAForeignEventIsNoDeadLetter(t *testing.T) {
	w := newWorld(t)
	relay := relayOf(t, w)
	foreign := cloudevents.NewEvent()
	foreign.SetID("1")
	foreign.SetSource("elsewhere")
	foreign.SetType("something.happened")
	assert.Equal(t, http.StatusUnprocessableEntity, returnEvent(t, relay, signed(t, foreign)))
	response, err := http.Post(relay+delivery.DeadLetterPath, "text/plain", nil)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
}
