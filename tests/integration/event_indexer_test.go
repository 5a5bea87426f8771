package integration

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestAnEventHasItsEffectOnceHoweverOftenItIsDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", tripValues)
	answer, end := sent(t, recorded("local", id, "budget")), sent(t, completed("local", id))
	var indexed atomic.Int64
	var deliveries sync.WaitGroup
	for range 8 {
		deliveries.Go(func() {
			for _, e := range []cloudevents.Event{answer, end} {
				outcome, err := w.indexer.Index(t.Context(), e)
				assert.NoError(t, err)
				if outcome == indexer.Indexed {
					indexed.Add(1)
				}
			}
		})
	}
	deliveries.Wait()
	assert.EqualValues(t, 2, indexed.Load())
	assert.Equal(t, map[string]any{"budget": 500.0}, w.values(t, "local"))
	assert.Equal(t, 1, w.statistics(t).Conversations)
}

// statistics are the counts of the form trip that all principals share.
func (w *world) statistics(t *testing.T) questioning.Statistics {
	t.Helper()
	var document []byte
	require.NoError(t, w.pool.QueryRow(t.Context(), `SELECT coalesce((SELECT document FROM shared_statistics WHERE form = 'trip'), '{}')`).Scan(&document))
	var s questioning.Statistics
	require.NoError(t, json.Unmarshal(document, &s))
	return s
}

func TestAnswersAreRememberedAsTheyStandInWhateverOrderTheirEventsCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0, "class": "business"})
	early := sent(t, recorded("local", id, "budget"))
	w.answer(t, "local", id, map[string]any{"destination": "Lisbon"})
	_, err := w.conversations.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "budget", Value: 900.0})
	require.NoError(t, err)
	late := sent(t, event.AnswerRevised{Conversation: recorded("local", id, "").Conversation, Answer: recorded("local", id, "budget").Answer,
		Supersedes: []int{1}, Reopened: []string{}, At: time.Now()})
	_, err = w.indexer.Index(t.Context(), late)
	require.NoError(t, err)
	_, err = w.indexer.Index(t.Context(), early)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"budget": 900.0}, w.values(t, "local"))
}

func TestWhatNoLongerHoldsIsNoLongerRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0})
	_, err := w.indexer.Index(t.Context(), sent(t, recorded("local", id, "budget")))
	require.NoError(t, err)
	_, err = w.conversations.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "budget", Outcome: questioning.Declined})
	require.NoError(t, err)
	_, err = w.indexer.Index(t.Context(), sent(t, recorded("local", id, "budget")))
	require.NoError(t, err)
	assert.Empty(t, w.values(t, "local"))
}

func TestWhatIsForgottenDoesNotComeBackWithALateEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0})
	_, err := w.indexer.Index(t.Context(), sent(t, recorded("local", id, "budget")))
	require.NoError(t, err)
	w.erase(t, "local", id)
	outcome, err := w.indexer.Index(t.Context(), sent(t, erasedEvent("local", id)))
	require.NoError(t, err)
	assert.Equal(t, indexer.Indexed, outcome)
	assert.Empty(t, w.values(t, "local"))
	for _, late := range []event.Event{recorded("local", id, "budget"), completed("local", id)} {
		outcome, err = w.indexer.Index(t.Context(), sent(t, late))
		require.NoError(t, err)
		assert.Equal(t, indexer.Dropped, outcome)
	}
	assert.Empty(t, w.values(t, "local"))
	assert.Zero(t, w.statistics(t).Conversations)
}

// slow lets a test act while an answer is on its way into Qdrant.
type slow struct {
	*memory.Memory
	meanwhile func()
}

func (s slow) Sync(ctx context.Context, tx pgx.Tx, principal, id string, slots []string) (bool, error) {
	there, err := s.Memory.Sync(ctx, tx, principal, id, slots)
	s.meanwhile()
	return there, err
}

