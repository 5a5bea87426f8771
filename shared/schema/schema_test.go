package schema_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/schema"
)

func TestProblemsComeInTheOrderOfTheirPlaces(t *testing.T) {
	compiled, err := schema.Compile(json.RawMessage(`{"required": ["z"], "properties": {
		"b": {"type": "string"}, "a": {"type": "array", "maxItems": 1, "items": {"type": "integer"}}}}`))
	require.NoError(t, err)
	assert.Empty(t, schema.Problems(compiled, map[string]any{"z": 1.0}))
	var places [][]string
	for _, p := range schema.Problems(compiled, map[string]any{"b": 1.0, "a": []any{"x", 2.0}}) {
		places = append(places, p.Location)
		assert.NotEmpty(t, p.Text)
	}
	assert.Equal(t, [][]string{{}, {"a"}, {"a", "0"}, {"b"}}, places)
}

func TestNothingIsLoadedFromElsewhere(t *testing.T) {
	for _, raw := range []string{`{"$ref": "file:///etc/passwd"}`, `{"$schema": "https://example.com/schema"}`, `{`} {
		_, err := schema.Compile(json.RawMessage(raw))
		assert.Error(t, err, raw)
	}
}
