package conversation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/conversationtest"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// What a trip is, and how it is opened and answered.
var (
	defaults         = conversationtest.Defaults
	newService       = conversationtest.New
	serviceOn        = conversationtest.On
	trip, tripValues = conversationtest.Trip, conversationtest.TripValues
	openTrip         = conversationtest.OpenTrip
	answerAll        = conversationtest.AnswerAll
	answerAllWith    = conversationtest.AnswerAllWith
	answerSlots      = conversationtest.AnswerSlots
)

// count and stored read the database as its administrator, all principals included.
var count, stored = storetest.Count, storetest.Rows

func user(content string) []conversation.Message {
	return []conversation.Message{{Role: "user", Content: content}}
}

func asJSON(t *testing.T, v any) string {
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// standing are the states and values of a conversation's slots.
func standing(turn conversation.Turn) map[string]conversation.Coverage {
	all := map[string]conversation.Coverage{}
	for _, c := range turn.Coverage {
		all[c.Slot] = c
	}
	return all
}

var party = json.RawMessage(`[
	{"key": "guests", "title": "Number of guests", "type": "integer"},
	{"key": "event_date", "title": "Date", "type": "date"},
	{"key": "place", "title": "Place"},
	{"key": "budget", "title": "Budget", "type": "number"},
	{"key": "motto", "title": "Motto"}
]`)

// refused requires that a call failed by what it was given: the field comes first.
func refused(t testing.TB, err error, says string, name any) {
	t.Helper()
	var invalid *fault.Invalid
	if assert.ErrorAs(t, err, &invalid, name) {
		assert.Truef(t, strings.HasPrefix(err.Error(), says), "%v: %v", name, err)
	}
}
