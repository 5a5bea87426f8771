package indexer_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

func TestAnEventAsksNoMoreOfTheDatabaseThan(t *testing.T) {
	t.Parallel()
	s, database := storetest.NewCounted(t)
	server, err := embedded.Start(embedded.Options{})
	require.NoError(t, err)
	defer server.Close()
	x := indexer.New(s, openMemory(t, server.URL()))
	id := storetest.Answered(t, s, "local", "", trip)
	other := storetest.Answered(t, s, "local", "", trip)
	var third []string
	for range 3 {
		third = append(third, storetest.Answered(t, s, "local", "", trip))
	}
	again := delivered(t, recorded("local", id, "budget"))
	_, err = x.Index(t.Context(), again) // which also prunes
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		event.Event
		storetest.Cost
	}{
		{"an answer", recorded("local", id, "class"), storetest.Cost{Statements: 8, RoundTrips: 3}},
		{"a completed conversation", completed("local", id), storetest.Cost{Statements: 12, RoundTrips: 5}},
		{"another of its schema key and principal", completed("local", other), storetest.Cost{Statements: 11, RoundTrips: 5}},
		{"one that counted before", completed("local", id), storetest.Cost{Statements: 6, RoundTrips: 3}},
	} {
		assert.Equal(t, c.Cost, database.Of(func() {
			_, err := x.Index(t.Context(), delivered(t, c.Event))
			require.NoError(t, err)
		}), c.name)
	}
	waiting := func(events ...event.Event) (entries []delivery.Entry) {
		for _, e := range events {
			of, _ := e.Of()
			data, err := event.Encode(e)
			require.NoError(t, err)
			entry := delivery.Entry{ID: uuid.New(), ConversationID: uuid.MustParse(of), Type: e.Type(), Data: data}
			entries = append(entries, entry)
			storetest.Exec(t, database.URL, `INSERT INTO outbox (principal, id, conversation_id, type, data) VALUES ('local', $1, $2, $3, $4)`,
				entry.ID, entry.ConversationID, string(entry.Type), string(data))
		}
		return entries
	}
	for _, c := range []struct {
		name    string
		waiting []delivery.Entry
		storetest.Cost
	}{
		{"three answers of two conversations in the outbox", waiting(recorded("local", id, "class"), recorded("local", id, "budget"), recorded("local", other, "class")),
			storetest.Cost{Statements: 10, RoundTrips: 3}},
		{"three completed conversations in the outbox", waiting(completed("local", third[0]), completed("local", third[1]), completed("local", third[2])),
			storetest.Cost{Statements: 17, RoundTrips: 5}},
	} {
		assert.Equal(t, c.Cost, database.Of(func() {
			_, _, err := x.Consume(t.Context(), c.waiting)
			require.NoError(t, err)
		}), c.name)
	}
	assert.Equal(t, storetest.Cost{Statements: 4, RoundTrips: 2}, database.Of(func() {
		_, err := x.Index(t.Context(), again)
		require.NoError(t, err)
	}), "a repeated delivery")
	storetest.Erase(t, s, "local", id)
	assert.Equal(t, storetest.Cost{Statements: 6, RoundTrips: 4}, database.Of(func() {
		_, err := x.Index(t.Context(), delivered(t, erased("local", id)))
		require.NoError(t, err)
	}), "an erasure")
}
