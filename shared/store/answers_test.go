package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

func TestAnswersAreReadWithTheQuestionsAsTheyWerePut(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	put := d.load(t, id, "later").State.Open[0]
	d.answered(t, id, "destination", "Lisbon", "to Lisbon")
	d.answered(t, id, "tram", true, "by tram")

	reported := d.reported(t, id)
	history := reported.History
	require.Len(t, history, 2)
	for i := range history {
		assert.False(t, history[i].AnsweredAt.IsZero())
	}
	destination := store.CitedAnswer{
		Number: 1, Slot: "destination", Question: 1, QuestionText: put.Text, Outcome: questioning.Answered, Words: "to Lisbon",
		AnsweredAt: history[0].AnsweredAt,
	}
	tram := store.CitedAnswer{Number: 2, Slot: "tram", Outcome: questioning.Answered, Words: "by tram", AnsweredAt: history[1].AnsweredAt}
	assert.Equal(t, []store.HistoryEntry{{CitedAnswer: destination, Value: "Lisbon"}, {CitedAnswer: tram, Value: true}}, history)

	assert.Equal(t, []store.CitedAnswer{destination, tram}, reported.Cited, "earliest first")
	assert.Equal(t, "tram", d.named(t, id, store.Named{Answer: 2}).Answer)
	assert.Empty(t, d.named(t, id, store.Named{Answer: 7}).Answer)
}

func TestAClosedQuestionStillTellsItsSlot(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	d.answered(t, id, "destination", "Lisbon", "to Lisbon")
	loaded := d.named(t, id, store.Named{Questions: []int{1, 2, 7}})
	assert.Equal(t, map[int]string{1: "destination", 2: "insurance"}, loaded.SlotOf)
	assert.Len(t, loaded.TextOf, 2)
	assert.NotEmpty(t, loaded.TextOf[1])
	assert.Len(t, loaded.State.Open, 1)
}

func TestWhatWasSaidBeforeIsKnownByItsDigest(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id, other := d.open(t, opening()), d.open(t, opening())
	d.answered(t, id, "destination", "Lisbon", "to Lisbon")
	d.answered(t, other, "destination", "Porto", "to Porto")
	known := inTx(t, d, func(ctx context.Context, tx *store.Tx) (map[string]bool, error) {
		return tx.KnownDigests(ctx, id, [][]byte{digest("to Lisbon"), digest("to Porto"), digest("to Rome")})
	})
	assert.Equal(t, map[string]bool{string(digest("to Lisbon")): true}, known)
}

func TestAnAnswerHoldsUntilAnotherTakesItsPlace(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	id := d.open(t, opening())
	d.answered(t, id, "destination", "Lisbon", "to Lisbon")
	d.answered(t, id, "tram", true, "by tram")
	d.answered(t, id, "destination", "Lisbon", "Lisbon, as I said")

	still, err := d.StillHold(t.Context(), []store.SlotAnswer{
		{ConversationID: id, Slot: "destination", Number: 1}, {ConversationID: id, Slot: "tram", Number: 2},
		{ConversationID: id, Slot: "destination", Number: 3}, {ConversationID: id, Slot: "insurance", Number: 3},
	})
	require.NoError(t, err)
	assert.Equal(t, []bool{false, true, true, false}, still)
	still, err = d.StillHold(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, still)
}
