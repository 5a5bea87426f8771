package integration

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// The two functions as they run, speaking HTTP to each other.
func TestANudgeBringsAnAnswerIntoMemory(t *testing.T) {
	w := newWorld(t)
	t.Setenv("DATABASE_URL", w.url)
	t.Setenv("QDRANT_URL", w.qdrant)
	t.Setenv("EVENT_SIGNING_KEYS", keyring.Generate())
	indexing, err := indexer.Open()
	require.NoError(t, err)
	defer indexing.Close()
	require.NoError(t, indexing.Ready(t.Context()))
	broker := httptest.NewServer(indexing)
	defer broker.Close()
	t.Setenv("K_SINK", broker.URL)
	relaying, err := delivery.OpenRelay()
	require.NoError(t, err)
	defer relaying.Close()
	relay := httptest.NewServer(relaying)
	defer relay.Close()
	nudger, err := event.NewNudger(event.NudgeConfig{URL: relay.URL})
	require.NoError(t, err)

	id := w.answeredTrip(t, "local", "", tripValues)
	w.queued(t, eventtest.Recorded("local", id, "budget"), completed("local", id))
	nudger.Nudge()
	require.Eventually(t, func() bool { return w.waiting(t) == 0 }, 5*time.Second, 5*time.Millisecond)
	nudger.Close()
	assert.Equal(t, map[string]any{"budget": 500.0}, w.values(t, "local"))
	assert.Equal(t, 1, w.statistics(t).Conversations)

	broker.Close()
	w.queued(t, eventtest.Recorded("local", id, "class"), eventtest.Recorded("local", elsewhere(), "a"), eventtest.Recorded("local", elsewhere(), "b"))
	response, err := http.Post(relay.URL, "", nil)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Equal(t, 3, w.waiting(t))
}

// indexerOf is the indexer as it runs.
func indexerOf(t *testing.T, w *world) *indexer.Handler {
	t.Helper()
	t.Setenv("DATABASE_URL", w.url)
	t.Setenv("QDRANT_URL", w.qdrant)
	t.Setenv("EVENT_SIGNING_KEYS", signing.Keys)
	indexing, err := indexer.Open()
	require.NoError(t, err)
	t.Cleanup(indexing.Close)
	return indexing
}

// A relay that is killed while the indexer works leaves no error behind: the
// event is delivered again.
func TestAnEventWhoseCallerLeavesIsToBeDeliveredAgain(t *testing.T) {
	w := newWorld(t)
	indexing := indexerOf(t, w)
	id := w.answeredTrip(t, "local", "", tripValues)
	e := signed(t, sent(t, eventtest.Recorded("local", id, "budget")))
	left, leave := context.WithCancel(t.Context())
	leave()
	for ctx, status := range map[context.Context]int{left: http.StatusServiceUnavailable, t.Context(): http.StatusOK} {
		response := httptest.NewRecorder()
		indexing.ServeHTTP(response, requestOf(t, ctx, e))
		assert.Equal(t, status, response.Code, response.Body)
	}
}

// requestOf returns an event as an HTTP request in binary mode.
func requestOf(t *testing.T, ctx context.Context, e cloudevents.Event) *http.Request {
	t.Helper()
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(e.Data()))
	request.Header.Set("Content-Type", e.DataContentType())
	for name, value := range map[string]string{"Id": e.ID(), "Source": e.Source(), "Type": e.Type(), "Specversion": e.SpecVersion(), "Subject": e.Subject()} {
		request.Header.Set("Ce-"+name, value)
	}
	for name, value := range e.Extensions() {
		request.Header.Set("Ce-"+name, fmt.Sprint(value))
	}
	return request
}

// Whoever reaches the indexer must not be able to change what is remembered of
// somebody, or what others' conversations are measured by.
func TestAForgedEventChangesNothing(t *testing.T) {
	w := newWorld(t)
	indexing := indexerOf(t, w)
	server := httptest.NewServer(indexing)
	defer server.Close()
	post := func(e cloudevents.Event) int {
		request, err := cloudevents.NewHTTPRequestFromEvent(t.Context(), server.URL, e)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode
	}
	forgotten := w.answeredTrip(t, "ann", "", tripValues)
	w.queued(t, eventtest.Recorded("ann", forgotten, "budget"))
	w.drain(t)
	_, err := w.conversations.Forget(principal.With(t.Context(), "ann"), conversation.ForgetInput{ConversationID: forgotten})
	require.NoError(t, err)
	w.forgetEvents(t) // lost on their way; they are announced again until memory has confirmed the erasure
	open := w.answeredTrip(t, "ann", "", map[string]any{"budget": 1.0})

	forged := []cloudevents.Event{
		sent(t, erasedEvent("bob", forgotten)), // would confirm what did not happen
		sent(t, completed("ann", open)),        // would count an answer that is not given yet
	}
	for _, e := range forged {
		assert.Equal(t, http.StatusForbidden, post(e), e.Type())
	}
	assert.Equal(t, 1, count(t, w.url, `SELECT count(*) FROM erasures`))
	assert.Zero(t, count(t, w.url, `SELECT count(*) FROM shared_statistics`))
	assert.Zero(t, count(t, w.url, `SELECT count(*) FROM processed_events WHERE source = '`+event.Source+`' AND id = '`+forged[0].ID()+`'`))

	assert.Equal(t, http.StatusOK, post(signed(t, sent(t, erasedEvent("bob", forgotten)))))
	assert.Equal(t, 1, count(t, w.url, `SELECT count(*) FROM erasures`), "another principal's is not confirmed, signed or not")
	assert.Equal(t, http.StatusOK, post(signed(t, sent(t, erasedEvent("ann", forgotten)))))
	assert.Zero(t, count(t, w.url, `SELECT count(*) FROM erasures`))
	assert.Empty(t, w.values(t, "ann"))
}

// A broker keeps copies of events, and consumers are not asked how they protect them.
func TestEventsOfAConversationCarryNoWordsOfThePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := principal.With(t.Context(), "ann")
	turn, err := w.conversations.Ask(ctx, conversation.AskInput{Context: "Book a trip to Xanadu", UserID: "Yolanda", InformationNeeded: trip})
	require.NoError(t, err)
	in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
	for slot, value := range tripValues {
		in.Answers = append(in.Answers, conversation.AnswerInput{Slot: slot, Value: value, Text: "Zanzibar"})
	}
	_, err = w.conversations.FollowUp(ctx, in)
	require.NoError(t, err)
	_, err = w.conversations.Revise(ctx, conversation.ReviseInput{ConversationID: turn.ConversationID, Slot: "destination", Text: "Wladiwostok"})
	require.NoError(t, err)

	sink := &eventtest.Recorder{}
	_, _, err = w.relay(t, sink).Drain(t.Context())
	require.NoError(t, err)
	types := map[string]bool{}
	for _, e := range sink.Events() {
		types[e.Type()] = true
		for _, said := range []string{"Xanadu", "Yolanda", "Zanzibar", "Lisbon", "Wladiwostok"} {
			assert.NotContains(t, string(e.Data()), said, e.Type())
		}
		_, err := delivery.Read(e)
		assert.NoError(t, err)
	}
	assert.Subset(t, types, map[string]bool{string(event.TypeQuestionAsked): true, string(event.TypeAnswerRecorded): true, string(event.TypeAnswerRevised): true})
}
