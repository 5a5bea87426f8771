package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

func TestWhatIsSavedIsLoaded(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	saved := d.answered(t, id, "destination", "Lisbon", "to Lisbon")

	loaded, earlier, err := d.Load(t.Context(), id, digest("say to Lisbon"))
	require.NoError(t, err)
	assert.Equal(t, saved, loaded)
	assert.Equal(t, 2, earlier.Revision)
	assert.JSONEq(t, `{"turn": 2}`, string(earlier.Result))
	assert.Equal(t, saved, d.reported(t, id).Conversation)
}

func TestOfTwoChangesToOneRevisionTheLaterIsRefusedWhole(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	first, second := d.load(t, id, "one"), d.load(t, id, "other")
	require.NoError(t, d.Save(t.Context(), first, answer(t, first, "one", "destination", "Lisbon", "Lisbon")))
	require.ErrorIs(t, d.Save(t.Context(), second, answer(t, second, "other", "destination", "Porto", "Porto")), store.ErrConflict)

	assert.Equal(t, first, d.load(t, id, "other"))
	assert.Equal(t, []string{"question asked", "answer recorded", "question asked"}, d.events(t, id))
}

func TestOfChangesThatRaceOneWins(t *testing.T) {
	t.Parallel()
	d := newDatabaseOf(t, 4)
	id := d.open(t, opening())
	loaded, made, results := make([]*store.Conversation, 8), make([]store.Change, 8), make([]error, 8)
	for i := range loaded {
		call := fmt.Sprint("call ", i)
		loaded[i] = d.load(t, id, call)
		made[i] = answer(t, loaded[i], call, "destination", call, call)
	}
	var racing sync.WaitGroup
	for i := range loaded {
		racing.Go(func() { results[i] = d.Save(t.Context(), loaded[i], made[i]) })
	}
	racing.Wait()

	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		assert.ErrorIs(t, err, store.ErrConflict)
	}
	assert.Equal(t, 1, won)
	after := d.load(t, id, "later")
	assert.Equal(t, []int{2, 1}, []int{after.Revision, after.State.Answered})
}

func TestOfUpdatesAtOnceAllSucceed(t *testing.T) {
	t.Parallel()
	d := newDatabaseOf(t, 4)
	id := d.open(t, opening())
	var racing sync.WaitGroup
	for i := range 6 {
		call := fmt.Sprint("call ", i)
		racing.Go(func() {
			tries := 0
			assert.NoError(t, d.Update(t.Context(), id, store.Named{Fingerprint: digest(call)}, func(_ *store.Tx, c *store.Loaded) (*store.Change, error) {
				assert.Nil(t, c.Earlier)
				tries++
				made := change(c.Conversation, call)
				return &made, nil
			}))
			assert.LessOrEqual(t, tries, 2)
		})
	}
	racing.Wait()
	assert.Equal(t, 7, d.load(t, id, "later").Revision)
}

func TestATransactionThatLostARaceStartsOverTwice(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	tries := 0
	lose := func(*store.Tx) error { tries++; return store.ErrConflict }
	require.ErrorIs(t, d.Write(t.Context(), lose), store.ErrConflict)
	assert.Equal(t, 3, tries)

	tries = 0
	require.ErrorIs(t, d.Write(t.Context(), func(*store.Tx) error { tries++; return store.ErrNotFound }), store.ErrNotFound)
	assert.Equal(t, 1, tries, "another failure is final")
	require.NoError(t, d.Ping(t.Context()), "the connection is free again")
}

func TestARevisionSupersedesAnswersAndReopensWhatRestedOnThem(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	d.answered(t, id, "destination", "Lisbon", "to Lisbon")
	d.answered(t, id, "tram", true, "by tram")

	c := d.load(t, id, "revise")
	made := change(c, "revise")
	revised, err := c.State.Revise(questioning.Answer{Slot: "destination", Outcome: questioning.Answered, Value: "Porto", Words: "no, Porto"})
	require.NoError(t, err)
	require.Len(t, revised.Reopened, 1)
	made.Answers, made.Revised, made.Batch = []store.Answer{{Answer: revised.Answer, Digest: digest("Porto")}}, []questioning.Revised{revised}, c.State.Next()
	require.NoError(t, d.Save(t.Context(), c, made))

	var superseded []int
	for _, entry := range d.reported(t, id).History {
		superseded = append(superseded, entry.SupersededBy)
	}
	assert.Equal(t, []int{3, 3, 0}, superseded)
	assert.Equal(t, asLoaded(c), d.load(t, id, "later"))
	assert.Contains(t, d.events(t, id), "answer revised")
}