func TestForgettingWaitsForWhatIsOnItsWayIntoMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0})
	forgotten := make(chan struct{})
	x := w.indexing(t, slow{w.memory, func() {
		go func() {
			defer close(forgotten)
			_, err := w.conversations.Forget(t.Context(), conversation.ForgetInput{ConversationID: id})
			assert.NoError(t, err)
		}()
		select {
		case <-forgotten:
			t.Error("forgotten while it is being written")
		case <-time.After(100 * time.Millisecond):
		}
		// Answering goes on meanwhile.
		_, err := w.conversations.Report(t.Context(), conversation.ReportInput{ConversationID: id})
		assert.NoError(t, err)
	}})
	_, err := x.Index(t.Context(), sent(t, recorded("local", id, "budget")))
	require.NoError(t, err)
	<-forgotten
	w.forgetEvents(t)
	w.queued(t, erasedEvent("local", id))
	w.drain(t)
	assert.Empty(t, w.values(t, "local"))
}

func TestAnsweringDoesNotWaitForMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0})
	x := w.indexing(t, slow{w.memory, func() {
		began := time.Now()
		_, err := w.conversations.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id,
			Answers: []conversation.AnswerInput{{Slot: "class", Value: "first"}, {Slot: "budget", Value: 700.0}}})
		assert.NoError(t, err)
		assert.Less(t, time.Since(began), time.Second)
	}})
	_, err := x.Index(t.Context(), sent(t, recorded("local", id, "budget")))
	require.NoError(t, err)
}

func TestWhileQdrantIsAwayTheEventIsToBeDeliveredAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0})
	away, err := memory.Open(qdrant.Config{URL: "http://127.0.0.1:1", Timeout: 50 * time.Millisecond})
	require.NoError(t, err)
	defer away.Close()
	x := w.indexing(t, away)
	e := sent(t, recorded("local", id, "budget"))
	_, err = x.Index(t.Context(), e)
	require.ErrorIs(t, err, qdrant.ErrUnavailable)
	outcome, err := w.indexer.Index(t.Context(), e)
	require.NoError(t, err)
	assert.Equal(t, indexer.Indexed, outcome)
	assert.Len(t, w.values(t, "local"), 1)
}

func TestWithoutQdrantStatisticsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", tripValues)
	none, err := memory.Open(qdrant.Config{})
	require.NoError(t, err)
	x := w.indexing(t, none)
	for _, e := range []event.Event{recorded("local", id, "budget"), completed("local", id)} {
		_, err := x.Index(t.Context(), sent(t, e))
		require.NoError(t, err)
	}
	s := w.statistics(t)
	assert.Equal(t, 1, s.Conversations)
	assert.Equal(t, 1, s.Slots["class"].Values["business"])
}

func TestAConversationCountsOnceHoweverOftenItCompletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, other := w.answeredTrip(t, "local", "", tripValues), w.answeredTrip(t, "ann", "", tripValues)
	var events sync.WaitGroup
	for range 3 {
		for _, e := range []event.Event{completed("local", one), completed("ann", other)} {
			events.Go(func() {
				_, err := w.indexer.Index(t.Context(), sent(t, e))
				assert.NoError(t, err)
			})
		}
	}
	events.Wait()
	assert.Equal(t, 2, w.statistics(t).Conversations)
	assert.Equal(t, 2, w.statistics(t).Slots["class"].Values["business"])
}

func TestAConversationThatIsThereIsNotErasedFromMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0})
	_, err := w.indexer.Index(t.Context(), sent(t, recorded("local", id, "budget")))
	require.NoError(t, err)
	_, err = w.indexer.Index(t.Context(), sent(t, erasedEvent("local", id)))
	require.ErrorIs(t, err, indexer.ErrInvalid)
	assert.Len(t, w.values(t, "local"), 1)
}

func TestAnEventOfAnotherPrincipalReachesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "ann", "", map[string]any{"budget": 500.0})
	for _, e := range []event.Event{recorded("mallory", id, "budget"), completed("mallory", id)} {
		outcome, err := w.indexer.Index(t.Context(), sent(t, e))
		require.NoError(t, err)
		assert.Equal(t, indexer.Dropped, outcome)
	}
	assert.Empty(t, w.values(t, "mallory"))
	assert.Empty(t, w.values(t, "ann"))
}

func TestWhatWasTakenInLongAgoIsPruned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin(t, `INSERT INTO processed_events (consumer, source, id, at) VALUES ('indexer', 's', 'old', now() - interval '2 hours'), ('indexer', 's', 'new', now())`)
	_, err := w.indexer.Index(t.Context(), sent(t, recorded("local", elsewhere(), "a")))
	require.NoError(t, err)
	assert.Equal(t, 1, count(t, w.url, `SELECT count(*) FROM processed_events WHERE source = 's'`))
}
