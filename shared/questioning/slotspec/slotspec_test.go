package slotspec

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
)

func read(t *testing.T, raw string) []questioning.Slot {
	t.Helper()
	wanted, err := Read(t.Context(), []byte(raw))
	require.NoError(t, err)
	return wanted.Slots
}

func TestASchemaKeepsWhatItSays(t *testing.T) {
	slots := read(t, `{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"type": "object", "title": "Trip", "additionalProperties": false,
		"$defs": {"Class": {"enum": ["economy", "business"], "title": "Class"}},
		"required": ["where", "class"],
		"properties": {
			"where": {"type": "string", "title": "Destination", "description": "City", "minLength": 2, "maxLength": 50, "pattern": "^[A-Z]"},
			"startDate": {"type": "string", "format": "date"},
			"guests": {"type": "integer", "exclusiveMinimum": 0, "maximum": 9, "default": 2},
			"class": {"$ref": "#/$defs/Class"},
			"extras": {"type": "array", "items": {"enum": ["wifi", "meal"]}, "maxItems": 2},
			"names": {"type": "array", "items": {"type": "string"}},
			"note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null},
			"pet": {"type": ["boolean", "null"]},
			"seat": {"oneOf": [{"const": "a", "title": "Aisle"}, {"const": "w", "title": "Window"}]},
			"insurer": {"type": "string", "x-when": {"slot": "pet", "equals": true}, "x-question": "Who insures it?", "x-weight": 2}
		}
	}`)
	var keys []string
	byKey := map[string]questioning.Slot{}
	for _, s := range slots {
		keys = append(keys, s.Key)
		byKey[s.Key] = s
	}
	assert.Equal(t, []string{"where", "startDate", "guests", "class", "extras", "names", "note", "pet", "seat", "insurer"}, keys, "in the order given")
	types := map[string]questioning.Type{}
	for k, s := range byKey {
		types[k] = s.Type
	}
	assert.Equal(t, map[string]questioning.Type{
		"where": questioning.Text, "startDate": questioning.Date, "guests": questioning.Integer, "class": questioning.Choice,
		"extras": questioning.Choices, "names": questioning.List, "note": questioning.Text, "pet": questioning.Boolean,
		"seat": questioning.Choice, "insurer": questioning.Text,
	}, types)
	where := byKey["where"]
	assert.True(t, where.Required)
	assert.Equal(t, "Destination", where.Title)
	assert.Equal(t, "City", where.Description)
	assert.Equal(t, []any{2, 50, "^[A-Z]"}, []any{*where.MinLength, *where.MaxLength, where.Pattern})
	assert.Equal(t, "Start date", byKey["startDate"].Title)
	assert.Equal(t, []any{1.0, 9.0, 2.0}, []any{*byKey["guests"].Minimum, *byKey["guests"].Maximum, byKey["guests"].Default})
	assert.Equal(t, []questioning.Option{{Value: "a", Title: "Aisle"}, {Value: "w", Title: "Window"}}, byKey["seat"].Options)
	assert.Equal(t, &questioning.Condition{Slot: "pet", In: []any{true}}, byKey["insurer"].When)
	assert.Equal(t, "Who insures it?", byKey["insurer"].Question)
}

func TestAListNamesWhatIsWanted(t *testing.T) {
	slots := read(t, `["budget", "Who decides?", {"key": "deadline", "type": "date", "required": false},
		{"name": "size", "options": ["S", {"value": "M", "title": "Medium"}], "when": {"slot": "budget", "in": ["high"]}},
		{"title": "Team members", "type": "list"}, {"key": "extras", "type": "choices", "options": [1, 2]}]`)
	assert.Equal(t, questioning.Slot{Key: "budget", Title: "Budget", Type: questioning.Text, Required: true}, slots[0])
	assert.Equal(t, "who_decides", slots[1].Key)
	assert.Equal(t, "Who decides?", slots[1].Title)
	assert.Equal(t, questioning.Date, slots[2].Type)
	assert.False(t, slots[2].Required)
	assert.Equal(t, questioning.Choice, slots[3].Type)
	assert.Equal(t, "Medium", slots[3].Options[1].Title)
	assert.Equal(t, "team_members", slots[4].Key)
	assert.Equal(t, questioning.Choices, slots[5].Type)
}

