package integration

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/functions/ask"
	followup "github.com/sequential-questioning/sequential-questioning/functions/follow-up"
	"github.com/sequential-questioning/sequential-questioning/functions/report"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// Bad input gets one clear error that names the field, and nothing is stored.
func TestBadInputNamesTheFieldAndStoresNothing(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openTrip(t, s)
	id := turn.ConversationID
	const unknown = "01a206b4-8c21-733d-a3c7-f61776e251b8"
	many := strings.Repeat(`"slot",`, 4999) + `"slot"`
	opening, following, reporting := ask.Tool(s), followup.Tool(s), report.Tool(s)

	for name, c := range map[string]struct {
		tool      tool.Tool
		arguments string
		says      []string
	}{
		"no context":              {opening, `{}`, []string{"context"}},
		"empty context":           {opening, `{"context": "  "}`, []string{"context", "empty"}},
		"context of a wrong type": {opening, `{"context": 5}`, []string{"context", "string"}},
		"unknown argument":        {opening, `{"context": "x", "informationneeded": []}`, []string{"informationneeded"}},
		"batch of a wrong type":   {opening, `{"context": "x", "batch_size": "three"}`, []string{"batch_size", "integer"}},
		"batch too large":         {opening, `{"context": "x", "batch_size": 11}`, []string{"batch_size", "10"}},
		"too many questions":      {opening, `{"context": "x", "max_questions": 1000}`, []string{"max_questions", "1000", "at most 100"}},
		"two megabytes of text":   {opening, `{"context": "` + strings.Repeat("x", 2<<20) + `"}`, []string{"context", "at most"}},
		"five thousand slots":     {opening, `{"context": "x", "information_needed": [` + many + `]}`, []string{"information_needed", "5000", "200"}},
		"schema with a cycle": {opening, `{"context": "x", "information_needed": {"type": "object", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
			"properties": {"k": {"$ref": "#/$defs/a"}}}}`, []string{"information_needed.properties.k.$ref", "itself"}},
		"a definition of itself": {opening, `{"context": "x", "information_needed": {"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"array","items":{"$ref":"#/$defs/A"}}}}}`,
			[]string{"information_needed.properties.a.items.$ref", "leads back to itself"}},
		"a pattern too large": {opening, `{"context": "x", "information_needed": {"properties":{"a":{"pattern":"` + strings.Repeat("x{1000}", 140) + `"}}}}`,
			[]string{"information_needed.properties.a.pattern", "140000 instructions"}},
		"a number too large": {opening, `{"context": "x", "information_needed": {"properties":{"a":{"maximum":1e400}}}}`, []string{"information_needed.properties.a.maximum", "1e400 is too large"}},
		"a wrong keyword":    {opening, `{"context": "x", "information_needed": {"properties":{"a":{}},"minProperties":"1"}}`, []string{"information_needed.minProperties: got string, want integer"}},
		"half a character":   {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "destination", "text": "\ud83d"}]}`, []string{"answers[0].text", "surrogate"}},
		"a value too large":  {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "budget", "value": 1e400}]}`, []string{"answers[0].value", "1e400 is too large"}},
		"object without parts": {opening, `{"context": "x", "information_needed": {"type": "object", "required": ["address"], "properties": {"city": {}, "address": {"type": "object"}}}}`,
			[]string{"information_needed.properties.address", "name each of its parts"}},
		"a password":   {opening, `{"context": "x", "information_needed": ["host", "password"]}`, []string{"information_needed[1]: asks for a password", "sign-in"}},
		"a key within": {opening, `{"context": "x", "information_needed": {"name": "login", "schema": {"type": "object", "properties": {"api_key": {"type": "string"}}}}}`, []string{"information_needed.schema.properties.api_key: asks for a key or token"}},
		"conditions in a cycle": {opening, `{"context": "x", "information_needed": [{"key": "a", "when": {"slot": "b", "equals": 1}}, {"key": "b", "when": {"slot": "a", "equals": 1}}]}`,
			[]string{"information_needed", "cycle"}},
		"no JSON Schema":          {opening, `{"context": "x", "information_needed": {"budget": "numbr"}}`, []string{"information_needed.budget", "number"}},
		"NUL in the context":      {opening, `{"context": "a\u0000b"}`, []string{"context", "NUL"}},
		"NUL deep in metadata":    {opening, `{"context": "x", "metadata": {"a": ["b\u0000"]}}`, []string{"metadata.a[0]", "NUL"}},
		"entry that is no name":   {opening, `{"context": "x", "information_needed": ["a", 5]}`, []string{"information_needed[1]", "name"}},
		"question beyond numbers": {following, `{"conversation_id": "` + id + `", "answers": [{"question_number": 99999999999999999999, "value": 1}]}`, []string{"question_number"}},
		"unknown role":            {opening, `{"context": "x", "previous_messages": [{"role": "narrator", "content": "x"}]}`, []string{"previous_messages[0].role"}},
		"no conversation":         {following, `{}`, []string{"conversation_id"}},
		"unknown conversation":    {following, `{"conversation_id": "` + unknown + `"}`, []string{"conversation_id", unknown}},
		"conversation of no form": {following, `{"conversation_id": "17"}`, []string{"conversation_id", "17"}},
		"report on nothing":       {reporting, `{"conversation_id": "` + unknown + `"}`, []string{"conversation_id", unknown}},
		"somebody else's":         {following, `{"conversation_id": "` + id + `", "user_id": "mallory"}`, []string{"conversation_id", id}},
		"never asked":             {following, `{"conversation_id": "` + id + `", "answers": [{"question_number": 9, "value": 1}]}`, []string{"answers[0].question_number", "9", "1, 2, 3"}},
		"another's question":      {following, `{"conversation_id": "` + id + `", "answers": [{"question_id": "` + unknown + `:1", "value": 1}]}`, []string{"answers[0].question_id"}},
		"unknown slot":            {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "colour", "value": 1}]}`, []string{"answers[0].slot", "colour", "budget"}},
		"no question":             {following, `{"conversation_id": "` + id + `", "answers": [{"value": 1}]}`, []string{"answers[0]", "question_number"}},
		"nothing said":            {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "class"}]}`, []string{"answers[0]", "value"}},
		"value with declined":     {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "class", "value": "first", "outcome": "declined"}]}`, []string{"answers[0].value", "declined"}},
		"unknown outcome":         {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "class", "outcome": "maybe"}]}`, []string{"answers[0].outcome", "declined"}},
		"unknown option":          {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "class", "value": "purple"}]}`, []string{"answers[0].value", "purple", "economy, business, first"}},
		"value out of range":      {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "budget", "value": 0}]}`, []string{"answers[0].value", "at least 1"}},
		"value of a wrong type":   {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "budget", "value": {"eur": 5}}]}`, []string{"answers[0].value"}},
		"second answer wrong":     {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "class", "value": "first"}, {"slot": "budget", "value": "lots"}]}`, []string{"answers[1].value"}},
		"NUL in an answer":        {following, `{"conversation_id": "` + id + `", "answers": [{"slot": "destination", "text": "a\u0000"}]}`, []string{"answers[0].text", "NUL"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := stored(t, url)
			_, err := c.tool.Call(t.Context(), json.RawMessage(c.arguments))
			var invalid *fault.Invalid
			require.ErrorAs(t, err, &invalid)
			for _, want := range c.says {
				assert.Contains(t, err.Error(), want)
			}
			assert.Less(t, len(err.Error()), 600)
			assert.NotContains(t, err.Error(), "\n")
			assert.Equal(t, before, stored(t, url))
		})
	}
}

