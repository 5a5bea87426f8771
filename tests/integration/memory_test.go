package integration

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// remember indexes slots of a conversation.
func (w *world) remember(t *testing.T, as, id string, slots ...string) {
	t.Helper()
	for _, slot := range slots {
		_, err := w.indexer.Index(t.Context(), sent(t, recorded(as, id, slot)))
		require.NoError(t, err)
	}
}

func TestRecallNeverCrossesPrincipalsOrUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for as, users := range map[string][]string{"tenant": {"ann", "bob", ""}, "other": {"ann"}} {
		for _, user := range users {
			id := w.answeredTrip(t, as, user, map[string]any{"destination": as + "/" + user})
			w.remember(t, as, id, "destination")
		}
	}
	for name, c := range map[string]struct {
		as, user string
		want     []string
	}{
		"a user":                  {"tenant", "ann", []string{"tenant/ann"}},
		"all of a principal":      {"tenant", "", []string{"tenant/ann", "tenant/bob", "tenant/"}},
		"the same name elsewhere": {"other", "ann", []string{"other/ann"}},
		"nobody":                  {"stranger", "ann", nil},
		"no such user":            {"tenant", "eve", nil},
	} {
		found, err := w.memory.Recall(t.Context(), c.as, c.user, "destination of the trip", 100)
		require.NoError(t, err)
		var got []string
		for _, f := range found {
			assert.Equal(t, c.as, f.Principal)
			got = append(got, f.Words)
		}
		assert.Len(t, got, len(c.want), name)

		known, err := w.memory.Known(t.Context(), c.as, c.user, []questioning.Slot{{Key: "destination", Title: "Destination", Type: questioning.Text}})
		require.NoError(t, err)
		switch {
		case c.user == "" && c.as == "tenant":
			assert.Equal(t, "tenant/", known["destination"].Value, "without a user only what was said without one is known")
		case len(c.want) == 1:
			assert.Equal(t, c.want[0], known["destination"].Value, name)
		default:
			assert.Empty(t, known, name)
		}
	}
}

func TestRecallFindsByMeaningWithTheConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "ann", tripValues)
	w.remember(t, "local", id, "destination", "budget", "class", "start_date", "insurance")
	found, err := w.memory.Recall(t.Context(), "local", "ann", "how much money was in the budgets", 2)
	require.NoError(t, err)
	require.NotEmpty(t, found)
	best := found[0]
	assert.Equal(t, "budget", best.Slot)
	assert.Equal(t, 500.0, best.Value)
	assert.Equal(t, id, best.ConversationID)
	assert.Equal(t, "Book a trip", best.Goal)
	assert.WithinDuration(t, time.Now(), best.AnsweredAt, time.Minute)

	found, err = w.memory.Recall(t.Context(), "local", "ann", "destinaton", 5)
	require.NoError(t, err)
	require.Len(t, found, 1, "typing errors do not hide it")
	assert.Equal(t, "Lisbon", found[0].Value)
	for _, query := range []string{"  ", "the quarterly finances"} {
		nothing, err := w.memory.Recall(t.Context(), "local", "ann", query, 5)
		require.NoError(t, err)
		assert.Empty(t, nothing, query)
	}
}

func TestWhatWasSaidEarlierIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remember(t, "local", w.answeredTrip(t, "local", "ann", map[string]any{"budget": 300.0, "class": "first", "destination": "Rome"}), "budget", "class", "destination")
	later := w.answeredTrip(t, "local", "ann", map[string]any{"budget": 800.0})
	w.remember(t, "local", later, "budget")
	text := questioning.Text
	for name, c := range map[string]struct {
		slot questioning.Slot
		want any
	}{
		"the latest of the same key":      {questioning.Slot{Key: "budget", Title: "Budget", Type: questioning.Number}, 800.0},
		"what the slot does not accept":   {questioning.Slot{Key: "budget", Title: "Budget", Type: questioning.Number, Maximum: new(float64(500))}, 300.0},
		"another type of the same key":    {questioning.Slot{Key: "budget", Title: "Budget", Type: questioning.Boolean}, nil},
		"words for one of the options":    {questioning.Slot{Key: "destination", Title: "City", Type: questioning.Choice, Options: []questioning.Option{{Value: "Rome"}, {Value: "Oslo"}}}, "Rome"},
		"words for none of the options":   {questioning.Slot{Key: "destination", Title: "City", Type: questioning.Choice, Options: []questioning.Option{{Value: "Oslo"}}}, nil},
		"another key that asks the same":  {questioning.Slot{Key: "where_to", Title: "Destination", Type: text}, "Rome"},
		"another key that asks otherwise": {questioning.Slot{Key: "favourite", Title: "Favourite colour", Type: text}, nil},
		"words that share one with it":    {questioning.Slot{Key: "alt", Title: "Destination airport parking fee", Type: text}, nil},
	} {
		known, err := w.memory.Known(t.Context(), "local", "ann", []questioning.Slot{c.slot})
		require.NoError(t, err)
		if c.want == nil {
			assert.Empty(t, known, name)
			continue
		}
		assert.Equal(t, c.want, known[c.slot.Key].Value, name)
	}
	known, err := w.memory.Known(t.Context(), "local", "ann", []questioning.Slot{{Key: "budget", Title: "Budget", Type: questioning.Number}})
	require.NoError(t, err)
	assert.Equal(t, later, known["budget"].ConversationID)
}

