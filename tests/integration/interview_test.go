package integration

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	fn "knative.dev/func-go/http"

	"github.com/sequential-questioning/sequential-questioning/functions/indexer"
	"github.com/sequential-questioning/sequential-questioning/functions/relay"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/withmemory"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// remembering is a service with all that it works with: relay, indexer, memory.
// The functions read the environment, so that these tests do not run in parallel.
func remembering(t *testing.T) (s *conversation.Service, memory *embedded.Server, url string) {
	t.Helper()
	plain, url := newService(t)
	plain.Close()
	memory, err := embedded.Start(embedded.Options{Address: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { memory.Close() })
	t.Setenv("DATABASE_URL", url)
	t.Setenv("DATABASE_MAX_CONNS", "4")
	t.Setenv("QDRANT_URL", memory.URL())
	taken := indexer.New()
	sink := httptest.NewServer(fn.New(taken).Handler)
	t.Cleanup(sink.Close)
	t.Setenv("K_SINK", sink.URL)
	t.Setenv("EVENT_SIGNING_KEYS", signing.Keys)
	published := relay.New()
	nudged := httptest.NewServer(fn.New(published).Handler)
	t.Cleanup(nudged.Close)
	t.Setenv("RELAY_URL", nudged.URL)
	s, err = conversation.Open(withmemory.Open)
	require.NoError(t, err)
	t.Cleanup(func() {
		s.Close()
		assert.NoError(t, published.Stop(context.Background()))
		assert.NoError(t, taken.Stop(context.Background()))
	})
	return s, memory, url
}

func recalled(t *testing.T, s *conversation.Service, user, query string) []conversation.RecalledAnswer {
	t.Helper()
	found, err := s.Recall(t.Context(), conversation.RecallInput{Query: query, UserID: user})
	require.NoError(t, err)
	require.Equal(t, conversation.MemoryConsulted, found.Memory)
	return found.Found
}

func TestWhatWasSaidIsProposedInTheNextConversationAndRecalled(t *testing.T) {
	s, _, url := remembering(t)
	first, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)
	assert.Equal(t, conversation.MemoryConsulted, first.Metadata.Memory)
	answerSlots(t, s, first.ConversationID, map[string]any{"destination": "Lisbon", "class": "business"})
	for _, slot := range []string{"destination", "class"} { // each is taken in by itself
		require.Eventually(t, func() bool { return len(recalled(t, s, "ann", slot)) == 1 }, 10*time.Second, 50*time.Millisecond)
	}

	next, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book another trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)
	proposed := map[string]any{}
	for _, c := range next.Coverage {
		if c.State == questioning.StatusAssumed {
			proposed[c.Slot] = c.Value
			assert.Contains(t, c.Source, "in another conversation")
		}
	}
	assert.Equal(t, map[string]any{"destination": "Lisbon", "class": "business"}, proposed)
	assert.Contains(t, next.Text(), `Destination "Lisbon" (said on`)
	corrected := answerSlots(t, s, next.ConversationID, map[string]any{"destination": "Porto"})
	for _, c := range corrected.Coverage {
		if c.Slot == "destination" {
			assert.Equal(t, questioning.StatusAnswered, c.State, "a correction is no contradiction")
		}
	}

	other, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: "bob", InformationNeeded: trip})
	require.NoError(t, err)
	for _, c := range other.Coverage {
		assert.NotEqual(t, questioning.StatusAssumed, c.State, "nobody else's answers")
	}
	stranger, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", InformationNeeded: trip})
	require.NoError(t, err)
	assert.Equal(t, conversation.MemoryNoUser, stranger.Metadata.Memory)
	assert.Empty(t, recalled(t, s, "bob", "destination"))

	_, err = s.Revise(t.Context(), conversation.ReviseInput{ConversationID: first.ConversationID, Slot: "destination", Value: "Madrid"})
	require.NoError(t, err)
	for _, f := range recalled(t, s, "ann", "destination") {
		assert.NotEqual(t, "Lisbon", f.Value, "what was revised is not recalled, indexed or not")
	}
	require.Eventually(t, func() bool {
		for _, f := range recalled(t, s, "ann", "destination") {
			if f.Value == "Madrid" {
				return true
			}
		}
		return false
	}, 10*time.Second, 50*time.Millisecond)

	forgotten, err := s.Forget(t.Context(), conversation.ForgetInput{Everything: true, UserID: "ann"})
	require.NoError(t, err)
	assert.Equal(t, 2, forgotten.Conversations)
	assert.Equal(t, conversation.MemoryErased, forgotten.Memory)
	assert.Empty(t, recalled(t, s, "ann", "destination"))
	require.Eventually(t, func() bool { return count(t, url, `SELECT count(*) FROM outbox`) == 0 }, 10*time.Second, 50*time.Millisecond)
	assert.Empty(t, recalled(t, s, "ann", "destination"), "nothing comes back")
}

func TestWithoutMemoryToolsAnswerInTimeAndSaySo(t *testing.T) {
	s, memory, _ := remembering(t)
	memory.Close()
	began := time.Now()
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)
	assert.Equal(t, conversation.MemoryNotConsulted, turn.Metadata.Memory)
	assert.Contains(t, turn.Text(), "Memory could not be consulted")
	found, err := s.Recall(t.Context(), conversation.RecallInput{Query: "destination", UserID: "ann"})
	require.NoError(t, err)
	assert.Equal(t, conversation.MemoryNotConsulted, found.Memory)
	answerSlots(t, s, turn.ConversationID, map[string]any{"destination": "Lisbon"})
	forgotten, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, conversation.MemoryPending, forgotten.Memory)
	assert.Less(t, time.Since(began), 5*time.Second, "four calls, each bounded")
}

func TestWhatPeopleAnsweredCountsForTheNextOfTheForm(t *testing.T) {
	s, _, url := remembering(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)
	end := answerSlots(t, s, turn.ConversationID, tripValues)
	require.True(t, end.Metadata.Complete)
	require.Eventually(t, func() bool {
		return count(t, url, `SELECT count(*) FROM shared_statistics s JOIN conversations c USING (form) WHERE (s.document->>'conversations')::int = 1`) == 1
	}, 10*time.Second, 50*time.Millisecond)
}
