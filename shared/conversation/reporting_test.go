package conversation_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// order is as pydantic writes it, but for the map and the pattern.
const order = `{
	"name": "order", "strict": true, "schema": {
	"$defs": {
		"Address": {"properties": {"street": {"type": "string"}, "city": {"type": "string", "title": "Town"}}, "required": ["street", "city"], "title": "Address", "type": "object"},
		"Guest": {"properties": {"name": {"type": "string"}, "age": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": null}}, "required": ["name"], "type": "object"}},
	"properties": {
		"kind": {"const": "order", "type": "string"},
		"home": {"$ref": "#/$defs/Address"},
		"note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
		"guests": {"type": "array", "items": {"$ref": "#/$defs/Guest"}, "maxItems": 2},
		"mail": {"type": "string", "format": "email", "pattern": "^(?!x)"},
		"labels": {"type": "object", "additionalProperties": {"type": "string"}}},
	"required": ["kind", "home", "note", "guests", "mail"], "type": "object"}}`

func TestAReportHasTheShapeThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "An order", InformationNeeded: json.RawMessage(order)})
	require.NoError(t, err)
	require.Len(t, turn.Metadata.Warnings, 2)
	assert.Contains(t, turn.Metadata.Warnings[0], "schema.properties.mail.pattern: is set aside")
	assert.Contains(t, turn.Metadata.Warnings[1], "schema.properties.labels: is set aside")
	answerSlots(t, s, turn.ConversationID, map[string]any{
		"home.street": "Main St 1", "home.city": "Berlin", "mail": "ada@example.com", "guests.count": 2.0, "guests[0].name": "Ada", "guests[1].name": "Bob", "guests[1].age": 7.0,
	})
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	want := map[string]any{
		"kind": "order", "home": map[string]any{"street": "Main St 1", "city": "Berlin"}, "mail": "ada@example.com",
		"guests": []any{map[string]any{"name": "Ada"}, map[string]any{"name": "Bob", "age": 7.0}},
	}
	if report.Complete {
		want["note"] = nil
	}
	assert.Equal(t, want, report.Values)
	assert.Equal(t, report.Complete, report.Valid, "%v", report.Problems)
	assert.Contains(t, report.Text(), `Town (Home): "Berlin"`)
	assert.Contains(t, report.Citations, "home.city")
}

// What was stored when other bounds held is reported, and is not worked on.
func TestAReportMakesNoWorkOfASchemaBeyondTheBounds(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openTrip(t, s)
	postgrestest.Exec(t, url, `UPDATE conversations SET information_needed = $2 WHERE id = $1`, turn.ConversationID,
		`{"properties":{"a":{}},"additionalProperties":{"pattern":"`+strings.Repeat("x{1000}", 140)+`"}}`)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.False(t, report.Valid)
	require.Len(t, report.Problems, 1)
	assert.Contains(t, report.Problems[0], "information_needed: additionalProperties.pattern: compiles to 140000 instructions")
}

func TestAnswersThatContradictAreReportedAndAskedAbout(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party})
	require.NoError(t, err)
	id := turn.ConversationID
	report := func() conversation.Report {
		report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id, IncludeHistory: true})
		require.NoError(t, err)
		return report
	}
	asked := slices.IndexFunc(turn.Questions, func(q conversation.Question) bool { return q.Slot == "guests" })
	require.GreaterOrEqual(t, asked, 0)
	number := turn.Questions[asked].QuestionNumber
	turn = answerSlots(t, s, id, map[string]any{"guests": 20.0, "event_date": "2027-06-05", "place": "Berlin", "budget": 400.0, "motto": "Space"})
	require.True(t, turn.Metadata.Complete)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, Answers: []conversation.AnswerInput{{QuestionNumber: number, Text: "thirty"}}})
	require.NoError(t, err)
	require.Len(t, turn.Questions, 1)
	assert.Equal(t, questioning.Confirm, turn.Questions[0].Metadata.Purpose)
	assert.Equal(t, "guests", turn.Questions[0].Slot)

	disputed := report()
	require.Len(t, disputed.Contradictions, 1)
	assert.Equal(t, "guests", disputed.Contradictions[0].Slot)
	require.Len(t, disputed.Contradictions[0].Answers, 2)
	assert.Contains(t, disputed.Contradictions[0].Text, `"thirty"`)
	assert.Contains(t, disputed.Text(), "Contradiction: "+disputed.Contradictions[0].Text)
	assert.Len(t, disputed.Citations["guests"], 2)

	turn = answerAllWith(t, s, turn, map[string]any{"guests": 30.0})
	assert.True(t, turn.Metadata.Complete)
	settled := report()
	assert.Empty(t, settled.Contradictions)
	assert.Equal(t, 30.0, settled.Values["guests"])
}

func TestAReportTellsTheHistoryInWords(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Insure me", InformationNeeded: json.RawMessage(`[{"key": "age", "type": "integer"}, "name"]`)})
	require.NoError(t, err)
	id := turn.ConversationID
	for _, answer := range []conversation.AnswerInput{{Slot: "age", Text: "thirty"}, {Slot: "name", Outcome: questioning.Declined}} {
		_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, Answers: []conversation.AnswerInput{answer}})
		require.NoError(t, err)
	}
	_, err = s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "age", Value: 31.0})
	require.NoError(t, err)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id, IncludeHistory: true})
	require.NoError(t, err)
	assert.Equal(t, `Goal: "Insure me"

Age: 31 (answer 3)

Open:
- Name: the person does not want to say

History:
1. Age: 30 ("thirty") (superseded by answer 3)
2. Name: declined
3. Age: 31`, report.Text())
	brief, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
	require.NoError(t, err)
	assert.Empty(t, brief.History, "on request alone")
}