func TestOfManyEarlierAnswersTheLatestAreLookedAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var items []memory.Item
	began := time.Now()
	for n := range 300 {
		id, err := uuid.NewV7()
		require.NoError(t, err)
		items = append(items, memory.Item{Principal: "local", ConversationID: id.String(), Slot: "budget", Title: "Budget",
			Type: questioning.Number, Value: float64(n), Words: "x", AnsweredAt: began.Add(time.Duration(n) * time.Second)})
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, w.memory.Put(t.Context(), items))
	known, err := w.memory.Known(t.Context(), "local", "", []questioning.Slot{{Key: "budget", Title: "Budget", Type: questioning.Number}})
	require.NoError(t, err)
	assert.Equal(t, 299.0, known["budget"].Value)
}

func TestWhatMemoryHasNotHeardOfYetIsNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	revised := w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0, "class": "first"})
	forgotten := w.answeredTrip(t, "local", "", map[string]any{"destination": "Rome"})
	w.remember(t, "local", revised, "budget", "class")
	w.remember(t, "local", forgotten, "destination")
	_, err := w.conversations.Revise(t.Context(), conversation.ReviseInput{ConversationID: revised, Slot: "budget", Value: 900.0})
	require.NoError(t, err)
	w.erase(t, "local", forgotten)
	require.Len(t, w.values(t, "local"), 3)
	found, err := w.memory.Recall(t.Context(), "local", "", "trip", 10)
	require.NoError(t, err)
	answers := make([]store.SlotAnswer, len(found))
	for i, f := range found {
		answers[i] = store.SlotAnswer{ConversationID: f.ConversationID, Slot: f.Slot, Number: f.AnswerNumber}
	}
	still, err := store.New(w.pool).StillHold(t.Context(), answers)
	require.NoError(t, err)
	for i, f := range found {
		assert.Equal(t, f.Slot == "class", still[i], f.Slot)
	}
}

func TestMemoryIsRebuiltFromPostgres(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for range 5 {
		ids = append(ids, w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0, "destination": "Rome"}))
	}
	other := w.answeredTrip(t, "ann", "", map[string]any{"class": "first"})
	w.remember(t, "local", ids[0], "budget")
	w.remember(t, "local", ids[1], "budget")
	w.erase(t, "local", ids[1]) // and its event was lost
	_, err := w.conversations.Revise(t.Context(), conversation.ReviseInput{ConversationID: ids[0], Slot: "budget", Outcome: questioning.Declined})
	require.NoError(t, err)

	for range 2 {
		pages := 0
		done, err := w.memory.Rebuild(t.Context(), w.pool, func(memory.Rebuilt) { pages++ })
		require.NoError(t, err)
		assert.Equal(t, 5, done.Conversations)
		assert.Equal(t, 8, done.Answers)
		assert.Positive(t, pages)
		found, err := w.memory.Recall(t.Context(), "local", "", "budget destination", 100)
		require.NoError(t, err)
		assert.Len(t, found, 7)
		found, err = w.memory.Recall(t.Context(), "ann", "", "class", 100)
		require.NoError(t, err)
		require.Len(t, found, 1)
		assert.Equal(t, other, found[0].ConversationID)
	}
}

func TestARebuildLeavesWhatIsAnsweredMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0})
	late := ""
	_, err := w.memory.Rebuild(t.Context(), w.pool, func(memory.Rebuilt) {
		if late == "" {
			w.answer(t, "local", id, map[string]any{"class": "first"})
			w.remember(t, "local", id, "class")
			late = w.answeredTrip(t, "local", "", map[string]any{"destination": "Rome"})
			w.remember(t, "local", late, "destination")
		}
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"budget": 500.0, "class": "first", "destination": "Rome"}, w.values(t, "local"))
}

func TestADroppedMemoryFillsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", map[string]any{"budget": 500.0})
	w.remember(t, "local", id, "budget")
	elsewhere, err := memory.Open(qdrant.Config{URL: w.qdrant})
	require.NoError(t, err)
	defer elsewhere.Close()
	require.NoError(t, elsewhere.Drop(t.Context()))
	assert.Empty(t, w.values(t, "local"))
	w.remember(t, "local", id, "budget")
	assert.Len(t, w.values(t, "local"), 1)
}

