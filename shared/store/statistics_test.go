package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// counted counts a conversation by an event of its own.
func counted(t *testing.T, s *store.Store, as, id, schemaKey string) store.Counted {
	t.Helper()
	return countedTogether(t, s, as, store.Completed{ConversationID: id, SchemaKey: schemaKey})[0]
}

// countedTogether counts conversations in one transaction.
func countedTogether(t *testing.T, s *store.Store, as string, completed ...store.Completed) (became []store.Counted) {
	t.Helper()
	ctx := principal.With(t.Context(), as)
	require.NoError(t, s.Process(ctx, "test", "counted", uuid.NewString(), func(tx *store.Tx) (err error) {
		became, err = tx.AddToStatistics(ctx, completed)
		return err
	}))
	require.Len(t, became, len(completed))
	return became
}

// surveyed completes and counts a conversation.
func surveyed(t *testing.T, s *store.Store, as, user, class string) string {
	t.Helper()
	id := storetest.Answered(t, s, as, user, map[string]any{"class": class})
	require.Equal(t, store.CountedNow, counted(t, s, as, id, storetest.Trip))
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
	assert.Equal(t, store.CountedBefore, counted(t, s, "ann", id, storetest.Trip))
	assert.Equal(t, 1, seen(t, s, "ann", "", "first"))
	assert.Equal(t, 1, storetest.Count(t, url, `SELECT (document ->> 'conversations')::integer FROM shared_statistics`))
}

func TestAConversationWithoutASchemaKeyIsNotCounted(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	assert.Equal(t, store.CountedBefore, counted(t, s, "ann", storetest.Answered(t, s, "ann", "", map[string]any{"class": "first"}), ""))
	assert.Zero(t, storetest.Count(t, url, `SELECT count(*) FROM shared_statistics`))
}

func TestAConversationOfAnotherPrincipalIsNotCounted(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	id := storetest.Answered(t, s, "ann", "", map[string]any{"class": "first"})
	assert.Equal(t, store.CountedNever, counted(t, s, "mallory", id, storetest.Trip))
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

// What is counted together is what is counted one by one: each conversation is predicted by
// those before it, each user speaks once to others, and each principal to all.
func TestConversationsAreCountedTogetherAsOneByOne(t *testing.T) {
	t.Parallel()
	together, url := storetest.New(t)
	alone, other := storetest.New(t)
	answered := func(s *store.Store) (completed []store.Completed) {
		for _, c := range []struct{ user, class string }{{"ann", "first"}, {"bob", "first"}, {"ann", "economy"}, {"", "first"}} {
			completed = append(completed, store.Completed{ConversationID: storetest.Answered(t, s, "app", c.user, map[string]any{"class": c.class}), SchemaKey: storetest.Trip})
		}
		return completed
	}
	all := answered(together)
	gone := store.Completed{ConversationID: uuid.NewString(), SchemaKey: storetest.Trip}
	became := countedTogether(t, together, "app", append([]store.Completed{all[1], gone, {ConversationID: all[3].ConversationID}}, append(all[:3:3], all[1])...)...)
	assert.Equal(t, []store.Counted{
		store.CountedNow, store.CountedNever, store.CountedBefore, store.CountedNow, store.CountedBefore, store.CountedNow, store.CountedBefore,
	}, became, "each once, and not without a schema key")
	one := answered(alone)
	for _, i := range []int{1, 0, 2} {
		require.Equal(t, store.CountedNow, counted(t, alone, "app", one[i].ConversationID, storetest.Trip))
	}
	for _, document := range []string{
		`SELECT document::text FROM shared_statistics`,
		`SELECT string_agg(contribution::text, ' ' ORDER BY user_id, conversation_id) FROM counted_conversations WHERE form IS NOT NULL`,
		`SELECT string_agg(user_id || for_user || for_others, ' ' ORDER BY user_id, conversation_id) FROM counted_conversations WHERE form IS NOT NULL`,
	} {
		assert.Equal(t, postgrestest.Value[string](t, other, document), postgrestest.Value[string](t, url, document), document)
	}
	assert.Equal(t, 2, seen(t, together, "app", "ann", "first")+seen(t, together, "app", "ann", "economy"))
}

// Contributions are read once, and those of one that was erased count no longer.
func TestStatisticsReadAgainOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	s, database := storetest.NewCounted(t)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: database.URL, MaxConns: 2})
	require.NoError(t, err)
	other := store.New(pool)
	defer other.Close()
	gone := surveyed(t, other, "ann", "", "first")
	reading := func() int64 {
		return database.Of(func() { seen(t, s, "ann", "", "first") }).RoundTrips
	}
	assert.EqualValues(t, 2, reading())
	assert.EqualValues(t, 1, reading())
	surveyed(t, other, "ann", "", "first")
	assert.EqualValues(t, 2, reading())
	surveyed(t, s, "ann", "", "first")
	assert.EqualValues(t, 1, reading(), "its own")
	storetest.Erase(t, other, "ann", gone)
	assert.Equal(t, 2, seen(t, s, "ann", "", "first"))
}

// A transaction that fails may count its conversations otherwise the next time.
func TestWhatWasNotCommittedIsCountedAgain(t *testing.T) {
	t.Parallel()
	s, _ := storetest.New(t)
	id := storetest.Answered(t, s, "ann", "", map[string]any{"class": "first"})
	ctx := principal.With(t.Context(), "ann")
	failure := errors.New("failure")
	require.ErrorIs(t, s.Process(ctx, "test", "counted", uuid.NewString(), func(tx *store.Tx) error {
		_, err := tx.AddToStatistics(ctx, []store.Completed{{ConversationID: id, SchemaKey: storetest.Trip}})
		require.NoError(t, err)
		return failure
	}), failure)
	storetest.Revise(t, s, "ann", id, "class", "economy")
	require.Equal(t, store.CountedNow, counted(t, s, "ann", id, storetest.Trip))
	assert.Equal(t, []int{0, 1}, []int{seen(t, s, "ann", "", "first"), seen(t, s, "ann", "", "economy")})
}
