package local

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

// A person answers faster than other processes have to hear of it, and each hearing reads
// the conversation again.
func TestOtherProcessesHearOfAConversationOnce(t *testing.T) {
	url := postgrestest.New(t)
	other, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer other.Close(context.WithoutCancel(t.Context()))
	_, err = other.Exec(t.Context(), "LISTEN "+channel)
	require.NoError(t, err)

	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 2})
	require.NoError(t, err)
	none, err := memory.Open(qdrant.Config{})
	require.NoError(t, err)
	f := newFollower(pool, store.New(pool), none)
	one, two := uuid.NewString(), uuid.NewString()
	for _, id := range []string{one, two, one} {
		f.announce(eventtest.Recorded("local", id, "city"))
	}
	heard := []string{hear(t, other).Conversation, hear(t, other).Conversation}
	assert.ElementsMatch(t, []string{one, two}, heard)

	f.announce(eventtest.Recorded("local", one, "city"))
	f.close() // sends what waits
	assert.Equal(t, announcement{By: f.name, Principal: "local", Conversation: one}, hear(t, other))
}

func hear(t *testing.T, on *pgx.Conn) (a announcement) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	notified, err := on.WaitForNotification(ctx)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(notified.Payload), &a))
	return a
}
