package bounds

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp/syntax"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fan is a schema whose definitions refer to the next one by each keyword at
// once, so that following them all visits len(keywords) to the power of depth.
func fan(depth int, keywords ...string) string {
	var defs []string
	for i := range depth {
		var parts []string
		for _, k := range keywords {
			parts = append(parts, fmt.Sprintf(`%q: [{"$ref": "#/$defs/d%d"}]`, k, i+1))
		}
		defs = append(defs, fmt.Sprintf(`"d%d": {%s}`, i, strings.Join(parts, ",")))
	}
	defs = append(defs, fmt.Sprintf(`"d%d": {"type": "string"}`, depth))
	return `{"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": {` + strings.Join(defs, ",") + `}}`
}

// nested is a schema in a schema, and so on.
func nested(depth int) string {
	return `{"properties": {"a": ` + strings.Repeat(`{"items": `, depth) + `{}` + strings.Repeat(`}`, depth) + `}}`
}

func withDefs(property, defs string) string {
	return `{"type":"object","properties":{"a":` + property + `},"$defs":{` + defs + `}}`
}

var refA = `{"$ref":"#/$defs/A"}`

// Whatever would take a walker long is refused in milliseconds, and where it is
// said.
func TestWhatMakesTooMuchWorkIsRefusedBeforeItIsDone(t *testing.T) {
	const loop, deep, many = "leads back to itself", "deep", "more than 5000 subschemas"
	for name, c := range map[string]struct{ schema, path, says string }{
		"items of itself":       {withDefs(refA, `"A":{"type":"array","items":`+refA+`}`), "properties.a.items.$ref", loop},
		"a reference to itself": {withDefs(refA, `"A":`+refA), "properties.a.$ref", loop},
		"two in a circle":       {withDefs(refA, `"A":{"anyOf":[{"$ref":"#/$defs/B"}]},"B":{"oneOf":[`+refA+`]}`), "properties.a.anyOf[0].oneOf[0].$ref", loop},
		"allOf":                 {withDefs(refA, `"A":{"allOf":[{"type":"string"},`+refA+`]}`), "properties.a.allOf[1].$ref", loop},
		"nested in both":        {withDefs(refA, `"A":{"items":{"anyOf":[{"items":`+refA+`}]}}`), "properties.a.items.anyOf[0].items.$ref", loop},
		"the root":              {withDefs(`{"$ref":"#"}`, ``), "properties.a.$ref", loop},
		"another spelling":      {withDefs(refA, `"A":{"not":{"$ref":"#/%24defs/A"}}`), "properties.a.not.not.$ref", loop},
		"where no reader looks": {`{"properties":{"a":{}},"additionalProperties":` + refA + `,"$defs":{"A":{"if":` + refA + `}}}`, "additionalProperties.if.$ref", loop},
		"properties":            {withDefs(refA, `"A":{"properties":{"next":`+refA+`}}`), "properties.a.properties.next.$ref", loop},
		"dependencies":          {`{"dependencies":{"a":{"$ref":"#/definitions/A"}},"definitions":{"A":{"not":{"$ref":"#/definitions/A"}}}}`, "dependencies.a.not.$ref", loop},
		"a fan of two":          {fan(15, "anyOf", "allOf"), "", many},
		"a fan of three":        {fan(15, "anyOf", "allOf", "oneOf"), "", many},
		"a fan of one keyword":  {withDefs(`{"anyOf":[`+strings.Repeat(refA+",", 99)+refA+`]}`, `"A":{"anyOf":[`+strings.Repeat(`{},`, 99)+`{}]}`), "", many},
		"a chain of references": {fan(70, "allOf"), "", deep},
		"depth":                 {nested(100), "", deep},
		"depth of ten thousand": {nested(9000), "", deep},
		"depth of data":         {`{"properties":{"a":{"enum":[` + strings.Repeat(`[`, 80) + strings.Repeat(`]`, 80) + `]}}}`, "", deep},
		"ten thousand places":   {`{"properties":{"a":{"anyOf":[` + strings.Repeat(`{},`, 9999) + `{}]}}}`, "", many},
		"no definition":         {withDefs(refA, ``), "properties.a.$ref", "not a definition"},
		"elsewhere":             {withDefs(`{"$ref":"https://example.com/s"}`, ``), "properties.a.$ref", "not a definition"},
		"a file":                {withDefs(`{"items":{"$ref":"file:///etc/passwd"}}`, ``), "properties.a.items.$ref", "not a definition"},
		"dynamic":               {withDefs(`{"$dynamicRef":"#A"}`, ``), "properties.a.$dynamicRef", "cannot be used"},
		"another base":          {withDefs(`{"$id":"https://example.com/s","items":{"$ref":"#/$defs/x"}}`, ``), "properties.a.$id", "root only"},
		"a number too large":    {withDefs(`{"minimum":1e400}`, ``), "properties.a.minimum", "1e400 is too large"},
		"a number too small":    {withDefs(`{"multipleOf":1e-999999}`, ``), "properties.a.multipleOf", "close to 0"},
		"a number too long":     {withDefs(`{"maximum":`+strings.Repeat("9", 200)+`}`, ``), "properties.a.maximum", "200 characters"},
		"a pattern too large":   {withDefs(`{"pattern":"`+strings.Repeat("x{1000}", 140)+`"}`, ``), "properties.a.pattern", "140000 instructions"},
		"a pattern too long":    {withDefs(`{"pattern":"`+strings.Repeat("x", 1001)+`"}`, ``), "properties.a.pattern", "1001 characters"},
		"a pattern of names":    {`{"patternProperties":{"x{1000}{9}":{}}}`, "patternProperties.x{1000}{9}", "RE2"},
		"no pattern":            {withDefs(`{"pattern":"("}`, ``), "properties.a.pattern", "missing closing )"},
		"patterns, together":    {manyPatterns(12, "%d[a-z]{1,1000}"), "", "all together"},
		"not JSON":              {`{`, "", "not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			err := Schema(t.Context(), []byte(c.schema))
			took := time.Since(began)
			var refused *Error
			require.ErrorAs(t, err, &refused)
			assert.Contains(t, refused.Problem, c.says)
			if c.path != "" {
				assert.Equal(t, c.path, refused.Path)
			}
			assert.Less(t, took, 200*time.Millisecond)
			assert.Less(t, len(err.Error()), 600)
		})
	}
}

