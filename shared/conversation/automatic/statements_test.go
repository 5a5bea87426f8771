package automatic_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// A form's response reads the conversation to check the form against, and again to record
// what it says. The next form is made of what was recorded.
func TestAFormCostsTheDatabaseNoMoreThan(t *testing.T) {
	counted, database := storetest.NewCounted(t)
	a, err := automatic.New(conversation.New(counted, defaults), automatic.Config{FormSize: 3, ShownAfter: time.Nanosecond, RequestStateKeys: stateKeys})
	require.NoError(t, err)
	t.Cleanup(a.Close)
	var d *dialogue
	begin(t, a, tripInput()) // reads the schema's statistics, for a minute
	assert.EqualValues(t, 2, database.Of(func() { d = begin(t, a, tripInput()) }).RoundTrips, "the first")
	assert.EqualValues(t, 3, database.Of(func() { d.answer(tripValues) }).RoundTrips, "the next")
	assert.EqualValues(t, 4, database.Of(func() { d.answer(tripValues) }).RoundTrips, "the last, with its report")
	assert.Equal(t, automatic.StatusComplete, d.result.Status)
}
