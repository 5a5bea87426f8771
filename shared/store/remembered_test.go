package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// locked is what a principal locks.
func locked(t *testing.T, s *store.Store, as string, ids []string, keys map[string][]string) (there []string, answered []store.AnsweredSlot) {
	t.Helper()
	ctx := principal.With(t.Context(), as)
	require.NoError(t, s.Write(ctx, func(tx *store.Tx) (err error) {
		there, answered, err = tx.LockAnswered(ctx, ids, keys)
		return err
	}))
	return there, answered
}

func TestAnAnsweredSlotComesWithItsConversationAndQuestion(t *testing.T) {
	t.Parallel()
	s, _ := storetest.New(t)
	id := storetest.Answered(t, s, "ann", "ada", map[string]any{"budget": 500.0, "class": "first"})
	storetest.Revise(t, s, "ann", id, "class", nil)
	there, answered := locked(t, s, "ann", []string{uuid.NewString(), id}, nil)
	assert.Equal(t, []string{id}, there)
	require.Len(t, answered, 1, "a declined slot is not answered")
	a := answered[0]
	assert.WithinDuration(t, time.Now(), a.AnsweredAt, time.Minute)
	assert.NotEmpty(t, a.QuestionText)
	assert.Equal(t, "Budget", a.Slot.Title)
	a.AnsweredAt, a.QuestionText, a.Slot = time.Time{}, "", questioning.Slot{}
	assert.Equal(t, store.AnsweredSlot{
		Principal: "ann", UserID: "ada", SessionID: "of " + id, ConversationID: id, Goal: "Book a trip", Value: 500.0, Words: "500", AnswerNumber: 1,
	}, a)
}

func TestOnlyTheNamedSlotsOfThePrincipalsConversationsAreLocked(t *testing.T) {
	t.Parallel()
	s, _ := storetest.New(t)
	values := map[string]any{"budget": 500.0, "class": "first"}
	ids := []string{storetest.Answered(t, s, "ann", "", values), storetest.Answered(t, s, "ann", "", values)}
	slices.Reverse(ids)
	there, answered := locked(t, s, "ann", ids, map[string][]string{ids[0]: {"class", "insurance"}, ids[1]: {"class"}})
	assert.ElementsMatch(t, ids, there)
	require.Len(t, answered, 2)
	assert.Equal(t, []string{"class", "class"}, []string{answered[0].Slot.Key, answered[1].Slot.Key})
	_, answered = locked(t, s, "ann", ids, map[string][]string{ids[0]: {"class"}, ids[1]: {"budget"}})
	require.Len(t, answered, 2)
	for i, key := range []string{"class", "budget"} {
		assert.Contains(t, []string{answered[0].ConversationID + answered[0].Slot.Key, answered[1].ConversationID + answered[1].Slot.Key}, ids[i]+key)
	}
	there, answered = locked(t, s, "mallory", ids, nil)
	assert.Empty(t, there)
	assert.Empty(t, answered)
}

func TestConversationsOfAllPrincipalsArePagedById(t *testing.T) {
	t.Parallel()
	s, _ := storetest.New(t)
	var want []store.ConversationKey
	for _, as := range []string{"ann", "bob", "ann"} {
		want = append(want, store.ConversationKey{Principal: as, ID: storetest.Open(t, s, as, "")})
		time.Sleep(time.Millisecond) // ids begin with the time
	}
	var got []store.ConversationKey
	for after := uuid.Nil.String(); ; after = got[len(got)-1].ID {
		page, err := s.Keys(t.Context(), after, 2)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	assert.Equal(t, want, got)
}
