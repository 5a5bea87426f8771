package integration

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/functions/ask"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
)

// TestTheExamplesOfSchemasLeadToTheirValues makes the calls of docs/examples as a
// client does, gives an answer to every slot, and gets what the schema describes.
func TestTheExamplesOfSchemasLeadToTheirValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for generator, of := range map[string]struct{ answers, want map[string]any }{
		"pydantic": {
			map[string]any{
				"destination": "Rome", "departure": "2031-05-04", "nights": 3.0, "travel_class": "economy",
				"travellers.count": 2.0, "travellers[0].name": "Ada", "travellers[0].age": 41.0, "travellers[1].name": "Bob", "travellers[1].age": 7.0,
				"budget": 900.0, "notes": "A room with a view",
			},
			map[string]any{
				"destination": "Rome", "departure": "2031-05-04", "nights": 3.0, "travel_class": "economy", "budget": 900.0, "notes": "A room with a view",
				"travellers": []any{map[string]any{"name": "Ada", "age": 41.0}, map[string]any{"name": "Bob", "age": 7.0}},
			},
		},
		"zod": {
			map[string]any{
				"item": "Scarf", "amount": 2.0, "size": "M", "deliverTo.street": "Main St 1", "deliverTo.city": "Berlin", "deliverTo.floor": 3.0,
				"gift": true, "card": "Happy birthday", "by": "2031-05-04",
			},
			map[string]any{
				"item": "Scarf", "amount": 2.0, "size": "M", "gift": true, "card": "Happy birthday", "by": "2031-05-04",
				"deliverTo": map[string]any{"street": "Main St 1", "city": "Berlin", "floor": 3.0},
			},
		},
	} {
		raw, err := os.ReadFile("../../docs/examples/" + generator + "/call.json")
		require.NoError(t, err)
		var call struct {
			Name      string
			Arguments json.RawMessage
		}
		require.NoError(t, json.Unmarshal(raw, &call))
		opening := ask.Tool(w.conversations)
		require.Equal(t, opening.Declaration.Name, call.Name)
		result, err := opening.Call(t.Context(), call.Arguments)
		require.NoError(t, err, generator)
		turn := result.StructuredContent.(conversation.Turn)
		assert.Empty(t, turn.Metadata.Warnings, generator)

		w.answer(t, "local", turn.ConversationID, of.answers)
		report, err := w.conversations.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
		require.NoError(t, err)
		assert.True(t, report.Complete && report.Valid, "%s: %v", generator, report.Problems)
		assert.Equal(t, of.want, report.Values, generator)
	}
}