// The tables refuse what must not be, whatever the program does.
func TestTheDatabaseRefusesWrongStates(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openTrip(t, s)
	turn = answerAll(t, s, turn)
	for what, statement := range map[string]string{
		"two open questions for a slot": `INSERT INTO questions (conversation_id, number, slot, purpose, text, reason, bits) VALUES ($1, 99, '` + turn.Questions[0].Slot + `', 'ask', 'x', 'x', 1)`,
		"an answer to no question":      `INSERT INTO answers (conversation_id, number, slot, question, outcome, words, digest, revision) VALUES ($1, 99, 'class', 77, 'declined', '', sha256('x'), 2)`,
		"an answer without a slot":      `INSERT INTO answers (conversation_id, number, slot, outcome, words, digest, revision) VALUES ($1, 99, 'nope', 'declined', '', sha256('x'), 2)`,
		"a value with a refusal":        `INSERT INTO answers (conversation_id, number, slot, outcome, value, words, digest, revision) VALUES ($1, 99, 'class', 'declined', '1', '', sha256('x'), 2)`,
		"an answer without a value":     `INSERT INTO answers (conversation_id, number, slot, outcome, words, digest, revision) VALUES ($1, 99, 'class', 'answered', '', sha256('x'), 2)`,
		"the same answer twice":         `INSERT INTO answers SELECT principal, conversation_id, 99, slot, question, outcome, value, words, problem, digest, revision, answered_at FROM answers WHERE conversation_id = $1 AND number = 1`,
		"an unknown state":              `UPDATE slots SET state = 'maybe' WHERE conversation_id = $1`,
		"a state without its value":     `UPDATE slots SET value = NULL WHERE conversation_id = $1 AND state = 'answered'`,
		"a revision going back":         `UPDATE conversations SET revision = 0 WHERE id = $1`,
		"another principal's row":       `INSERT INTO messages (principal, conversation_id, revision, position, role, content) VALUES ('mallory', $1, 9, 0, 'user', 'x')`,
	} {
		err := try(t, url, statement, turn.ConversationID)
		assert.Error(t, err, what)
		assert.NotContains(t, fmt.Sprint(err), "syntax", what)
	}
}
