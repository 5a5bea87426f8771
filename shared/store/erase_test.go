package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

func TestErasingLeavesNothingButTheErasureAndItsEvent(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	o := opening()
	o.Messages = []store.Message{{Role: "user", Content: "Hello"}}
	id := d.open(t, o)
	d.answered(t, id, "destination", "Lisbon", "to Lisbon")

	erased, err := d.Erase(t.Context(), id, "ada", time.Now())
	require.NoError(t, err)
	assert.Equal(t, store.Erased{Conversations: []string{id}, Questions: 2, Answers: 1, Messages: 1, Events: 3}, erased)
	for _, table := range []string{"sessions", "conversations", "slots", "questions", "answers", "messages", "calls"} {
		assert.Zero(t, selected[int](t, d, principal.Local, `SELECT count(*) FROM `+table)[0], table)
	}
	assert.Equal(t, []string{"conversation erased"}, d.events(t, id))
	assert.Equal(t, []string{id}, selected[string](t, d, principal.Local, `SELECT conversation_id::text FROM erasures`))
	_, _, err = d.Load(t.Context(), id, nil)
	require.ErrorIs(t, err, store.ErrNotFound)

	again, err := d.Erase(t.Context(), id, "ada", time.Now())
	require.NoError(t, err)
	assert.Zero(t, again)
	assert.Equal(t, []string{"conversation erased"}, d.events(t, id), "it is told once")
}

func TestErasingReachesOneUserAndOnePrincipal(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	adas, also := d.open(t, opening()), d.open(t, opening())
	bobs := opening()
	bobs.UserID = "bob"
	d.open(t, bobs)

	for by, reaches := range map[string]string{"a user who has no such conversation": bobs.ID, "": adas} {
		erased, err := d.Erase(principal.With(t.Context(), "eve"), reaches, by, time.Now())
		require.NoError(t, err)
		assert.Zero(t, erased)
	}
	erased, err := d.Erase(t.Context(), bobs.ID, "ada", time.Now())
	require.NoError(t, err)
	assert.Zero(t, erased)

	erased, err = d.Erase(t.Context(), "", "ada", time.Now())
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{adas, also}, erased.Conversations)
	assert.Equal(t, 1, d.conversations(t, principal.Local))
	erased, err = d.Erase(t.Context(), "", "", time.Now())
	require.NoError(t, err)
	assert.Equal(t, []string{bobs.ID}, erased.Conversations)
}

// A principal may have any number of conversations: an error costs one batch, and the same
// call again erases the rest.
func TestErasingEverythingGoesInBatchesAndContinues(t *testing.T) {
	t.Parallel()
	s, url := storetest.New(t)
	const all = 205
	var ids []string
	for range all {
		ids = append(ids, storetest.Open(t, s, principal.Local, ""))
	}
	storetest.Exec(t, url, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused''; END'`)
	storetest.Exec(t, url, `CREATE TRIGGER refuse BEFORE DELETE ON conversations FOR EACH ROW WHEN (OLD.id = '`+ids[150]+`') EXECUTE FUNCTION refuse()`)

	erased, err := s.Erase(t.Context(), "", "", time.Now())
	require.ErrorContains(t, err, "refused")
	assert.Equal(t, ids[:100], erased.Conversations, "and none of the batch that failed")
	assert.Equal(t, all-100, storetest.Count(t, url, `SELECT count(*) FROM conversations`))
	assert.Equal(t, 100, storetest.Count(t, url, `SELECT count(*) FROM erasures`))

	storetest.Exec(t, url, `DROP TRIGGER refuse ON conversations`)
	erased, err = s.Erase(t.Context(), "", "", time.Now())
	require.NoError(t, err)
	assert.Equal(t, ids[100:], erased.Conversations)
	assert.Equal(t, 5*(all-100), erased.Questions, "those of all batches")
	assert.Zero(t, storetest.Rows(t, url))
	assert.Equal(t, all, storetest.Count(t, url, `SELECT count(*) FROM erasures`))
}

func TestASessionStaysAsLongAsItHasAConversation(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	one, other := opening(), opening()
	one.SessionID, other.SessionID = "shared", "shared"
	d.open(t, one)
	d.open(t, other)
	for _, left := range []struct {
		id       string
		sessions int
	}{{one.ID, 1}, {other.ID, 0}} {
		_, err := d.Erase(t.Context(), left.id, "", time.Now())
		require.NoError(t, err)
		assert.Equal(t, left.sessions, selected[int](t, d, principal.Local, `SELECT count(*) FROM sessions`)[0])
	}
}

func TestWhatWasAssumedFromAnErasedConversationGoesUnlessItWasConfirmed(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	source := d.open(t, opening())
	assuming := opening()
	assuming.State.Assume("insurance", true, "insured")
	assuming.State.Assume("tram", true, "by tram")
	assuming.AssumedFrom = map[string]string{"insurance": source, "tram": source}
	id := d.open(t, assuming)
	d.answered(t, id, "tram", true, "by tram, yes")

	_, err := d.Erase(t.Context(), source, "", time.Now())
	require.NoError(t, err)
	state := d.load(t, id, "say by tram, yes").State
	assert.Equal(t, questioning.SlotState{Status: questioning.StatusMissing, Answers: []int{}}, state.SlotStates[1])
	assert.Equal(t, questioning.StatusAnswered, state.SlotStates[2].Status)
	assert.Zero(t, selected[int](t, d, principal.Local, `SELECT count(*) FROM results`)[0], "a result may repeat it")
	assert.Zero(t, selected[int](t, d, principal.Local, `SELECT count(*) FROM slots WHERE assumed_from IS NOT NULL`)[0])
}

func TestWhatIsErasedMeanwhileIsNotAddedTo(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	c := d.load(t, id, "late")
	made := answer(t, c, "late", "destination", "Lisbon", "to Lisbon")
	_, err := d.Erase(t.Context(), id, "", time.Now())
	require.NoError(t, err)

	require.ErrorIs(t, d.Save(t.Context(), c, made), store.ErrConflict)
	assert.Equal(t, []string{"conversation erased"}, d.events(t, id))
}
