// Package storetest makes conversations for the tests of packages that read them from
// the store. They are made through the store and the engine, so they are as a server
// would have left them. Begin with New and Open.
package storetest

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Trip is the schema key of the conversations.
const Trip = "trip"

// slots of a trip. They have five different types, so that values of each pass
// through what is tested.
func slots() []questioning.Slot {
	var classes []questioning.Option
	for _, class := range []string{"economy", "business", "first"} {
		classes = append(classes, questioning.Option{Value: class})
	}
	return []questioning.Slot{
		{Key: "destination", Title: "Destination", Type: questioning.Text, Required: true},
		{Key: "budget", Title: "Budget", Type: questioning.Number, Required: true},
		{Key: "class", Title: "Class", Type: questioning.Choice, Required: true, Options: classes},
		{Key: "start_date", Title: "Start date", Type: questioning.Date, Required: true},
		{Key: "insurance", Title: "Insurance", Type: questioning.Boolean, Required: true},
	}
}

// New returns a store on a new, migrated database, and the database's URL.
// The test's binary needs postgrestest.Main.
func New(t testing.TB) (s *store.Store, url string) {
	t.Helper()
	url = postgrestest.New(t)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 8})
	require.NoError(t, err)
	s = store.New(pool)
	t.Cleanup(s.Close)
	return s, url
}

// Open opens a conversation of a principal about a trip, with a question for each slot,
// for a user or for "". It returns the conversation's id.
func Open(t testing.TB, s *store.Store, as, user string) string {
	t.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	state := questioning.New("Book a trip", slots(), questioning.Limits{BatchSize: 5, MaxQuestions: 100})
	earlier, err := s.Open(principal.With(t.Context(), as), &store.Opening{
		Conversation: store.Conversation{ID: id, SessionID: "of " + id, UserID: user, Goal: state.Goal, Playbook: Trip, SchemaKey: Trip, Revision: 1, State: state},
		Change:       store.Change{Batch: state.Next(), Fingerprint: digest(id), Result: []byte(`{}`)},
	})
	require.NoError(t, err)
	require.Nil(t, earlier)
	return id
}

// Answered is Open and Answer.
func Answered(t testing.TB, s *store.Store, as, user string, values map[string]any) string {
	t.Helper()
	id := Open(t, s, as, user)
	Answer(t, s, as, id, values)
	return id
}

// Answer answers slots of a conversation, by key.
func Answer(t testing.TB, s *store.Store, as, id string, values map[string]any) {
	t.Helper()
	change(t, s, as, id, func(c *store.Conversation, change *store.Change) {
		for _, slot := range slices.Sorted(maps.Keys(values)) {
			recorded, err := c.State.Record(answer(slot, values[slot]))
			require.NoError(t, err)
			change.Answers = append(change.Answers, stored(id, recorded))
		}
	})
}

// Revise replaces a slot's value; nil declines to say.
func Revise(t testing.TB, s *store.Store, as, id, slot string, value any) {
	t.Helper()
	change(t, s, as, id, func(c *store.Conversation, change *store.Change) {
		revised, err := c.State.Revise(answer(slot, value))
		require.NoError(t, err)
		change.Revised, change.Answers = []questioning.Revised{revised}, []store.Answer{stored(id, revised.Answer)}
	})
}

// Erase erases a conversation.
func Erase(t testing.TB, s *store.Store, as, id string) {
	t.Helper()
	erased, err := s.Erase(principal.With(t.Context(), as), id, "", time.Now())
	require.NoError(t, err)
	require.Equal(t, []string{id}, erased.Conversations)
}

// Exec and Count act as the administrator of the database, whom row security does not
// bind: they see the rows of all principals, unlike the store.
var (
	Exec  = postgrestest.Exec
	Count = postgrestest.Count
)

// Rows counts every row of the tables of conversations, all principals' included.
func Rows(t testing.TB, url string) int {
	t.Helper()
	return Count(t, url, `SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM conversations) + (SELECT count(*) FROM slots) +
		(SELECT count(*) FROM questions) + (SELECT count(*) FROM answers) + (SELECT count(*) FROM messages) + (SELECT count(*) FROM results)`)
}

// OnlyConversation returns the id of a database's one conversation.
func OnlyConversation(t testing.TB, url string) string {
	t.Helper()
	return postgrestest.Value[string](t, url, `SELECT (SELECT id::text FROM conversations)`) // an error if there are two
}

// change loads a conversation, changes it and saves it.
func change(t testing.TB, s *store.Store, as, id string, run func(*store.Conversation, *store.Change)) {
	t.Helper()
	ctx := principal.With(t.Context(), as)
	c, _, err := s.Load(ctx, id, nil)
	require.NoError(t, err)
	before := *c.State
	before.SlotStates = slices.Clone(c.State.SlotStates)
	change := store.Change{Before: &before, Fingerprint: digest(fmt.Sprint(id, c.Revision)), Result: []byte(`{}`)}
	run(c, &change)
	change.Batch = c.State.Next()
	c.Revision++
	require.NoError(t, s.Save(ctx, c, change))
}

func answer(slot string, value any) questioning.Answer {
	if value == nil {
		return questioning.Answer{Slot: slot, Outcome: questioning.Declined, Words: "I would rather not say"}
	}
	return questioning.Answer{Slot: slot, Outcome: questioning.Answered, Value: value, Words: fmt.Sprint(value)}
}

// stored gives an answer a digest of its place, so that no two answers of a
// conversation count as the same.
func stored(id string, a questioning.Answer) store.Answer {
	return store.Answer{Answer: a, Digest: digest(fmt.Sprint(id, a.Number))}
}

func digest(of string) []byte {
	sum := sha256.Sum256([]byte(of))
	return sum[:]
}
