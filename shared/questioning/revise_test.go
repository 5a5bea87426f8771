package questioning

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func insured() *Interview {
	return New("Insure a trip", []Slot{
		{Key: "insured", Title: "Insured", Type: Boolean, Required: true},
		{Key: "insurer", Title: "Insurer", Type: Text, Required: true, When: &Condition{Slot: "insured", In: []any{true}}},
		{Key: "policy", Title: "Policy", Type: Text, Required: true, When: &Condition{Slot: "insurer", In: []any{"Acme"}}},
		{Key: "age", Title: "Age", Type: Integer, Required: true},
	}, Limits{BatchSize: 10})
}

func record(t *testing.T, iv *Interview, key string, value any) {
	t.Helper()
	_, err := iv.Record(Said{Slot: key, Outcome: Answered, Value: value, Words: Render(value, "")})
	require.NoError(t, err)
}

func revise(t *testing.T, iv *Interview, key string, value any) Revised {
	t.Helper()
	revised, err := iv.Revise(Said{Slot: key, Outcome: Answered, Value: value, Words: Render(value, "")})
	require.NoError(t, err)
	return revised
}

func TestARevisionSupersedesWithoutContradiction(t *testing.T) {
	iv := insured()
	record(t, iv, "age", 30.0)
	revised := revise(t, iv, "age", 31.0)
	assert.Equal(t, Standing{State: StateAnswered, Value: 31.0, Words: "31", Answers: []int{2}}, iv.Standings[3])
	assert.Equal(t, 30.0, revised.Before.Value)
	assert.Empty(t, revised.Reopened)
}

func TestARevisionReopensWhatHungOnIt(t *testing.T) {
	iv := insured()
	record(t, iv, "insured", true)
	record(t, iv, "insurer", "Acme")
	record(t, iv, "policy", "A-1")
	record(t, iv, "age", 30.0)
	require.NotNil(t, iv.Next().Stop)

	revised := revise(t, iv, "insurer", "Best")
	require.Len(t, revised.Reopened, 1)
	assert.Equal(t, "policy", revised.Reopened[0].Slot.Key)
	assert.False(t, revised.Reopened[0].Applies)

	revised = revise(t, iv, "insured", false)
	require.Len(t, revised.Reopened, 1, "the policy held nothing any more")
	assert.Equal(t, "Best", revised.Reopened[0].Before.Value)
	assert.NotNil(t, iv.Next().Stop, "nothing that applies is open")

	revise(t, iv, "insured", true)
	batch := iv.Next()
	require.Len(t, batch.Questions, 1)
	assert.Equal(t, "insurer", batch.Questions[0].Slot, "it is asked again")
}

func TestARevisionClosesQuestionsThatNoLongerApply(t *testing.T) {
	iv := insured()
	record(t, iv, "insured", true)
	require.Len(t, iv.Next().Questions, 2)
	revise(t, iv, "insured", false)
	batch := iv.Next()
	require.Len(t, batch.Questions, 1)
	assert.Equal(t, "age", batch.Questions[0].Slot)
}

func TestARevisionToTheSameValueReopensNothing(t *testing.T) {
	iv := insured()
	record(t, iv, "insured", true)
	record(t, iv, "insurer", "Acme")
	assert.Empty(t, revise(t, iv, "insured", true).Reopened)
	assert.Equal(t, StateAnswered, iv.Standings[1].State)
}

func TestARevisionMayTakeAnAnswerBack(t *testing.T) {
	iv := insured()
	record(t, iv, "insured", true)
	record(t, iv, "insurer", "Acme")
	revised, err := iv.Revise(Said{Slot: "insured", Outcome: Declined, Words: "rather not say"})
	require.NoError(t, err)
	assert.Equal(t, StateDeclined, iv.Standings[0].State)
	assert.Len(t, revised.Reopened, 1)
}
