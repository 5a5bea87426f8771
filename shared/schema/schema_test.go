package schema_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/schema"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

func TestProblemsComeInTheOrderOfTheirPlaces(t *testing.T) {
	compiled, err := schema.Compile(t.Context(), json.RawMessage(`{"required": ["z"], "properties": {
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

// A schema that is refused is told where and why, in words that name nothing of
// this machine.
func TestARefusedSchemaIsToldInWordsOfOurs(t *testing.T) {
	for raw, want := range map[string]string{
		`{"$ref": "file:///etc/passwd"}`:                           `$ref: "file:///etc/passwd" is not a definition of this schema, such as "#/$defs/Name"`,
		`{"$ref": "other.json"}`:                                   `$ref: "other.json" is not a definition of this schema, such as "#/$defs/Name"`,
		`{"$schema": "https://example.com/schema"}`:                `$schema: is not known; leave it out, or name a draft of JSON Schema such as https://json-schema.org/draft/2020-12/schema`,
		`{"$schema": "schema"}`:                                    `$schema: is not known; leave it out, or name a draft of JSON Schema such as https://json-schema.org/draft/2020-12/schema`,
		`{"$schema": "%"}`:                                         `$schema: is not known; leave it out, or name a draft of JSON Schema such as https://json-schema.org/draft/2020-12/schema`,
		`{"properties": {"a": {"maxLength": "x"}}}`:                `properties.a.maxLength: got string, want integer`,
		`{"properties": {"a": {"minItems": -1}}, "required": "a"}`: `properties.a.minItems: minimum: got -1, want 0`,
		`{"type": "quark"}`:                                        ``,
		`{"required": ["a", "a"]}`:                                 `required: items at 0 and 1 are equal`,
		`{"$id": "%"}`:                                             ``,
		`{"$anchor": "a", "items": {"$anchor": "a"}}`:              ``,
		`{"pattern": "("}`:                                         `pattern: is not a regular expression that can be used here (RE2 syntax): missing closing ): "("`,
		`{"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {"pattern": "("}}}`: ``,
		`{"a": `: `is not valid JSON: unexpected EOF`,
		`5`:      `got number, want boolean or object`,
	} {
		_, err := schema.Compile(t.Context(), json.RawMessage(raw))
		var refused *bounds.Error
		if !assert.ErrorAs(t, err, &refused, raw) {
			continue
		}
		if want != "" {
			assert.Equal(t, want, err.Error(), raw)
		}
		for _, ours := range []string{"urn:", "file:///work", "file:///root", "file:///home", "metaschema", "\n", "jsonschema"} {
			assert.NotContains(t, err.Error(), ours, raw)
		}
	}
}

func TestNothingIsCompiledThatIsNotBounded(t *testing.T) {
	for _, raw := range []string{
		`{"properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"array","items":{"$ref":"#/$defs/A"}}}}`,
		`{"additionalProperties":{"pattern":"` + strings.Repeat("x{1000}", 140) + `"}}`,
		`{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{"pattern":"` + strings.Repeat("x{1000}", 140) + `"}}}`,
		`{"minimum": 1e400}`,
	} {
		began := time.Now()
		_, err := schema.Compile(t.Context(), json.RawMessage(raw))
		var refused *bounds.Error
		require.ErrorAs(t, err, &refused, raw)
		assert.Less(t, time.Since(began), 200*time.Millisecond, raw)
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`{"properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"array","items":{"$ref":"#/$defs/A"}}}}`,
		`{"properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"anyOf":[{"$ref":"#/$defs/B"}],"allOf":[{"$ref":"#/$defs/B"}],"oneOf":[{"$ref":"#/$defs/B"}]},"B":{"pattern":"x{9}"}}}`,
		`{"$schema":"http://json-schema.org/draft-04/schema#","id":"x","dependencies":{"a":["b"]}}`, `{"$anchor":"a","$ref":"#/items","items":{"enum":[1]}}`, `true`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		compiled, err := schema.Compile(t.Context(), raw)
		if err != nil {
			var refused *bounds.Error
			require.ErrorAs(t, err, &refused)
			return
		}
		schema.Problems(compiled, map[string]any{"a": []any{"x", 1.0, true}, "b": "y"})
	})
}
