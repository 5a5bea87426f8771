package store_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// counted counts a conversation by an event of its own. It returns whether it
// counted.
func counted(t *testing.T, s *store.Store, as, id, schemaKey string) (added bool, err error) {
	t.Helper()
	ctx := principal.With(t.Context(), as)
	err = s.Process(ctx, "test", "counted", []string{uuid.NewString()}, func(tx *store.Tx, _ []string) error {
		added, err = tx.AddToStatistics(ctx, id, schemaKey)
		return err
	})
	return added, err
}

// surveyed completes and counts a conversation.
func surveyed(t *testing.T, s *store.Store, as, user, class string) string {
	t.Helper()
	id := storetest.Answered(t, s, as, user, map[string]any{"class": class})
	added, err := counted(t, s, as, id, storetest.Trip)
	require.NoError(t, err)
	require.True(t, added)
	return id
}

// seen returns how often a user is shown that conversations answered a class.
func seen(t *testing.T, s *store.Store, as, user, class string) int {
	t.Helper()
	shown, err := s.Statistics(principal.With(t.Context(), as), storetest.Trip, user)
	require.NoError(t, err)
	return shown.Slots["class"].Values[class]
}

func TestThereAreNoStatisticsBeforeAConversationCounts(t *testing.T) {
	t.Parallel()
	s, _ := storetest.New(t)
	assert.Zero(t, seen(t, s, "ann", "", "first"))
}

func TestAConversationIsCountedOnce(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	id := surveyed(t, s, "ann", "", "first")
	added, err := counted(t, s, "ann", id, storetest.Trip)
	require.NoError(t, err)
	assert.False(t, added)
	assert.Equal(t, 1, seen(t, s, "ann", "", "first"))
	assert.Equal(t, 1, storetest.Count(t, url, `SELECT (document ->> 'conversations')::integer FROM shared_statistics`))
}

func TestAConversationWithoutASchemaKeyIsNotCounted(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	added, err := counted(t, s, "ann", storetest.Answered(t, s, "ann", "", map[string]any{"class": "first"}), "")
	require.NoError(t, err)
	assert.False(t, added)
	assert.Zero(t, storetest.Count(t, url, `SELECT count(*) FROM shared_statistics`))
}

func TestAConversationOfAnotherPrincipalIsNotCounted(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	id := storetest.Answered(t, s, "ann", "", map[string]any{"class": "first"})
	_, err := counted(t, s, "mallory", id, storetest.Trip)
	require.ErrorIs(t, err, store.ErrNotFound)
	assert.Zero(t, storetest.Count(t, url, `SELECT count(*) FROM counted_conversations`))
}

func TestAUserSeesTheirOwnAnswersAndThoseOfEnoughOthers(t *testing.T) {
	t.Parallel()
	s, _ := storetest.New(t)
	for range questioning.MinPeople {
		surveyed(t, s, "app", "ann", "first")
	}
	assert.Equal(t, questioning.MinPeople, seen(t, s, "app", "ann", "first"))
	assert.Zero(t, seen(t, s, "app", "bob", "first"), "they are one person's")
	for n := range questioning.MinPeople - 1 { // and ann
		surveyed(t, s, "app", fmt.Sprint("user ", n), "first")
	}
	assert.Equal(t, questioning.MinPeople, seen(t, s, "app", "bob", "first"), "each user speaks once")
	assert.Zero(t, seen(t, s, "elsewhere", "bob", "first"), "they are one principal")
	for n := range questioning.MinPeople - 1 { // and app
		surveyed(t, s, fmt.Sprint("principal ", n), "", "first")
	}
	assert.Equal(t, questioning.MinPeople, seen(t, s, "elsewhere", "bob", "first"), "each principal speaks once")
}

func TestErasingTakesBackWhatAConversationAdded(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	speaks, other := surveyed(t, s, "ann", "", "first"), surveyed(t, s, "bob", "", "economy")
	silent := surveyed(t, s, "ann", "", "economy")
	shared := func(class string) int {
		return storetest.Count(t, url, `SELECT coalesce((document #>> ARRAY['slots', 'class', 'values', $1])::integer, 0) FROM shared_statistics`, class)
	}
	require.Equal(t, 1, shared("first"))
	require.Equal(t, 1, shared("economy"))
	storetest.Erase(t, s, "ann", silent)
	assert.Equal(t, 1, shared("first"), "another conversation speaks for its principal")
	storetest.Erase(t, s, "ann", speaks)
	assert.Zero(t, shared("first"))
	assert.Equal(t, 1, shared("economy"))
	storetest.Erase(t, s, "bob", other)
	assert.Zero(t, storetest.Count(t, url, `SELECT count(*) FROM shared_statistics`), "counts of nobody name the options of what was erased")
}
