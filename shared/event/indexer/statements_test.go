package indexer_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
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
	again := delivered(t, recorded("local", id, "budget"))
	_, err = x.Index(t.Context(), again) // which also prunes
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		event.Event
		storetest.Cost
	}{
		{"an answer", recorded("local", id, "class"), storetest.Cost{Statements: 8, RoundTrips: 3}},
		{"a completed conversation", completed("local", id), storetest.Cost{Statements: 12, RoundTrips: 6}},
		{"another of its schema key and principal", completed("local", other), storetest.Cost{Statements: 11, RoundTrips: 5}},
		{"one that counted before", completed("local", id), storetest.Cost{Statements: 6, RoundTrips: 3}},
	} {
		assert.Equal(t, c.Cost, database.Of(func() {
			_, err := x.Index(t.Context(), delivered(t, c.Event))
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