func manyPatterns(n int, format string) string {
	var properties []string
	for i := range n {
		properties = append(properties, fmt.Sprintf(`"p%d": {"pattern": %q}`, i, fmt.Sprintf(format, i)))
	}
	return `{"properties": {` + strings.Join(properties, ",") + `}}`
}

func TestWhatPeopleAskForIsWithinTheBounds(t *testing.T) {
	var options []string
	for i := range 20 {
		options = append(options, fmt.Sprintf(`{"const": "o%d", "title": "Option %[1]d"}`, i))
	}
	var properties []string
	for i := range 200 {
		properties = append(properties, fmt.Sprintf(`"p%d": {"oneOf": [%s]}`, i, strings.Join(options, ",")))
	}
	for name, schema := range map[string]string{
		"the largest form":              `{"properties": {` + strings.Join(properties, ",") + `}}`,
		"a definition used by 200":      withDefs(`{"anyOf":[`+strings.Repeat(refA+",", 199)+refA+`]}`, `"A":{"enum":["x","y"]}`),
		"a loop that nobody refers to":  withDefs(`{}`, `"A":`+refA),
		"a chain of ten":                fan(10, "allOf"),
		"a pattern of 200 postal codes": manyPatterns(200, `^%d?[0-9]{5}(-[0-9]{4})?$`),
		"one pattern 200 times":         withDefs(`{"anyOf":[`+strings.Repeat(`{"pattern":"^[a-z]{1,500}$"},`, 199)+`{}]}`, ``),
		"the longest repetition":        withDefs(`{"pattern":"^.{0,1000}$"}`, ``),
		"ids of generators":             withDefs(`{"$id":"#/properties/a","enum":["$ref"],"default":{"$ref":"x"}}`, ``),
		"names that are keywords":       `{"$id":"https://example.com/s","properties":{"$ref":{},"pattern":{"type":"string"},"id":{}}}`,
		"true":                          `true`,
	} {
		assert.NoError(t, Schema(t.Context(), []byte(schema)), name)
	}
}

