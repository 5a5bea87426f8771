// Package schema holds JSON values against JSON Schemas and says in words how
// they fall short.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Compile compiles a JSON Schema. It loads nothing from elsewhere.
func Compile(raw json.RawMessage) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	const name = "schema"
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	if err := compiler.AddResource(name, document); err != nil {
		return nil, err
	}
	return compiler.Compile(name)
}

// Problem is one way in which a value falls short.
type Problem struct {
	Location []string // from the root
	Text     string
}

var english = message.NewPrinter(language.English)

// Problems says how a value falls short of a schema, in the order of the
// places; nil when it does not.
func Problems(schema *jsonschema.Schema, value any) []Problem {
	var invalid *jsonschema.ValidationError
	if !errors.As(schema.Validate(value), &invalid) {
		return nil
	}
	all := leaves(invalid)
	slices.SortStableFunc(all, func(a, b Problem) int {
		return strings.Compare(strings.Join(a.Location, "."), strings.Join(b.Location, "."))
	})
	return all
}

func leaves(e *jsonschema.ValidationError) []Problem {
	if len(e.Causes) == 0 {
		return []Problem{{e.InstanceLocation, e.ErrorKind.LocalizedString(english)}}
	}
	var all []Problem
	for _, cause := range e.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}
