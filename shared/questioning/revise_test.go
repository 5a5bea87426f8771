package questioning

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func insured() *State {
	return New("Insure a trip", []Slot{
		{Key: "insured", Title: "Insured", Type: Boolean, Required: true},
		{Key: "insurer", Title: "Insurer", Type: Text, Required: true, When: &Condition{Slot: "insured", In: []any{true}}},
		{Key: "policy", Title: "Policy", Type: Text, Required: true, When: &Condition{Slot: "insurer", In: []any{"Acme"}}},
		{Key: "age", Title: "Age", Type: Integer, Required: true},
	}, Limits{BatchSize: 10})
}

func record(t *testing.T, st *State, key string, value any) {
	t.Helper()
	_, err := st.Record(Answer{Slot: key, Outcome: Answered, Value: value, Words: Render(value, "")})
	require.NoError(t, err)
}

func revise(t *testing.T, st *State, key string, value any) Revised {
	t.Helper()
	revised, err := st.Revise(Answer{Slot: key, Outcome: Answered, Value: value, Words: Render(value, "")})
	require.NoError(t, err)
	return revised
}

func TestARevisionSupersedesWithoutContradiction(t *testing.T) {
	st := insured()
	record(t, st, "age", 30.0)
	revised := revise(t, st, "age", 31.0)
	assert.Equal(t, SlotState{Status: StatusAnswered, Value: 31.0, Words: "31", Answers: []int{2}}, st.SlotStates[3])
	assert.Equal(t, 30.0, revised.Before.Value)
	assert.Empty(t, revised.Reopened)
}

func TestARevisionReopensWhatHungOnIt(t *testing.T) {
	st := insured()
	record(t, st, "insured", true)
	record(t, st, "insurer", "Acme")
	record(t, st, "policy", "A-1")
	record(t, st, "age", 30.0)
	require.NotNil(t, st.Next().Stop)

	revised := revise(t, st, "insurer", "Best")
	require.Len(t, revised.Reopened, 1)
	assert.Equal(t, "policy", revised.Reopened[0].Slot.Key)
	assert.False(t, revised.Reopened[0].Applies)

	revised = revise(t, st, "insured", false)
	require.Len(t, revised.Reopened, 1, "the policy held nothing any more")
	assert.Equal(t, "Best", revised.Reopened[0].Before.Value)
	assert.NotNil(t, st.Next().Stop, "nothing that applies is open")

	revise(t, st, "insured", true)
	batch := st.Next()
	require.Len(t, batch.Questions, 1)
	assert.Equal(t, "insurer", batch.Questions[0].Slot, "it is asked again")
}

func TestARevisionClosesQuestionsThatNoLongerApply(t *testing.T) {
	st := insured()
	record(t, st, "insured", true)
	require.Len(t, st.Next().Questions, 2)
	revise(t, st, "insured", false)
	batch := st.Next()
	require.Len(t, batch.Questions, 1)
	assert.Equal(t, "age", batch.Questions[0].Slot)
}

func TestARevisionToTheSameValueReopensNothing(t *testing.T) {
	st := insured()
	record(t, st, "insured", true)
	record(t, st, "insurer", "Acme")
	assert.Empty(t, revise(t, st, "insured", true).Reopened)
	assert.Equal(t, StatusAnswered, st.SlotStates[1].Status)
}

func TestARevisionMayTakeAnAnswerBack(t *testing.T) {
	st := insured()
	record(t, st, "insured", true)
	record(t, st, "insurer", "Acme")
	revised, err := st.Revise(Answer{Slot: "insured", Outcome: Declined, Words: "rather not say"})
	require.NoError(t, err)
	assert.Equal(t, StatusDeclined, st.SlotStates[0].Status)
	assert.Len(t, revised.Reopened, 1)
}
