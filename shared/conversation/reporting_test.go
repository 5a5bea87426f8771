package conversation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
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
	conn, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, url))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `UPDATE conversations SET information_needed = $2 WHERE id = $1`, turn.ConversationID,
		`{"properties":{"a":{}},"additionalProperties":{"pattern":"`+strings.Repeat("x{1000}", 140)+`"}}`)
	require.NoError(t, err)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.False(t, report.Valid)
	require.Len(t, report.Problems, 1)
	assert.Contains(t, report.Problems[0], "information_needed: additionalProperties.pattern: compiles to 140000 instructions")
}