// What a schema wants in one case only is asked for there, and its values satisfy it.
func TestTheCaseOfASchemaDecidesWhatIsAsked(t *testing.T) {
	for name, c := range map[string]struct {
		schema string
		held   map[string]any
		want   string
	}{
		"if, then":   {`{"type":"object","additionalProperties":false,"required":["pets"],"properties":{"pets":{"type":"boolean"}},"if":{"properties":{"pets":{"const":true}}},"then":{"properties":{"kind":{"type":"string"}},"required":["kind"]}}`, map[string]any{"pets": true, "kind": "cat"}, `{"pets":true,"kind":"cat"}`},
		"if not":     {`{"type":"object","required":["pets"],"properties":{"pets":{"type":"boolean"}},"if":{"properties":{"pets":{"const":true}}},"then":{"properties":{"kind":{"type":"string"}},"required":["kind"]}}`, map[string]any{"pets": false}, `{"pets":false}`},
		"a tag":      {`{"type":"object","required":["pet"],"properties":{"pet":{"oneOf":[{"type":"object","properties":{"kind":{"const":"cat"},"lives":{"type":"integer"}},"required":["kind","lives"]},{"type":"object","properties":{"kind":{"const":"dog"},"breed":{"type":"string"},"version":{"const":2}},"required":["kind","breed","version"]}]}}}`, map[string]any{"pet.kind": "dog", "pet.breed": "pug"}, `{"pet":{"kind":"dog","breed":"pug","version":2}}`},
		"a root":     {`{"oneOf":[{"type":"object","properties":{"by":{"const":"mail"},"address":{"type":"string"}},"required":["by","address"]},{"type":"object","properties":{"by":{"const":"phone"},"number":{"type":"string"}},"required":["by","number"]}]}`, map[string]any{"by": "mail", "address": "a"}, `{"by":"mail","address":"a"}`},
		"one or all": {`{"type":"object","properties":{"to":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}}}`, map[string]any{"to": []any{"a"}}, `{"to":["a"]}`},
	} {
		spec, err := Read(t.Context(), []byte(c.schema))
		require.NoError(t, err, name)
		assert.Empty(t, spec.Warnings, name)
		values := spec.Values(c.held, true)
		got, err := json.Marshal(values)
		require.NoError(t, err)
		assert.JSONEq(t, c.want, string(got), name)
		compiled, err := schema.Compile(t.Context(), spec.Schema)
		require.NoError(t, err, name)
		assert.Empty(t, schema.Problems(compiled, values), name)
	}
}

// A description may be a word that is a type as well, and a slot be named as a keyword.
func TestAWordIsATypeOnlyWhereItCanBeNothingElse(t *testing.T) {
	for raw, want := range map[string]string{
		`{"properties":{"n":{"description":"Number"},"d":{"description":"Date"},"c":{"enum":["phone","email"]}}}`: "n string,d string,c choice",
		`{"properties":{"by":{"type":"string","enum":["phone"]},"x":{"type":"string","default":"text"}}}`:         "by choice,x string",
		`{"n":{"description":"Date"},"t":{"title":"string","author":"string"}}`:                                   "n string,t.title string,t.author string",
		`{"properties":{"a":{"street":"string","since":"date"}}}`:                                                 "a.street string,a.since date",
		`["budget: number", "Ratio: 1 to 5", "notes (optional)", "Name (as in your passport)"]`:                   "budget number,ratio_1_to_5 string,notes string,name_as_in_your_passport string",
		`{"guests":[{"name":"string"}],"tags":["string"],"size":["S","M"]}`:                                       "guests.count integer,tags list,size choice",
	} {
		spec, err := Read(t.Context(), []byte(raw))
		require.NoError(t, err, raw)
		var got []string
		for _, s := range spec.Slots {
			if !strings.Contains(s.Key, "[") {
				got = append(got, s.Key+" "+string(s.Type))
			}
		}
		assert.Equal(t, want, strings.Join(got, ","), raw)
	}
}

