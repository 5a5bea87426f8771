package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/sequential-questioning/sequential-questioning/functions/local"
)

// reference renders the tools as a page for people. It is made of the full schemas,
// which accept more than clients are shown. What a sentence can say of all tools is
// said once, above them.
func reference() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# API reference\n\nGenerated from the tools' definitions by `make generate`; do not edit.\n\n" +
		"The tables list all accepted arguments and all result fields. The schemas that clients see are smaller, so that every model provider accepts them, and arguments may also come in other forms: see [Arguments](asking.md#arguments).\n\n" +
		"Every tool returns `structuredContent` that matches its output schema, and a readable text. " +
		"An invalid request returns a tool error (`isError`) that names the field and the expected value; nothing is stored.\n")
	for _, t := range local.ToolFunctions {
		var input, output jsonschema.Schema
		if err := json.Unmarshal(t.Accepts, &input); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Tool.Name, err)
		}
		if err := json.Unmarshal(t.Returns, &output); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Tool.Name, err)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", t.Tool.Name, t.Tool.Description)
		fmt.Fprintf(&b, "Function `%s`; read-only: %s; idempotent: %s; destructive: %s.\n", t.Name,
			yes(t.Tool.Annotations.ReadOnlyHint), yes(t.Tool.Annotations.IdempotentHint), yes(t.Tool.Annotations.DestructiveHint))
		b.WriteString("\n### Input\n\n")
		table(&b, &input)
		b.WriteString("\n### Output\n\n")
		table(&b, &output)
	}
	return b.Bytes(), nil
}

// yes words a hint; a tool that does not give one promises nothing.
func yes(hint *bool) string {
	if hint != nil && *hint {
		return "yes"
	}
	return "no"
}

// table writes a schema's fields, nested ones by their path. The third column only says
// whether a field is required, and needs no title.
func table(b *bytes.Buffer, schema *jsonschema.Schema) {
	b.WriteString("| field | type | | description |\n| --- | --- | --- | --- |\n")
	rows(b, "", schema)
}

// rows writes a row for each field, by name, and then those of what it holds: [] are
// the items of a list, * any key of a map. Sorting makes two runs alike; a vertical bar
// would end the cell.
func rows(b *bytes.Buffer, prefix string, schema *jsonschema.Schema) {
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		field := schema.Properties[name]
		needed := ""
		if slices.Contains(schema.Required, name) {
			needed = "required"
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s | %s |\n", prefix, name, kind(field), needed, strings.ReplaceAll(field.Description, "|", "\\|"))
		switch {
		case field.Items != nil:
			rows(b, prefix+name+"[].", field.Items)
		case field.AdditionalProperties != nil && field.AdditionalProperties.Items != nil:
			rows(b, prefix+name+".*[].", field.AdditionalProperties.Items)
		default:
			rows(b, prefix+name+".", field)
		}
	}
}

// kind words a field's type. Null is left out: every field that is not required may be.
// A list of values says more than their type and stands in its place.
func kind(s *jsonschema.Schema) string {
	types := slices.DeleteFunc(slices.Clone(s.Types), func(t string) bool { return t == "null" })
	if s.Type != "" {
		types = []string{s.Type}
	}
	text := strings.Join(types, " or ")
	switch {
	case text == "":
		text = "any"
	case s.Format != "":
		text += ", " + s.Format
	}
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			values[i] = fmt.Sprintf("`%v`", v)
		}
		text = strings.Join(values, ", ")
	}
	if s.Minimum != nil && s.Maximum != nil {
		text += fmt.Sprintf(", %v to %v", *s.Minimum, *s.Maximum)
	}
	return text
}
