package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// conversations counts those of a principal.
func (d *database) conversations(t *testing.T, of string) int {
	t.Helper()
	return selected[int](t, d, of, `SELECT count(*) FROM conversations`)[0]
}

func TestIdenticalOpeningsThatRaceAreOne(t *testing.T) {
	t.Parallel()
	d := newDatabaseOf(t, 4)
	var racing sync.WaitGroup
	var mutex sync.Mutex
	opened, joined := 0, 0
	for range 8 {
		o := opening()
		o.SessionID, o.OpenedBy = "one", digest("caller and call")
		racing.Go(func() {
			earlier, err := d.Open(t.Context(), o)
			mutex.Lock()
			defer mutex.Unlock()
			assert.NoError(t, err)
			if earlier == nil {
				opened++
				return
			}
			joined++
			assert.JSONEq(t, `{"turn": 1}`, string(earlier))
		})
	}
	racing.Wait()
	assert.Equal(t, []int{1, 7, 1}, []int{opened, joined, d.conversations(t, principal.Local)})
}

func TestAnOpeningKnownByItsCallIsJoinedUntilTheConversationGoesOn(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	again := func() *store.Opening {
		o := opening()
		o.OpenedBy = digest("caller and call")
		return o
	}
	id := d.open(t, again())
	earlier, err := d.Open(t.Context(), again())
	require.NoError(t, err)
	assert.JSONEq(t, `{"turn": 1}`, string(earlier))

	d.answered(t, id, "destination", "Lisbon", "to Lisbon")
	d.open(t, again())
	assert.Equal(t, 2, d.conversations(t, principal.Local))
}

func TestAnOpeningKnownByItsKeyIsJoinedWhenTheConversationWentOn(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	keyed := func(call string) *store.Opening {
		o := opening()
		o.OpenedBy, o.WithKey, o.Fingerprint = digest("key"), true, digest(call)
		return o
	}
	id := d.open(t, keyed("open"))
	d.answered(t, id, "destination", "Lisbon", "to Lisbon")
	earlier, err := d.Open(t.Context(), keyed("open"))
	require.NoError(t, err)
	assert.JSONEq(t, `{"turn": 1}`, string(earlier))

	_, err = d.Open(t.Context(), keyed("something else"))
	require.ErrorIs(t, err, store.ErrOtherCall)
	assert.Equal(t, 1, d.conversations(t, principal.Local))
	_, err = d.Open(principal.With(t.Context(), "eve"), keyed("something else"))
	assert.NoError(t, err, "a key is the principal's own")
}

// The conversation is not told to whoever differs: another goal or user is another call.
func TestAnOpeningKnownByItsKeyNamesTheConversationWhenItsResultIsGone(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	keyed := func(goal, user string) *store.Opening {
		o := opening()
		o.OpenedBy, o.WithKey, o.Goal, o.UserID = digest("key"), true, goal, user
		return o
	}
	id := d.open(t, keyed("Book a trip", "ada"))
	gone := 0
	for i := range 20 {
		c := d.load(t, id, fmt.Sprint("call ", i))
		require.NoError(t, d.Save(t.Context(), c, change(c, fmt.Sprint("call ", i))))
		_, err := d.Open(t.Context(), keyed("Book a trip", "ada"))
		var notKept *store.NotKeptError
		if errors.As(err, &notKept) {
			gone++
			assert.Equal(t, id, notKept.ConversationID)
			assert.ErrorContains(t, err, id)
			continue
		}
		require.NoError(t, err)
	}
	assert.Equal(t, 5, gone, "the results of sixteen revisions are kept")
	for _, other := range []*store.Opening{keyed("Plan a party", "ada"), keyed("Book a trip", "bob")} {
		_, err := d.Open(t.Context(), other)
		require.ErrorIs(t, err, store.ErrOtherCall)
	}
	_, err := d.Open(t.Context(), keyed("Book a trip", ""))
	assert.ErrorContains(t, err, id, "whoever names no user reaches all of the principal's")
}

func TestASessionIsItsUsersAlone(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	of := func(user string) *store.Opening {
		o := opening()
		o.SessionID, o.UserID = "one", user
		return o
	}
	d.open(t, of("ada"))
	_, err := d.Open(t.Context(), of("bob"))
	require.ErrorIs(t, err, store.ErrForeignSession)
	assert.Equal(t, 1, d.conversations(t, principal.Local))

	d.open(t, of("ada"))
	unnamed := d.open(t, of(""))
	assert.Equal(t, "ada", d.load(t, unnamed, "later").UserID, "whoever names no user speaks for the session's")
	_, err = d.Open(principal.With(t.Context(), "eve"), of("bob"))
	assert.NoError(t, err, "another principal has sessions of its own")
}

func TestAnOpeningThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	o := opening()
	o.State.Open[0].Purpose = "no such purpose"
	_, err := d.Open(t.Context(), o)
	require.Error(t, err)
	assert.Zero(t, d.conversations(t, principal.Local))
	assert.Zero(t, selected[int](t, d, principal.Local, `SELECT count(*) FROM sessions`)[0])
	assert.Empty(t, d.events(t, o.ID))
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	_, _, err := d.Load(t.Context(), uuid.NewString(), digest("open"))
	require.ErrorIs(t, err, store.ErrNotFound)
	unused := func(*store.Tx, *store.Loaded) (*store.Change, error) { panic("nothing was loaded") }
	require.ErrorIs(t, d.Update(t.Context(), uuid.NewString(), store.Named{}, unused), store.ErrNotFound)
}