func TestASecretIsRefusedByItsPath(t *testing.T) {
	for raw, path := range map[string]string{
		`["budget", "password"]`:                                                                                                                                  "[1]",
		`["What is your password?"]`:                                                                                                                              "[0]",
		`[{"key": "a", "type": "password"}]`:                                                                                                                      "[0].type",
		`[{"key": "login", "question": "Which password do you use?"}]`:                                                                                            "[0].question",
		`{"budget": "number", "apiKey": "string"}`:                                                                                                                "properties.apiKey",
		`{"properties": {"a": {"type": "string", "format": "password"}}}`:                                                                                         "properties.a.format",
		`{"properties": {"a": {"type": "string", "writeOnly": true}}}`:                                                                                            "properties.a.writeOnly",
		`{"properties": {"a": {"type": "string", "title": "Card number"}}}`:                                                                                       "properties.a.title",
		`{"properties": {"a": {"type": "string", "description": "Your social security number"}}}`:                                                                 "properties.a.description",
		`{"properties": {"card": {"properties": {"number": {"type": "string"}, "cvv": {"type": "integer"}}}}}`:                                                    "properties.card.properties.number",
		`{"required": ["b"], "properties": {"a": {"type": "array", "items": {"type": "string", "format": "password"}}, "b": {}}}`:                                 "properties.a.items.format",
		`{"properties": {"people": {"type": "array", "items": {"properties": {"ssn": {"type": "string"}}}}}}`:                                                     "properties.people.items.properties.ssn",
		`{"properties": {"payment": {"title": "Credit card", "properties": {"number": {"type": "string"}}}}}`:                                                     "properties.payment.properties.number.title",
		`{"properties": {"pets": {"type": "boolean"}}, "if": {"properties": {"pets": {"const": true}}}, "then": {"properties": {"api_key": {"type": "string"}}}}`: "properties.api_key",
		`{"properties": {"p": {"oneOf": [{"properties": {"k": {"const": "a"}, "password": {"type": "string"}}}, {"properties": {"k": {"const": "b"}}}]}}}`:        "properties.p.properties.password",
		`["password: string"]`:                            "[0].password",
		`{"fields": {"ssn": "string"}}`:                   "fields.properties.ssn",
		`[{"section": "x", "fields": [{"name": "cvv"}]}]`: "[0].fields[0]",
	} {
		_, err := Read(t.Context(), []byte(raw))
		var problem *Error
		if assert.ErrorAs(t, err, &problem, raw) {
			assert.Equal(t, path, problem.Path, "%s: %v", raw, err)
			assert.Contains(t, problem.Problem, "sign-in", "says what to do instead")
		}
	}
	for _, raw := range []string{
		`["keynote speaker", "key features", {"key": "passport_valid", "type": "boolean"}, "primary key column"]`,
		`{"properties": {"reset_password": {"type": "boolean"}, "method": {"enum": ["password", "api key"]}, "password_policy": {"type": "string"}}}`,
	} {
		_, err := Read(t.Context(), []byte(raw))
		assert.NoError(t, err, raw)
	}
}

