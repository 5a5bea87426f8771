package memory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

func TestWhatASlotNoLongerHoldsIsNoLongerRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answered(t, "local", "", map[string]any{"budget": 500.0, "class": "first"})
	storetest.Revise(t, w.store, "local", id, "budget", 900.0)
	w.sync(t, "local", id, "budget", "class")
	assert.Equal(t, map[string]any{"budget": 900.0, "class": "first"}, w.values(t, "local"))
	storetest.Revise(t, w.store, "local", id, "budget", nil)
	w.sync(t, "local", id, "budget")
	assert.Equal(t, map[string]any{"class": "first"}, w.values(t, "local"))
}

func TestASecretIsNotRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answered(t, "local", "", map[string]any{"destination": "pay with 4111 1111 1111 1111", "class": "first"})
	assert.Equal(t, map[string]any{"class": "first"}, w.values(t, "local"))
	assert.True(t, w.sync(t, "local", id, "destination"))
}

func TestOnlyAConversationOfThePrincipalIsSynced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "ann", "", map[string]any{"budget": 500.0})
	assert.False(t, w.sync(t, "mallory", id, "budget"))
	assert.Empty(t, w.values(t, "mallory"))
	assert.Empty(t, w.values(t, "ann"))
	storetest.Erase(t, w.store, "ann", id)
	assert.False(t, w.sync(t, "ann", id, "budget"))
}

func TestARefreshedConversationIsRememberedAsTheStoreHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refresh := func(as, id string) {
		require.NoError(t, w.memory.Refresh(principal.With(t.Context(), as), w.store, id))
	}
	id := w.answered(t, "local", "", map[string]any{"budget": 500.0, "class": "first"})
	storetest.Revise(t, w.store, "local", id, "budget", nil)
	storetest.Answer(t, w.store, "local", id, map[string]any{"destination": "Rome"})
	refresh("mallory", id)
	assert.Equal(t, map[string]any{"budget": 500.0, "class": "first"}, w.values(t, "local"))
	assert.Empty(t, w.values(t, "mallory"))
	refresh("local", id)
	assert.Equal(t, map[string]any{"class": "first", "destination": "Rome"}, w.values(t, "local"))
	storetest.Erase(t, w.store, "local", id)
	refresh("local", id)
	assert.Empty(t, w.values(t, "local"))
}

func TestAConversationIsNotErasedWhileItIsSynced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 500.0})
	erased := make(chan error, 1)
	require.NoError(t, w.store.Write(t.Context(), func(tx *store.Tx) error {
		exist, err := w.memory.Sync(t.Context(), tx, map[string][]string{id: {"budget"}})
		assert.Equal(t, []string{id}, exist)
		go func() {
			_, err := w.store.Erase(t.Context(), id, "", time.Now())
			erased <- err
		}()
		select {
		case <-erased:
			t.Error("erased while it is synced")
		case <-time.After(100 * time.Millisecond):
		}
		storetest.Answer(t, w.store, "local", id, map[string]any{"class": "first"}) // which does not wait
		return err
	}))
	assert.NoError(t, <-erased)
}

func TestTheStoreSaysWhatStillHoldsOfWhatIsRecalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	revised := w.answered(t, "local", "", map[string]any{"budget": 500.0, "class": "first"})
	erased := w.answered(t, "local", "", map[string]any{"destination": "Rome"})
	storetest.Revise(t, w.store, "local", revised, "budget", 900.0)
	storetest.Erase(t, w.store, "local", erased)
	found, err := w.memory.Recall(t.Context(), "local", "", "trip", 10)
	require.NoError(t, err)
	require.Len(t, found, 3)
	answers := make([]store.SlotAnswer, len(found))
	for i, f := range found {
		answers[i] = store.SlotAnswer{ConversationID: f.ConversationID, Slot: f.Slot, Number: f.AnswerNumber}
	}
	still, err := w.store.StillHold(t.Context(), answers)
	require.NoError(t, err)
	for i, f := range found {
		assert.Equal(t, f.Slot == "class", still[i], f.Slot)
	}
}

func TestMemoryIsRebuiltFromTheStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for range 5 {
		ids = append(ids, storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 500.0, "destination": "Rome"}))
	}
	other := storetest.Answered(t, w.store, "ann", "", map[string]any{"class": "first"})
	w.sync(t, "local", ids[0], "budget")
	w.sync(t, "local", ids[1], "budget")
	storetest.Erase(t, w.store, "local", ids[1]) // and its event was lost
	storetest.Revise(t, w.store, "local", ids[0], "budget", nil)

	for run := range 2 {
		pages := 0
		done, err := w.memory.Rebuild(t.Context(), w.store, func(memory.Rebuilt) { pages++ })
		require.NoError(t, err)
		assert.Equal(t, memory.Rebuilt{Conversations: 5, Answers: 8, Stale: []int{2, 0}[run]}, done)
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

func TestARebuildGoesOverAllPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 120 { // of 100
		storetest.Answered(t, w.store, []string{"local", "ann"}[n%2], "", map[string]any{"budget": float64(n)})
	}
	done, err := w.memory.Rebuild(t.Context(), w.store, nil)
	require.NoError(t, err)
	assert.Equal(t, memory.Rebuilt{Conversations: 120, Answers: 120}, done)
	found, err := w.memory.Recall(t.Context(), "ann", "", "budget", 100)
	require.NoError(t, err)
	assert.Len(t, found, 60)
}

func TestARebuildLeavesWhatIsAnsweredMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 500.0})
	late := ""
	_, err := w.memory.Rebuild(t.Context(), w.store, func(memory.Rebuilt) {
		if late == "" {
			storetest.Answer(t, w.store, "local", id, map[string]any{"class": "first"})
			w.sync(t, "local", id, "class")
			late = w.answered(t, "local", "", map[string]any{"destination": "Rome"})
		}
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"budget": 500.0, "class": "first", "destination": "Rome"}, w.values(t, "local"))
}

func TestARebuildReportsWhatIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	storetest.Answered(t, w.store, "local", "", map[string]any{"budget": 500.0})
	_, err := openMemory(t, "http://127.0.0.1:1").Rebuild(t.Context(), w.store, nil)
	require.ErrorIs(t, err, qdrant.ErrUnavailable)
	ctx := principal.With(t.Context(), "local")
	w.store.Close()
	_, err = w.memory.Rebuild(ctx, w.store, nil)
	assert.Error(t, err)
}
