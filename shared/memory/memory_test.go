package memory_test

import (
	"net"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestMemoryThatIsNotConfiguredSaysSo(t *testing.T) {
	t.Parallel()
	m, err := memory.Settings{}.Open()
	require.NoError(t, err)
	assert.False(t, m.Configured())
	_, recall := m.Recall(t.Context(), "a", "", "x", 1)
	_, propose := m.Propose(t.Context(), "a", "", nil)
	_, sync := m.Sync(t.Context(), nil, nil)
	_, rebuild := m.Rebuild(t.Context(), nil, nil)
	for _, err := range []error{
		recall, propose, sync, rebuild,
		m.Upsert(t.Context(), []memory.Item{{}}), m.Delete(t.Context(), "a", "b"), m.Ready(t.Context()), m.Drop(t.Context()),
	} {
		assert.ErrorIs(t, err, memory.ErrNotConfigured)
	}
	assert.NoError(t, m.Close())
}

func TestWrongSettingsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := memory.Settings{Qdrant: qdrant.Config{URL: "qdrant:6334"}}.Open()
	assert.ErrorContains(t, err, "QDRANT_URL")
	_, err = memory.Settings{Model: model.Config{EmbeddingName: "small"}}.Open()
	assert.ErrorContains(t, err, "MODEL_")
}

func TestMemoryThatIsDownOrStalledIsReportedInTime(t *testing.T) {
	t.Parallel()
	stalled, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	require.NoError(t, err)
	defer stalled.Close()
	for name, url := range map[string]string{"down": "http://127.0.0.1:1", "stalled": "http://" + stalled.Addr().String()} {
		m, err := memory.Open(qdrant.Config{URL: url, Timeout: 100 * time.Millisecond})
		require.NoError(t, err)
		defer m.Close()
		began := time.Now()
		_, err = m.Recall(t.Context(), "a", "", "x", 1)
		assert.ErrorIs(t, err, qdrant.ErrUnavailable, name)
		_, err = m.Propose(t.Context(), "a", "", []questioning.Slot{{Key: "a", Title: "A", Type: questioning.Text}})
		assert.ErrorIs(t, err, qdrant.ErrUnavailable, name)
		assert.Less(t, time.Since(began), time.Second, name)
		assert.ErrorIs(t, m.Ready(t.Context()), qdrant.ErrUnavailable, name)
		assert.ErrorIs(t, m.Delete(t.Context(), "a", "b"), qdrant.ErrUnavailable, name)
		assert.ErrorIs(t, m.Drop(t.Context()), qdrant.ErrUnavailable, name)
	}
}

func TestAMemoryThatHoldsNothingYetIsEmpty(t *testing.T) {
	t.Parallel()
	m, _ := newMemory(t)
	require.NoError(t, m.Ready(t.Context()))
	found, err := m.Recall(t.Context(), "local", "", "budget", 5)
	require.NoError(t, err)
	assert.Empty(t, found)
	proposed, err := m.Propose(t.Context(), "local", "", []questioning.Slot{{Key: "budget", Title: "Budget", Type: questioning.Number}})
	require.NoError(t, err)
	assert.Empty(t, proposed)
	require.NoError(t, m.Delete(t.Context(), "local", uuid.NewString()))
	require.NoError(t, m.Upsert(t.Context(), nil))
}

func TestManyConversationsAreDeletedAtOnce(t *testing.T) {
	t.Parallel()
	m, _ := newMemory(t)
	var items []memory.Item
	var ids []string
	for range 1200 {
		items = append(items, budget(time.Now(), 5))
		ids = append(ids, items[len(items)-1].ConversationID)
	}
	require.NoError(t, m.Upsert(t.Context(), items))
	require.NoError(t, m.Delete(t.Context(), "other", ids...))
	found, err := m.Recall(t.Context(), "local", "", "budget", 5)
	require.NoError(t, err)
	assert.Len(t, found, 5, "another principal deletes nothing of this one's")
	require.NoError(t, m.Delete(t.Context(), "local", ids...))
	found, err = m.Recall(t.Context(), "local", "", "budget", 5)
	require.NoError(t, err)
	assert.Empty(t, found)
}

func TestADroppedMemoryFillsAgain(t *testing.T) {
	t.Parallel()
	m, url := newMemory(t)
	item := budget(time.Now(), 5)
	require.NoError(t, m.Upsert(t.Context(), []memory.Item{item}))
	require.NoError(t, openMemory(t, url).Drop(t.Context()), "by another process")
	found, err := m.Recall(t.Context(), "local", "", "budget", 5)
	require.NoError(t, err)
	assert.Empty(t, found)
	require.NoError(t, m.Upsert(t.Context(), []memory.Item{item}))
	found, err = m.Recall(t.Context(), "local", "", "budget", 5)
	require.NoError(t, err)
	assert.Len(t, found, 1)
}