func TestWhatCannotBeAskedForNamesThePath(t *testing.T) {
	properties := func(inner string) string { return `{"type": "object", "properties": {` + inner + `}}` }
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat(`"x",`, n), ",") }
	numbered := func(n int) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprint(i)
		}
		return strings.Join(all, ",")
	}
	for raw, path := range map[string]string{
		`"budget"`:                            "",
		`{}`:                                  "",
		`[]`:                                  "",
		`{"type": "array"}`:                   "type",
		`{"budget": "numbr"}`:                 "budget",
		`{"properties": {}}`:                  "properties",
		`{"properties": []}`:                  "properties",
		`{"anyOf": []}`:                       "anyOf",
		properties(`"a": {"type": "object"}`): "properties.a",
		properties(`"a": {"properties": {"b": {"type": "object"}}}`):                                                      "properties.a.properties.b",
		properties(`"a": {"type": ["boolean", "integer"]}`):                                                               "properties.a.type",
		properties(`"a": {"type": "file"}`):                                                                               "properties.a",
		properties(`"a": {"type": "teapot"}`):                                                                             "properties.a.type",
		properties(`"a": {"type": "array", "items": {"type": "boolean"}}`):                                                "properties.a.items",
		properties(`"a": {"type": "array", "items": {"type": "object"}}`):                                                 "properties.a.items",
		properties(`"a": {"enum": [{"b": 1}]}`):                                                                           "properties.a.enum[0]",
		properties(`"a": {"enum": [` + numbered(101) + `]}`):                                                              "properties.a.enum",
		properties(`"a": {"$ref": "#/$defs/none"}`):                                                                       "properties.a.$ref",
		properties(`"a": {"$ref": "https://example.com/schema"}`):                                                         "properties.a.$ref",
		properties(`"a": {"pattern": "("}`):                                                                               "properties.a.pattern",
		properties(`"a": {"type": "integer", "minimum": 3, "maximum": 2}`):                                                "properties.a.minimum",
		properties(`"a": {"type": "integer", "minimum": "three"}`):                                                        "properties.a.minimum",
		properties(`"a": {"minLength": -1}`):                                                                              "properties.a.minLength",
		properties(`"a": {"title": 5}`):                                                                                   "properties.a.title",
		properties(`"a": {"default": {"b": 1}}`):                                                                          "properties.a.default",
		properties(`"a": {"x-weight": 0}`):                                                                                "properties.a.x-weight",
		properties(`"a": {"x-when": {"slot": "b"}}`):                                                                      "properties.a.x-when",
		properties(`"a": {"x-when": {"slot": "b", "equals": 1}}`):                                                         "a.when.slot",
		properties(`"a": {}, "a": {}`):                                                                                    "properties.a",
		`{"required": ["b"], "properties": {"a": {}}}`:                                                                    "required[0]",
		`{"required": "a", "properties": {"a": {}}}`:                                                                      "required",
		`{"$defs": {"a": {"$ref": "#/$defs/a"}}, "properties": {"k": {"$ref": "#/$defs/a"}}}`:                             "properties.k.$ref",
		`{"$defs": {"A": {"type": "array", "items": {"$ref": "#/$defs/A"}}}, "properties": {"a": {"$ref": "#/$defs/A"}}}`: "properties.a.items.$ref",
		`{"$defs": {"A": {"anyOf": [{"items": {"allOf": [{"$ref": "#/$defs/A"}]}}]}}, "properties": {"a": {"oneOf": [{"$ref": "#/$defs/A"}]}}}`: "properties.a.oneOf[0].anyOf[0].items.allOf[0].$ref",
		properties(`"a": {"pattern": "` + strings.Repeat("x{1000}", 140) + `"}`):                                                                "properties.a.pattern",
		properties(`"a": {"maximum": 1e400}`):                            "properties.a.maximum",
		properties(`"a": {"default": ` + deep(100) + `}`):                "properties.a.default" + strings.Repeat("[0]", 59) + "[0…",
		properties(`"` + strings.Repeat("k", 300) + `": {}`):             "properties." + strings.Repeat("k", 188) + "…",
		`[{"key": "a", "default": ` + deep(100) + `}]`:                   "[0].default" + strings.Repeat("[0]", 62),
		`[{"key": "a", "minimum": -1e999}]`:                              "[0].minimum",
		`[{"key": "a", "pattern": "x{1000}{5}"}]`:                        "[0].pattern",
		`["b", {"key": "a", "when": {"slot": "b", "in": ["x", ["y"]]}}]`: "[1].when",
		`["a", "a"]`:                       "[1]",
		`[5]`:                              "[0]",
		`["?"]`:                            "[0]",
		`[{}]`:                             "[0]",
		`[{"key": "a", "type": "teapot"}]`: "[0].type",
		`[{"key": "a", "type": "file"}]`:   "[0].type",
		`[{"key": "a", "type": "choice"}]`: "[0].type",
		`[{"key": "a", "options": [[]]}]`:  "[0].options[0]",
		`[{"key": "a", "required": "if"}]`: "[0].required",
		`[` + many(201) + `]`:              "",
		`[{"key": "a", "when": {"slot": "a", "equals": 1}}]`: "a.when",
		`[{"key": "` + strings.Repeat("k", 65) + `"}]`:       "[0]",
	} {
		_, err := Read(t.Context(), []byte(raw))
		var problem *Error
		if assert.ErrorAs(t, err, &problem, raw) {
			assert.Equal(t, path, problem.Path, "%s: %v", raw, err)
			assert.NotEmpty(t, problem.Problem)
		}
	}
}

