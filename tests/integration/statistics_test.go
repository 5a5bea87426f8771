package integration

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// survey is information wanted of which one answer says the others.
var survey = json.RawMessage(`{
	"type": "object",
	"required": ["size", "notes", "kind", "children", "length"],
	"properties": {
		"size": {"type": "string", "title": "Size", "enum": ["small", "large"]},
		"notes": {"type": "string", "title": "Notes"},
		"kind": {"type": "string", "title": "Kind", "enum": ["business", "holiday", "secretoption"]},
		"children": {"type": "boolean", "title": "Children"},
		"length": {"type": "string", "title": "Length", "enum": ["day", "week", "month"]}
	}
}`)

// assuming is the world's service as it is set up in production, with nothing
// read yet.
func (w *world) assuming(t *testing.T) *conversation.Service {
	t.Helper()
	config := defaults
	config.Confidence = questioning.DefaultConfidence
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: w.url, MaxConns: 4})
	require.NoError(t, err)
	s := conversation.New(store.New(pool), config)
	t.Cleanup(s.Close)
	return s
}

// surveyed holds a conversation as somebody, to its end, and counts it.
func (w *world) surveyed(t *testing.T, as, user string, values map[string]any) string {
	t.Helper()
	ctx := principal.With(t.Context(), as)
	turn, err := w.conversations.Ask(ctx, conversation.AskInput{Context: "A survey", UserID: user, InformationNeeded: survey})
	require.NoError(t, err)
	in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
	for _, slot := range []string{"size", "kind", "children", "length", "notes"} {
		in.Answers = append(in.Answers, conversation.AnswerInput{Slot: slot, Value: values[slot]})
	}
	end, err := w.conversations.FollowUp(ctx, in)
	require.NoError(t, err)
	require.True(t, end.Metadata.Complete)
	e := event.ConversationCompleted{StopReason: "all_settled", At: time.Now(), Conversation: event.Conversation{
		Principal: as, ConversationID: turn.ConversationID, SchemaKey: "survey"}}
	// The form's name in the database is what its conversations go by.
	postgrestest.Exec(t, w.url, `UPDATE conversations SET form = 'survey' WHERE id = $1`, turn.ConversationID)
	_, err = w.indexer.Index(t.Context(), sent(t, e))
	require.NoError(t, err)
	w.forgetEvents(t)
	return turn.ConversationID
}

var businessTrip = map[string]any{"size": "small", "kind": "business", "children": false, "length": "day", "notes": "x"}
var holidayTrip = map[string]any{"size": "small", "kind": "holiday", "children": true, "length": "week", "notes": "y"}

// looks is what somebody is shown of a survey who says what kind it is: all but
// the names of the conversation.
func (w *world) looks(t *testing.T, as, user string) string {
	t.Helper()
	s, ctx := w.assuming(t), principal.With(t.Context(), as)
	turn, err := s.Ask(ctx, conversation.AskInput{Context: "A survey", UserID: user, InformationNeeded: survey})
	require.NoError(t, err)
	postgrestest.Exec(t, w.url, `UPDATE conversations SET form = 'survey' WHERE id = $1`, turn.ConversationID)
	next, err := s.FollowUp(ctx, conversation.FollowUpInput{ConversationID: turn.ConversationID, UserID: user,
		Answers: []conversation.AnswerInput{{Slot: "kind", Value: "business"}}})
	require.NoError(t, err)
	report, err := s.Report(ctx, conversation.ReportInput{ConversationID: turn.ConversationID, UserID: user})
	require.NoError(t, err)
	_, err = s.Forget(ctx, conversation.ForgetInput{ConversationID: turn.ConversationID, UserID: user})
	require.NoError(t, err)
	for _, text := range []*conversation.Turn{&turn, &next} {
		text.ConversationID, text.SessionID = "", ""
		for i := range text.Questions {
			text.Questions[i].QuestionID = ""
		}
	}
	shown, err := json.Marshal([]any{turn, next, turn.Text(), next.Text(), report.Values, report.OpenPoints, report.Coverage})
	require.NoError(t, err)
	return string(shown)
}

