package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// validator checks arguments against a tool's input schema.
type validator struct {
	compile func() *jsonschema.Schema
}

// newValidator compiles the schema on first use: start-up is paid at every
// wake from zero.
func newValidator(raw json.RawMessage) validator {
	return validator{sync.OnceValue(func() *jsonschema.Schema {
		compiled, err := schema.Compile(context.Background(), raw)
		if err != nil {
			panic(fmt.Sprintf("compile input schema: %v", err))
		}
		return compiled
	})}
}

// read decodes arguments. It refuses, by a *fault.Invalid, those that are no JSON or
// cannot be stored as they are. It runs before loosen, which assumes JSON of bounded
// depth.
func read(arguments json.RawMessage) (any, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(arguments))
	if err != nil {
		return nil, fault.Invalidf("", "the arguments are not valid JSON: %v", err)
	}
	return value, storable(arguments, value)
}

// check returns a *fault.Invalid that names the first field which is wrong. One
// problem is enough: models fix what an error names and send the call again, and a
// list of problems often has one cause. It changes the value.
func (v validator) check(value any) error {
	compiled := v.compile()
	if err := checkLengths(compiled, value); err != nil {
		return err
	}
	for _, problem := range schema.Problems(compiled, withoutNulls(value)) {
		return fault.Invalidf(schema.Path(problem.Location), "%s", problem.Text)
	}
	return nil
}

// checkLengths refuses a list that is too long before its items are looked at:
// a list of 300,000 wrong items would make as many problems.
func checkLengths(compiled *jsonschema.Schema, value any) error {
	object, _ := value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(compiled.Properties)) {
		list, _ := object[name].([]any)
		if most := compiled.Properties[name].MaxItems; most != nil && len(list) > *most {
			return fault.Invalidf(name, "has %d items, at most %d are allowed", len(list), *most)
		}
	}
	return nil
}

// withoutNulls leaves out members that are null: many clients send every
// argument of a tool, null for what they do not set.
func withoutNulls(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	case map[string]any:
		for key := range v {
			if v[key] == nil {
				delete(v, key)
			} else {
				v[key] = withoutNulls(v[key])
			}
		}
	}
	return value
}

// storable refuses, by a *fault.Invalid, what JSON can say and a database or a
// float64 cannot hold: what would be stored is not what was sent. PostgreSQL's text
// has no NUL and no lone surrogates, its jsonb and Go's float64 no 1e400.
func storable(raw json.RawMessage, value any) error {
	if path, problem := unfit(value, nil); problem != "" {
		return fault.Invalidf(schema.Path(path), "%s", problem)
	}
	if loneSurrogate(raw) {
		return fault.Invalidf(schema.Path(surrogatePath(raw)), "contains half of a surrogate pair, which is no character; send whole characters")
	}
	return nil
}

// unfit returns the first place, in the order of names, of what cannot be held,
// and what is wrong with it.
func unfit(value any, path []string) ([]string, string) {
	if len(path) > bounds.MaxDepth {
		return path[:3], fmt.Sprintf("is nested more than %d deep", bounds.MaxDepth)
	}
	switch v := value.(type) {
	case json.Number:
		if err := bounds.Number(v); err != nil {
			return path, err.Error()
		}
	case string:
		if strings.ContainsRune(v, 0) {
			return path, "contains a NUL character, which cannot be stored; remove it"
		}
	case []any:
		for i := range v {
			if at, problem := unfit(v[i], append(path, strconv.Itoa(i))); problem != "" {
				return at, problem
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if strings.ContainsRune(key, 0) {
				return path, "has a name with a NUL character, which cannot be stored; remove it"
			}
			if at, problem := unfit(v[key], append(path, key)); problem != "" {
				return at, problem
			}
		}
	}
	return nil, ""
}

// loneSurrogate reports whether JSON escapes half of a surrogate pair. Decoding
// would replace it by U+FFFD without a word. It looks at the text of the JSON, the
// only place where the two are still distinguishable.
func loneSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		unit, ok := escaped(raw, i)
		if !ok || unit < 0xD800 || unit > 0xDFFF {
			continue
		}
		low, paired := escaped(raw, i+6)
		if unit >= 0xDC00 || !paired || raw[i+5] != '\\' || low < 0xDC00 || low > 0xDFFF {
			return true
		}
		i += 6 + 4
	}
	return false
}

// escaped is the code unit of the escape whose u stands at i.
func escaped(raw []byte, i int) (uint64, bool) {
	if i+5 > len(raw) || raw[i] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[i+1:i+5]), 16, 16)
	return unit, err == nil
}

// surrogatePath is where in valid JSON of bounded depth a lone surrogate is.
func surrogatePath(raw json.RawMessage) []string {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if loneSurrogate(object[name]) {
				return append([]string{name}, surrogatePath(object[name])...)
			}
		}
	} else if json.Unmarshal(raw, &list) == nil {
		for i := range list {
			if loneSurrogate(list[i]) {
				return append([]string{strconv.Itoa(i)}, surrogatePath(list[i])...)
			}
		}
	}
	return nil
}