// What is printed are titles and times, never the values that stand for them; values
// and history keep those.
func TestAReportPrintsWhatAPersonReads(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for language, printed := range map[string]string{
		"en": `Goal: "Die Feier"

Kind: Private party (answer 1)
Extras: Cake, wine, red (answer 2)
Allergies: none (answer 3)
Start: 14:00 (answer 4)
End: 14:00:30 (answer 5)
Day: 2027-06-05 (answer 6)
Doors: 2027-06-05 13:30+02:00 (answer 7)
Outdoors: yes (answer 8)
Guests: 1200 (answer 9)
Share: 2.5 (answer 10)
Motto: "14:00:00" (answer 11)

History:
1. Kind: Private party
2. Extras: Cake, wine, red ("both")
3. Allergies: none
4. Start: 14:00
5. End: 14:00:30
6. Day: 2027-06-05
7. Doors: 2027-06-05 13:30+02:00
8. Outdoors: yes
9. Guests: 1200
10. Share: 2.5
11. Motto: "14:00:00"`,
		"de": "Allergies: keine (Antwort 3)",
	} {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Die Feier", Language: language, InformationNeeded: json.RawMessage(`[
			{"key": "kind", "options": [{"value": "private_party", "title": "Private party"}, {"value": "club", "title": "Club"}]},
			{"key": "extras", "type": "choices", "options": [{"value": "c", "title": "Cake"}, "wine, red"]},
			{"key": "allergies", "type": "list"}, {"key": "start", "type": "time"}, {"key": "end", "type": "time"}, {"key": "day", "type": "date"},
			{"key": "doors", "type": "date-time"}, {"key": "outdoors", "type": "boolean"}, {"key": "guests", "type": "integer"}, {"key": "share", "type": "number"}, "motto"]`)})
		require.NoError(t, err)
		answers := []conversation.AnswerInput{
			{Slot: "kind", Value: "private_party"}, {Slot: "extras", Value: []any{"c", "wine, red"}, Text: "both"}, {Slot: "allergies", Value: []any{}},
			{Slot: "start", Value: "14:00:00"}, {Slot: "end", Value: "14:00:30"}, {Slot: "day", Value: "2027-06-05"}, {Slot: "doors", Value: "2027-06-05T13:30:00+02:00"},
			{Slot: "outdoors", Value: true}, {Slot: "guests", Value: 1200.0}, {Slot: "share", Value: 2.5}, {Slot: "motto", Value: "14:00:00"},
		}
		_, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: answers})
		require.NoError(t, err)
		report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID, IncludeHistory: true})
		require.NoError(t, err)
		assert.Contains(t, report.Text(), printed)
		assert.Equal(t, "private_party", report.Values["kind"])
		assert.Equal(t, []any{}, report.Values["allergies"])
		assert.Equal(t, "14:00:00", report.History[3].Value)
	}
}

func TestAReportSaysWhatKeepsItFromBeingValid(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for name, c := range map[string]struct {
		needed   string
		values   map[string]any
		problems []string
	}{
		"a list":   {`[{"key": "host", "required": true}, {"key": "note", "required": false}]`, map[string]any{"note": "x"}, []string{"host: is required"}},
		"a schema": {`{"type": "object", "required": ["host"], "properties": {"host": {"type": "string"}, "note": {"type": "string"}}}`, map[string]any{"note": "x"}, []string{"missing property 'host'"}},
		"a schema within": {`{"type": "object", "properties": {"home": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}, "street": {"type": "string"}}}}}`,
			map[string]any{"home.street": "Main St 1"}, []string{"home: missing property 'city'"}},
	} {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", InformationNeeded: json.RawMessage(c.needed)})
		require.NoError(t, err, name)
		answerSlots(t, s, turn.ConversationID, c.values)
		report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
		require.NoError(t, err, name)
		assert.False(t, report.Valid, name)
		assert.Equal(t, c.problems, report.Problems, name)
	}
}

func TestAReportOnNothingNamesTheConversation(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for _, id := range []string{"", "17", "01a206b4-8c21-733d-a3c7-f61776e251b8", "01a206b48c21733da3c7f61776e251b8"} {
		_, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
		refused(t, err, `conversation_id: there is no conversation "`+id+`"`, id)
	}
}

// What was stored when other rules held is reported, and is not worked on.
func TestAReportOnWhatWouldBeRefusedTodaySaysSo(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openTrip(t, s)
	postgrestest.Exec(t, url, `UPDATE conversations SET information_needed = '["host", "password"]' WHERE id = $1`, turn.ConversationID)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.False(t, report.Valid)
	require.Len(t, report.Problems, 1)
	assert.Contains(t, report.Problems[0], "information_needed: ")
	assert.Contains(t, report.Problems[0], "password")
}

func TestAnAssumptionIsPrintedAsAPersonReadsIt(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	in := conversation.AskInput{Context: "A party\nKind: Private party\nStart: 2 pm", Metadata: map[string]any{"idempotency_key": "k"}, InformationNeeded: json.RawMessage(
		`[{"key": "kind", "options": [{"value": "private_party", "title": "Private party"}, "club"]}, {"key": "start", "type": "time"}, {"key": "size", "options": [{"value": "xl", "title": "Very large"}, "s"], "default": "xl"}]`)}
	first, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	assert.Contains(t, first.Text(), "Assumed: Kind Private party (from the context); Start 14:00 (from the context).")
	assert.Contains(t, first.Text(), "Usually: Very large.")
	again, err := s.Ask(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, first.Text(), again.Text(), "a repeated call prints the same")
}