// fanning refers to the next definition by three keywords at once, so that
// following them all is three to the power of depth.
func fanning(depth int) string {
	defs := make([]string, depth+1)
	for i := range depth {
		ref := fmt.Sprintf(`[{"$ref":"#/$defs/d%d"}]`, i+1)
		defs[i] = fmt.Sprintf(`"d%d":{"anyOf":%s,"allOf":%[2]s,"oneOf":%[2]s}`, i, ref)
	}
	defs[depth] = fmt.Sprintf(`"d%d":{"type":"string"}`, depth)
	return `{"type":"object","properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{` + strings.Join(defs, ",") + `}}`
}

const recursive = `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"array","items":{"$ref":"#/$defs/A"}}}}`

func TestASchemaThatNeverEndsIsRefusedInMilliseconds(t *testing.T) {
	patterns := make([]string, 200)
	for i := range patterns {
		patterns[i] = fmt.Sprintf(`"p%d":{"pattern":"%[1]d%s"}`, i, strings.Repeat("x{1000}", 2))
	}
	for schema, says := range map[string]string{
		`{` + fanning(15)[strings.Index(fanning(15), `"$defs"`):]: "more than 5000 subschemas",
		recursive:   `properties.a.items.$ref: "#/$defs/A" leads back to itself`,
		fanning(15): "more than 5000 subschemas",
		fanning(60): "is nested more than 64 deep",
		`{"properties":{` + strings.Join(patterns, ",") + `}}`: "properties.p9.pattern: is one regular expression too many",
	} {
		began := time.Now()
		_, err := Read(t.Context(), []byte(schema))
		assert.ErrorContains(t, err, says)
		assert.Less(t, time.Since(began), 200*time.Millisecond, says)
	}
}