// TestWhatOnePersonSaysChangesNothingForOthers holds sixty and six hundred
// conversations of one principal, which decide what that one is shown, and
// compares what others are shown byte by byte.
func TestWhatOnePersonSaysChangesNothingForOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := map[string]string{}
	for _, as := range []string{"bob", "ann"} {
		before[as] = w.looks(t, as, "")
	}
	for n := range 600 {
		values := businessTrip
		if n%2 == 1 {
			values = holidayTrip
		}
		w.surveyed(t, "ann", "", values)
		if n+1 == 60 || n+1 == 600 {
			assert.Equal(t, before["bob"], w.looks(t, "bob", ""), "after %d conversations of one other", n+1)
		}
	}
	assert.NotEqual(t, before["ann"], w.looks(t, "ann", ""), "one's own conversations serve oneself")
	assert.Contains(t, w.looks(t, "ann", ""), messages.FromStatistics)

	for n := range questioning.MinPeople - 2 { // and ann
		w.surveyed(t, fmt.Sprint("other ", n), "", map[string]any{"size": "large", "kind": "secretoption", "children": true, "length": "month", "notes": "x"})
	}
	assert.Equal(t, before["bob"], w.looks(t, "bob", ""), "a form of few principals reveals nothing")
}

func TestWhatOneUserSaysChangesNothingForThePrincipalsOtherUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.looks(t, "app", "bob")
	for n := range 60 {
		w.surveyed(t, "app", "ann", []map[string]any{businessTrip, holidayTrip}[n%2])
	}
	assert.Equal(t, before, w.looks(t, "app", "bob"))
	assert.NotEqual(t, before, w.looks(t, "app", "ann"))
	for n := range 60 {
		w.surveyed(t, "app", fmt.Sprint("user ", n), []map[string]any{businessTrip, holidayTrip}[n%2])
	}
	assert.Contains(t, w.looks(t, "app", "bob"), messages.FromStatistics, "many users of one principal serve each other")
	assert.Equal(t, before, w.looks(t, "elsewhere", "bob"), "and nobody else: they are one principal")
}

func TestSeveralPrincipalsServeAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.looks(t, "bob", "")
	var all []string
	for n := range 60 {
		all = append(all, w.surveyed(t, fmt.Sprint("principal ", n), "", []map[string]any{businessTrip, holidayTrip}[n%2]))
	}
	after := w.looks(t, "bob", "")
	assert.NotEqual(t, before, after)
	assert.Contains(t, after, messages.FromStatistics)
	for n, id := range all {
		_, err := w.conversations.Forget(principal.With(t.Context(), fmt.Sprint("principal ", n)), conversation.ForgetInput{ConversationID: id})
		require.NoError(t, err)
	}
	assert.Equal(t, before, w.looks(t, "bob", ""), "forgetting takes back what a conversation added")
	assert.Zero(t, count(t, w.url, `SELECT count(*) FROM shared_statistics`))
	assert.Zero(t, count(t, w.url, `SELECT count(*) FROM counted_conversations`))
}

// TestCountsFromBeforePrincipalsWereToldApartCountForNobody is the state that a
// release before left behind.
func TestCountsFromBeforePrincipalsWereToldApartCountForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.looks(t, "bob", "")
	id := w.surveyed(t, "ann", "", businessTrip)
	postgrestest.Exec(t, w.url, `UPDATE counted_conversations SET form = NULL, user_id = NULL, contribution = NULL, counted_at = NULL, for_user = false, for_others = false`)
	postgrestest.Exec(t, w.url, `INSERT INTO statistics (form, document) VALUES ('survey', '{"conversations": 900, "slots": {"kind": {"outcomes": {"answered": 900}, "values": {"business": 900}}},
		"answers": [{"slot": "kind", "value": "business", "right": 900}, {"slot": "length", "value": "day", "right": 900}], "together": [[], [900]]}')`)
	postgrestest.Exec(t, w.url, `DELETE FROM shared_statistics`)
	assert.Equal(t, before, w.looks(t, "bob", ""))
	assert.Equal(t, before, w.looks(t, "ann", ""))
	w.surveyed(t, "ann", "", businessTrip)
	_, err := w.conversations.Forget(principal.With(t.Context(), "ann"), conversation.ForgetInput{ConversationID: id})
	require.NoError(t, err)
	assert.Equal(t, 1, count(t, w.url, `SELECT count(*) FROM counted_conversations`))
}
