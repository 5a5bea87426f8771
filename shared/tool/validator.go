package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
)

// validator holds arguments against a tool's input schema.
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

// check returns a *fault.Invalid that names the first field which is wrong.
func (v validator) check(arguments json.RawMessage) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(arguments))
	if err != nil {
		return fault.Invalidf("", "the arguments are not valid JSON: %v", err)
	}
	if path, found := findNUL(value, nil); found {
		return fault.Invalidf(schema.Path(path), "contains a NUL character, which cannot be stored; remove it")
	}
	for _, problem := range schema.Problems(v.compile(), withoutNulls(value)) {
		return fault.Invalidf(schema.Path(problem.Location), "%s", problem.Text)
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

// findNUL returns the place of a string that PostgreSQL cannot hold.
func findNUL(value any, path []string) ([]string, bool) {
	switch v := value.(type) {
	case string:
		return path, strings.ContainsRune(v, 0)
	case []any:
		for i := range v {
			if at, found := findNUL(v[i], append(path, strconv.Itoa(i))); found {
				return at, true
			}
		}
	case map[string]any:
		for key := range v {
			if strings.ContainsRune(key, 0) {
				return path, true
			}
			if at, found := findNUL(v[key], append(path, key)); found {
				return at, true
			}
		}
	}
	return nil, false
}
