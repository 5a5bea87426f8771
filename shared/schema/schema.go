// Package schema checks JSON values against JSON Schemas and says in words how they
// fall short. Schemas are within the bounds of package bounds, so compiling one from
// an untrusted caller is safe.
package schema

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// name is what a schema is called while it is compiled. It is no path of this
// machine, and nothing is loaded from there.
const name = "urn:schema"

// Compile compiles a JSON Schema that is within the bounds. It loads nothing
// from elsewhere. What is wrong with the schema is a *bounds.Error.
func Compile(ctx context.Context, raw json.RawMessage) (*jsonschema.Schema, error) {
	compiled, _, err := CompileSized(ctx, raw)
	return compiled, err
}

// bytesPerByte is about how many bytes a schema takes, compiled, for each that it is
// written in.
const bytesPerByte = 40

// CompileSized is Compile for who keeps what it compiles. size is about how many bytes
// that takes.
func CompileSized(ctx context.Context, raw json.RawMessage) (compiled *jsonschema.Schema, size int, err error) {
	if err := bounds.Schema(ctx, raw); err != nil {
		return nil, 0, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, 0, bounds.Errorf("", "is not valid JSON: %v", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	var patterns bounds.Patterns
	compiler.UseRegexpEngine(engine(&patterns))
	if err := compiler.AddResource(name, document); err != nil {
		return nil, 0, readable(err)
	}
	compiled, err = compiler.Compile(name)
	if err != nil {
		return nil, 0, readable(err)
	}
	return compiled, bytesPerByte*len(raw) + patterns.Bytes(), nil
}

// engine compiles the regular expressions of one schema, each once and no more
// of them than the bounds allow: a validator also compiles those of definitions
// that nothing refers to.
func engine(patterns *bounds.Patterns) jsonschema.RegexpEngine {
	compiled := map[string]*regexp.Regexp{}
	return func(expression string) (jsonschema.Regexp, error) {
		if known := compiled[expression]; known != nil {
			return known, nil
		}
		if err := patterns.Add(expression); err != nil {
			return nil, err
		}
		made, err := bounds.Compile(expression)
		compiled[expression] = made
		return made, err
	}
}

// readable says what is wrong with a schema in words of ours: those of the
// validator name places on this machine.
func readable(err error) error {
	var form *jsonschema.SchemaValidationError
	var invalid *jsonschema.ValidationError
	var pattern *jsonschema.InvalidRegexError
	var draft *jsonschema.UnsupportedDraftError
	var meta *jsonschema.InvalidMetaSchemaURLError
	var vocabulary *jsonschema.UnsupportedVocabularyError
	if errors.As(err, &form) {
		err = form.Err
	}
	switch {
	case errors.As(err, &invalid):
		problem := slices.MinFunc(leaves(invalid), byLocation)
		return bounds.Errorf(Path(problem.Location), "%s", problem.Text)
	case errors.As(err, &pattern):
		return bounds.Errorf("", "has the regular expression %q, which %v", pattern.Regex, pattern.Err)
	case errors.As(err, &draft), errors.As(err, &meta), errors.As(err, &vocabulary), isLoad(err):
		return bounds.Errorf("$schema", "is not known; leave it out, or name a draft of JSON Schema such as https://json-schema.org/draft/2020-12/schema")
	}
	return bounds.Errorf("", "is not a JSON Schema: an id, an anchor or a reference in it cannot be used")
}

// isLoad says that a reference leads out of the schema, which is never followed.
func isLoad(err error) bool {
	var load *jsonschema.LoadURLError
	var scheme *jsonschema.UnsupportedURLSchemeError
	return errors.As(err, &load) || errors.As(err, &scheme)
}

// Problem is one way in which a value falls short.
type Problem struct {
	Location []string // from the root
	Text     string
}

var english = message.NewPrinter(language.English)

// Problems says how a value falls short of a schema, in the order of the places;
// nil when it does not. The number of problems is not bounded here; it is at most
// that of the value's parts times the schema's.
func Problems(schema *jsonschema.Schema, value any) []Problem {
	var invalid *jsonschema.ValidationError
	if !errors.As(schema.Validate(value), &invalid) {
		return nil
	}
	all := leaves(invalid)
	slices.SortStableFunc(all, byLocation)
	return all
}

// byLocation orders problems as their places stand in the document.
func byLocation(a, b Problem) int {
	return strings.Compare(strings.Join(a.Location, "."), strings.Join(b.Location, "."))
}

// Path renders a location as answers[0].value.
func Path(location []string) string {
	var b strings.Builder
	for _, part := range location {
		if _, err := strconv.Atoi(part); err == nil {
			fmt.Fprintf(&b, "[%s]", part)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

// leaves are the problems themselves, without those that only say that something
// below is wrong.
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