func TestALargeDocumentIsReadInMilliseconds(t *testing.T) {
	many := func(n int, of string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, of+",", i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	for name, schema := range map[string]string{
		"read-only properties": `{"properties":{` + many(9000, `"a%d":{"readOnly":true}`) + `},"required":[` + many(9000, `"a%d"`) + `]}`,
		"definitions":          `{"$defs":{` + many(9000, `"a%d":{"properties":{}}`) + `}}`,
		"titles of options":    `{"properties":{"a":{"enum":[` + many(9000, `%d`) + `],"x-ms-enum":{"values":[` + many(9000, `{"value":%d}`) + `]}}}}`,
		"required":             `{"properties":{"a":{}},"required":[` + many(30000, `"a%d"`) + `]}`,
		"lists of objects":     `{"properties":{` + many(150, `"a%d":{"type":"array","minItems":20,"items":{"properties":{"b":{},"c":{}}}}`) + `}}`,
		"alternatives":         `{"properties":{"a":{"anyOf":[` + many(4000, `{"const":%d}`) + `]}}}`,
		"a map":                `{` + many(9000, `"a%d":"number"`) + `}`,
		"a type within types":  `{"a":"` + strings.Repeat("Array<", 60000) + `string` + strings.Repeat(">", 60000) + `","b":5,"c":{"d":"nubmer"}}`,
		"a type of options":    `{"a":"` + strings.Repeat("a|", 200000) + `a"}`,
	} {
		began := time.Now()
		_, err := Read(t.Context(), []byte(schema))
		assert.Error(t, err, name)
		assert.Less(t, time.Since(began), 2*time.Second, name) // some tens of milliseconds on an idle core
	}
}

func TestACallerWhoHasGoneEndsTheReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, raw := range []string{fanning(60), `[` + strings.Repeat(`"a",`, 500) + `"a"]`} {
		_, err := Read(ctx, []byte(raw))
		assert.ErrorIs(t, err, context.Canceled)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`["budget", {"key": "a", "type": "date", "when": {"slot": "budget", "equals": 1}}]`,
		`{"type":"object","required":["a"],"properties":{"a":{"enum":["x",null]},"b":{"type":["integer","null"],"exclusiveMinimum":3}}}`,
		`{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"properties":{"k":{"$ref":"#/$defs/a"}}}`,
		`{"properties":{"a":{"oneOf":[{"const":"a","title":"A"},{"const":true}]},"c":{"type":"array","items":{"$ref":"#/definitions/x"}}},"definitions":{"x":{"type":"string"}}}`,
		recursive, fanning(2), fanning(15), `{"properties":{"a":{"pattern":"x{1000}x{1000}"}}}`,
		`[{"key":"a","options":[1,{"value":"b"}],"default":1}]`, `[`, `{"0":{"oneOf":[{"const":"","0":"0"},{"const":true}],"items":{}}}`, `{"a":"string[]","b":{"type":"array","enum":["x"]},"c":["y"],"d":{"e":"int?"}}`,
		`{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{"b":{"type":"integer","nullable":true},"c":{"const":1}}}}}}`,
		`{"name":"x","schema":{"$ref":"#/$defs/A","$defs":{"A":{"allOf":[{"properties":{"a":{"anyOf":[{"type":"number"},{"type":"string","pattern":"(?=x)"}]}}}]}}}}`,
		`{"properties":{"":{}}}`, `{"properties":{" ":{}}}`, "[null]", `{"properties":{"a":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		wanted, err := Read(t.Context(), raw)
		slots := wanted.Slots
		if err != nil {
			var problem *Error
			require.ErrorAs(t, err, &problem, "always says where")
			return
		}
		require.NotEmpty(t, slots)
		require.LessOrEqual(t, len(slots), MaxSlots)
		keys := make([]string, len(slots))
		for i, s := range slots {
			keys[i] = s.Key
			require.NotEmpty(t, s.Key)
			require.NotEmpty(t, s.Title)
			require.NotEmpty(t, s.Type)
			isChoice := s.Type == questioning.Choice || s.Type == questioning.Choices
			require.Equal(t, isChoice, len(s.Options) > 0, "options belong to a choice: %+v", s)
			_, err := json.Marshal(s)
			require.NoError(t, err, "can be stored")
		}
		slices.Sort(keys)
		require.Len(t, slices.Compact(keys), len(slots), "every key once")
		held := map[string]any{}
		for _, s := range slots {
			held[s.Key] = sample(s)
		}
		_, err = json.Marshal(wanted.Values(held, true))
		require.NoError(t, err, "can be reported")
		again, err := Read(t.Context(), raw)
		require.NoError(t, err)
		require.Equal(t, slots, again.Slots)
		// Whatever can be read can be asked for, to the end.
		iv := questioning.New("goal", slots, questioning.Limits{BatchSize: 10})
		for range 3 * len(slots) {
			batch := iv.Next()
			if batch.Stop != nil {
				return
			}
			for _, q := range batch.Questions {
				_, err := iv.Record(questioning.Answer{Slot: q.Slot, Outcome: questioning.Unknown})
				require.NoError(t, err)
			}
		}
		t.Fatal("does not end")
	})
}

// Calls at once share what was read of a document. The race detector sees if one of them
// changes it, as a note on a union would.
func TestAReadDocumentServesCallsAtOnce(t *testing.T) {
	spec, err := Read(t.Context(), []byte(`{"type": "object", "required": ["size"], "properties": {
		"size": {"anyOf": [{"enum": ["S", "M"]}, {"type": "string"}]}, "kind": {"const": "shirt"}}}`))
	require.NoError(t, err)
	require.Len(t, spec.Warnings, 1)
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() { assert.Equal(t, map[string]any{"size": "L"}, spec.Values(map[string]any{"size": "L"}, true)) })
	}
	calls.Wait()
	assert.Len(t, spec.Warnings, 1)
}
