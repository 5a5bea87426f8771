package memory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestNothingCrossesPrincipalsOrUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for as, users := range map[string][]string{"tenant": {"ann", "bob", ""}, "other": {"ann"}} {
		for _, user := range users {
			w.answered(t, as, user, map[string]any{"destination": as + "/" + user})
		}
	}
	for name, c := range map[string]struct {
		as, user string
		recalled []string
		proposed any
	}{
		"a user":                  {"tenant", "ann", []string{"tenant/ann"}, "tenant/ann"},
		"all of a principal":      {"tenant", "", []string{"tenant/ann", "tenant/bob", "tenant/"}, "tenant/"},
		"the same name elsewhere": {"other", "ann", []string{"other/ann"}, "other/ann"},
		"nobody":                  {"stranger", "ann", nil, nil},
		"no such user":            {"tenant", "eve", nil, nil},
	} {
		found, err := w.memory.Recall(t.Context(), c.as, c.user, "destination of the trip", 100)
		require.NoError(t, err)
		var recalled []string
		for _, f := range found {
			assert.Equal(t, c.as, f.Principal)
			recalled = append(recalled, f.Words)
		}
		assert.ElementsMatch(t, c.recalled, recalled, name)

		proposed, err := w.memory.Propose(t.Context(), c.as, c.user, []questioning.Slot{{Key: "destination", Title: "Destination", Type: questioning.Text}})
		require.NoError(t, err)
		assert.Equal(t, c.proposed, proposed["destination"].Value, name)
	}
}

func TestRecallFindsByWordsWithTheConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answered(t, "local", "ann", map[string]any{
		"destination": "Lisbon", "budget": 500.0, "class": "business", "start_date": "2026-12-10", "insurance": true,
	})
	found, err := w.memory.Recall(t.Context(), "local", "ann", "how much money was in the budgets", 2)
	require.NoError(t, err)
	require.NotEmpty(t, found)
	best := found[0]
	assert.Equal(t, "budget", best.Slot)
	assert.Equal(t, 500.0, best.Value)
	assert.Equal(t, id, best.ConversationID)
	assert.Equal(t, "of "+id, best.SessionID)
	assert.Equal(t, "Book a trip", best.Goal)
	assert.Equal(t, 1, best.AnswerNumber)
	assert.WithinDuration(t, time.Now(), best.AnsweredAt, time.Minute)

	found, err = w.memory.Recall(t.Context(), "local", "ann", "destinazion", 5)
	require.NoError(t, err)
	require.Len(t, found, 1, "typing errors do not hide it")
	assert.Equal(t, "Lisbon", found[0].Value)
	assert.NotEmpty(t, found[0].Question, "it was asked for")
	for _, query := range []string{"  ", "the quarterly finances"} {
		nothing, err := w.memory.Recall(t.Context(), "local", "ann", query, 5)
		require.NoError(t, err)
		assert.Empty(t, nothing, query)
	}
}

func TestRecallReturnsAtMostWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	m, _ := newMemory(t)
	var items []memory.Item
	for n := range memory.MaxRecalled + 20 {
		items = append(items, budget(time.Now(), float64(n)))
	}
	require.NoError(t, m.Upsert(t.Context(), items))
	for limit, want := range map[int]int{0: 0, 7: 7, 1000: memory.MaxRecalled} {
		found, err := m.Recall(t.Context(), "local", "", "budget", limit)
		require.NoError(t, err)
		assert.Len(t, found, want)
	}
}

func TestAModelFindsWhatSharesNoWordAndIsNotNeeded(t *testing.T) {
	t.Parallel()
	class := budget(time.Now(), 0)
	class.Slot, class.Title, class.Type, class.Value, class.Words = "class", "Class", questioning.Text, "first", "first"
	for name, c := range map[string]struct {
		model embedder
		want  int
	}{"with the model": {embedder{}, 2}, "while it is down": {embedder{down: true}, 0}} {
		m, _ := newMemory(t, memory.WithEmbedder(c.model))
		require.NoError(t, m.Upsert(t.Context(), []memory.Item{budget(time.Now(), 5), class}))
		found, err := m.Recall(t.Context(), "local", "", "finances", 10)
		require.NoError(t, err)
		assert.Len(t, found, c.want, name)
		if c.want > 0 {
			assert.Equal(t, "budget", found[0].Slot)
		}
		found, err = m.Recall(t.Context(), "local", "", "class", 1)
		require.NoError(t, err)
		assert.Len(t, found, 1, name)
	}
}