func TestCompletionIsToldOnceWithWhyItStopped(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	c := d.load(t, id, "enough")
	made := change(c, "enough")
	made.Batch.Stop, made.Completed = &questioning.Stop{Reason: questioning.LimitReached}, true
	require.NoError(t, d.Save(t.Context(), c, made))

	assert.Equal(t, string(questioning.LimitReached), d.load(t, id, "later").StopReason)
	assert.Equal(t, []string{"question asked", "conversation completed"}, d.events(t, id))
}

func TestAPlaybookIsReplacedWithItsSlotsAndQuestions(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	c := d.load(t, id, "replace")
	made := change(c, "replace")
	c.Playbook, c.SchemaKey = "generic", "generic"
	asked := c.State.Asked
	c.State = questioning.New(c.Goal, []questioning.Slot{{Key: "reason", Title: "Reason", Type: questioning.Text, Required: true}}, c.State.Limits)
	c.State.Asked = asked // numbers are not used twice
	made.Batch = c.State.Next()
	made.Before = &questioning.State{Slots: c.State.Slots, SlotStates: c.State.SlotStates}
	made.Replaced = true
	require.NoError(t, d.Save(t.Context(), c, made))

	assert.Equal(t, asLoaded(c), d.load(t, id, "later"))
	assert.Equal(t, []string{"reason"}, selected[string](t, d, principal.Local, `SELECT slot FROM questions WHERE conversation_id = $1`, id))
}

func TestWhatWasDecidedIsSavedThoughTheCallerHasGone(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	ctx, leave := context.WithCancel(t.Context())
	require.NoError(t, d.Update(ctx, id, store.Named{Fingerprint: digest("leave")}, func(_ *store.Tx, c *store.Loaded) (*store.Change, error) {
		leave()
		made := change(c.Conversation, "leave")
		return &made, nil
	}))
	_, earlier, err := d.Load(t.Context(), id, digest("leave"))
	require.NoError(t, err)
	assert.NotNil(t, earlier)
}

func TestAnUpdateWithoutAChangeSavesNothing(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	d.named(t, id, store.Named{Fingerprint: digest("look")})
	assert.Equal(t, 1, d.load(t, id, "look").Revision)
}

func TestResultsAreKeptForSixteenRevisions(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	kept := 0
	for i := range 20 {
		c := d.load(t, id, fmt.Sprint("call ", i))
		require.NoError(t, d.Save(t.Context(), c, change(c, fmt.Sprint("call ", i))))
		_, first, err := d.Load(t.Context(), id, digest("call 0"))
		require.NoError(t, err)
		assert.Equal(t, c.KeepsCallsOf(1), first != nil, "at revision %d", c.Revision)
		if first != nil {
			kept++
		}
	}
	assert.Equal(t, 16, kept)
}

func TestMessagesAreKeptInTheirOrder(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	o := opening()
	at := time.Date(2027, 5, 1, 12, 0, 0, 0, time.UTC)
	o.Messages = []store.Message{{Role: "user", Content: "Hello", Timestamp: &at}, {Role: "assistant", Content: "Where to?"}}
	id := d.open(t, o)
	c := d.load(t, id, "chat")
	made := change(c, "chat")
	made.Messages = []store.Message{{Role: "user", Content: "Lisbon"}}
	require.NoError(t, d.Save(t.Context(), c, made))

	kept := d.named(t, id, store.Named{Messages: true}).Messages
	require.Len(t, kept, 3)
	assert.True(t, at.Equal(*kept[0].Timestamp))
	kept[0].Timestamp = &at
	assert.Equal(t, append(o.Messages, made.Messages...), kept)
}

func TestWhatIsSaidTwiceOfOneSlotIsRefusedWhole(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	d.answered(t, id, "destination", "Lisbon", "to Lisbon")
	c := d.load(t, id, "again")
	require.Error(t, d.Save(t.Context(), c, answer(t, c, "again", "destination", "Lisbon", "to Lisbon")))
	assert.Equal(t, 2, d.load(t, id, "again").Revision)
}