func TestMemoryThatIsNotConfiguredSaysSo(t *testing.T) {
	t.Parallel()
	m, err := memory.Open(qdrant.Config{})
	require.NoError(t, err)
	assert.False(t, m.Configured())
	_, recall := m.Recall(t.Context(), "a", "", "x", 1)
	_, known := m.Known(t.Context(), "a", "", nil)
	for _, err := range []error{recall, known, m.Put(t.Context(), []memory.Item{{}}), m.Forget(t.Context(), "a", "b"), m.Ready(t.Context()), m.Drop(t.Context())} {
		assert.ErrorIs(t, err, memory.ErrNotConfigured)
	}
	assert.NoError(t, m.Close())
}

func TestMemoryThatIsAwayOrStalledIsToldInTime(t *testing.T) {
	t.Parallel()
	stalled, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	require.NoError(t, err)
	defer stalled.Close()
	for name, url := range map[string]string{"away": "http://127.0.0.1:1", "stalled": "http://" + stalled.Addr().String()} {
		m, err := memory.Open(qdrant.Config{URL: url, Timeout: 100 * time.Millisecond})
		require.NoError(t, err)
		defer m.Close()
		began := time.Now()
		_, err = m.Recall(t.Context(), "a", "", "x", 1)
		assert.ErrorIs(t, err, qdrant.ErrUnavailable, name)
		_, err = m.Known(t.Context(), "a", "", []questioning.Slot{{Key: "a", Title: "A", Type: questioning.Text}})
		assert.ErrorIs(t, err, qdrant.ErrUnavailable, name)
		assert.Less(t, time.Since(began), time.Second, name)
	}
}

func TestWrongBoundsOfMemoryAreToldAtOnce(t *testing.T) {
	t.Parallel()
	_, err := memory.Open(qdrant.Config{}, memory.WithConfig(memory.Config{Similarity: 0.5}))
	assert.ErrorContains(t, err, "MEMORY_CANDIDATES is 0")
	_, err = memory.Open(qdrant.Config{}, memory.WithConfig(memory.Config{Candidates: 5}))
	assert.ErrorContains(t, err, "MEMORY_SIMILARITY is 0")
}

// model is an embedding model that knows two subjects.
type model struct{ err error }

func (m model) Dimensions() int { return 2 }

func (m model) Embed(_ context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = []float32{1, 0}
		if text == "finances" || len(text) > 5 && text[:6] == "Budget" {
			vectors[i] = []float32{0, 1}
		}
	}
	return vectors, m.err
}

func TestAModelFindsWhatSharesNoWordAndIsNotNeeded(t *testing.T) {
	t.Parallel()
	server, err := embedded.Start(embedded.Options{})
	require.NoError(t, err)
	defer server.Close()
	items := []memory.Item{
		{Principal: "a", ConversationID: elsewhere(), Slot: "budget", Title: "Budget", Type: questioning.Number, Value: 5.0, Words: "5", AnsweredAt: time.Now()},
		{Principal: "a", ConversationID: elsewhere(), Slot: "class", Title: "Class", Type: questioning.Text, Value: "first", Words: "first", AnsweredAt: time.Now()},
	}
	for name, c := range map[string]struct {
		err  error
		want int
	}{"with the model": {nil, 2}, "while it is away": {errors.New("away"), 0}} {
		m, err := memory.Open(qdrant.Config{URL: server.URL()}, memory.WithEmbedder(model{c.err}))
		require.NoError(t, err)
		defer m.Close()
		require.NoError(t, m.Put(t.Context(), items))
		found, err := m.Recall(t.Context(), "a", "", "finances", 10)
		require.NoError(t, err)
		assert.Len(t, found, c.want, name)
		if c.want > 0 {
			assert.Equal(t, "budget", found[0].Slot)
		}
		found, err = m.Recall(t.Context(), "a", "", "class", 1)
		require.NoError(t, err)
		assert.Len(t, found, 1, name)
		require.NoError(t, m.Drop(t.Context()))
	}
}

func TestManyConversationsAreForgottenAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var items []memory.Item
	var ids []string
	for range 1200 {
		id := elsewhere()
		ids = append(ids, id)
		items = append(items, memory.Item{Principal: "local", ConversationID: id, Slot: "budget", Title: "Budget", Type: questioning.Number, Value: 5.0, Words: "5", AnsweredAt: time.Now()})
	}
	require.NoError(t, w.memory.Put(t.Context(), items))
	require.NoError(t, w.memory.Forget(t.Context(), "other", ids...))
	found, err := w.memory.Recall(t.Context(), "local", "", "budget", 5)
	require.NoError(t, err)
	assert.Len(t, found, 5, "another principal forgets nothing of this one's")
	require.NoError(t, w.memory.Forget(t.Context(), "local", ids...))
	found, err = w.memory.Recall(t.Context(), "local", "", "budget", 5)
	require.NoError(t, err)
	assert.Empty(t, found)
}
