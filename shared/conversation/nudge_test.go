package conversation_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestEveryChangeWakesTheRelay(t *testing.T) {
	t.Parallel()
	woken := make(chan struct{}, 10)
	relay := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { woken <- struct{}{} }))
	t.Cleanup(relay.Close)
	nudger, err := event.NewNudger(event.NudgeConfig{URL: relay.URL})
	require.NoError(t, err)
	s := serviceOn(t, postgrestest.New(t), 2, conversation.WithNudger(nudger))
	wakes := func(what string) {
		t.Helper()
		select {
		case <-woken:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was woken by ", what)
		}
	}
	turn := openTrip(t, s)
	wakes("an opening")
	answerSlots(t, s, turn.ConversationID, map[string]any{"class": "first"})
	wakes("an answer")
	_, err = s.Revise(t.Context(), conversation.ReviseInput{ConversationID: turn.ConversationID, Slot: "class", Value: "economy"})
	require.NoError(t, err)
	wakes("a revision")
	_, err = s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	_, err = s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	wakes("an erasure")
	assert.Empty(t, woken, "a report changes nothing")
}