func TestACallerWhoHasGoneEndsTheWork(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Schema(ctx, []byte(`{"properties":{"a":{"enum":[`+strings.Repeat(`1,`, 1000)+`1]}}}`))
	require.ErrorIs(t, err, context.Canceled)
	var refused *Error
	assert.NotErrorAs(t, err, &refused)
}

// The estimate is held against what is compiled: never less than 0.9 of it.
func TestAPatternsSizeIsThatOfItsProgram(t *testing.T) {
	for _, expression := range []string{
		``, `x`, `abc`, `x{1000}`, `(?:abc){100}`, `(x{10}){10}`, `x{3,7}`, `x{2,}`, `a|b|cd`, `(a|b)*c+?d?`, `[a-z]{0,63}`, `^\pL+$`,
		`(?i)hello{20}`, `\b\w+@\w+\.(com|org)\b`, `.{0,1000}`, `(?s:.)*`, `(?:[a-z](?:[a-z-]{0,61}[a-z])?\.)+`, `()`, `(|a)*`, `x{0}`, `x{0,0}y`,
	} {
		parsed, err := syntax.Parse(expression, syntax.Perl)
		require.NoError(t, err, expression)
		program, err := syntax.Compile(parsed.Simplify())
		require.NoError(t, err, expression)
		size, err := patternSize(expression)
		require.NoError(t, err, expression)
		actual := len(program.Inst) - 2 // every program fails and matches
		assert.GreaterOrEqual(t, float64(size), .9*float64(actual)-1, "%s: %d of %d", expression, size, actual)
		assert.LessOrEqual(t, size, 2*actual+60, expression)
	}
}

func TestOnlyBoundedPatternsAreCompiled(t *testing.T) {
	compiled, err := Compile(`^[A-Z]{2}$`)
	require.NoError(t, err)
	assert.True(t, compiled.MatchString("PT"))
	for _, expression := range []string{`(`, strings.Repeat("x{1000}", 140), strings.Repeat("x", 1001)} {
		_, err := Compile(expression)
		assert.Error(t, err)
	}
}

func TestNumbersAreThoseThatCanBeHeld(t *testing.T) {
	for _, n := range []json.Number{"0", "-0.0", "1", "1.5e3", "1.7976931348623157e308", "5e-324", "0e999999", "99999999999999999999"} {
		assert.NoError(t, Number(n), n)
	}
	for _, n := range []json.Number{"1e400", "-1e400", "1e2000000", "1e-400", json.Number(strings.Repeat("1", 101))} {
		assert.Error(t, Number(n), n)
	}
}

func FuzzSchema(f *testing.F) {
	for _, seed := range []string{
		withDefs(refA, `"A":{"type":"array","items":`+refA+`}`), fan(3, "anyOf", "allOf", "oneOf"), fan(15, "anyOf", "allOf", "oneOf"), nested(70),
		withDefs(`{"pattern":"x{1000}x{1000}"}`, ``), withDefs(`{"$ref":"#/$defs/a~1b/0"}`, `"a/b":[{}]`), `{"patternProperties":{"[":true}}`, `[1e999]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := Schema(t.Context(), raw)
		var refused *Error
		if err != nil {
			require.ErrorAs(t, err, &refused, "says where")
			return
		}
		var root any
		require.NoError(t, json.Unmarshal(raw, &root))
		visits := 0
		follow(t, root, root, 0, &visits)
	})
}

// follow walks a schema as naively as can be. It ends for any that passed.
func follow(t *testing.T, root, value any, depth int, visits *int) {
	*visits++
	require.LessOrEqual(t, *visits, MaxSubschemas)
	require.LessOrEqual(t, depth, MaxDepth)
	object, _ := value.(map[string]any)
	for name, value := range object {
		members, _ := value.(map[string]any)
		list, isList := value.([]any)
		ref, isText := value.(string)
		switch {
		case applied[name] && isList:
			for _, one := range list {
				follow(t, root, one, depth+1, visits)
			}
		case applied[name]:
			follow(t, root, value, depth+1, visits)
		case named[name]:
			for _, one := range members {
				follow(t, root, one, depth+1, visits)
			}
		case name == "$ref" && isText:
			target, ok := Resolve(root, ref, member)
			require.True(t, ok)
			follow(t, root, target, depth+1, visits)
		}
	}
}
