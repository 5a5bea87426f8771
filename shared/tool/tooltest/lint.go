package tooltest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
)

// Lint says where a tool's declaration breaks a rule of a model provider or of the
// code that brings MCP tools to one. Each rule has its source beside it.
func Lint(declared mcp.Tool) []string {
	l := &linter{}
	// Anthropic and OpenAI take [a-zA-Z0-9_-]{1,64}; Gemini wants a letter or an
	// underscore first; Cursor counts the server's name in and warns above 60.
	if !regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_-]{0,39}$`).MatchString(declared.Name) {
		l.found("name", "%q is no name that every provider takes", declared.Name)
	}
	// OpenAI: a function's description has at most 1,024 characters.
	if n := len([]rune(declared.Description)); n == 0 || n > 1024 {
		l.found("description", "has %d characters", n)
	}
	input, output := l.parse("input", declared.RawInputSchema), l.parse("output", declared.RawOutputSchema)
	if input["type"] != "object" || input["properties"] == nil {
		// "input_schema does not support oneOf, allOf, or anyOf at the top level" (Anthropic);
		// "schema must have type 'object'" (OpenAI).
		l.found("input", "is no object with properties")
	}
	l.input("input", input, 0)
	if output["type"] != "object" {
		l.found("output", "is no object") // MCP: outputSchema has the type object at the top
	}
	l.output("output", output)
	return l.problems
}

type linter struct{ problems []string }

func (l *linter) found(path, format string, args ...any) {
	l.problems = append(l.problems, path+": "+fmt.Sprintf(format, args...))
}

func (l *linter) parse(path string, raw json.RawMessage) map[string]any {
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		l.found(path, "is no schema object: %v", err)
	}
	return schema
}

// inputKeywords are what every provider takes. Left out with a reason:
//   - $ref, $defs: not resolved by Gemini's function declarations before 2.5;
//   - anyOf, oneOf, allOf: Vertex AI wants any_of to be the only field of its schema
//     (lambda-alpha-labs/Graphenium #37, patlux/pi-commandcode-provider #103), and
//     LangChain's MCP adapter drops branches that are no objects, with their types;
//   - minimum, maximum, minItems, maxItems, minLength, maxLength, pattern: not taken
//     by Anthropic's strict tools;
//   - default, title, $schema, const, not: unknown to Gemini's Schema of OpenAPI, or to
//     OpenAI's strict mode.
var inputKeywords = []string{"type", "description", "properties", "required", "additionalProperties", "items", "enum"}

// maxLintDepth is OpenAI's: at first 5 levels in strict mode, 10 by now.
const maxLintDepth = 5

var propertyName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,63}$`) // Anthropic: ^[a-zA-Z0-9_.-]{1,64}$; Gemini: an identifier

func (l *linter) input(path string, schema map[string]any, depth int) {
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if !slices.Contains(inputKeywords, keyword) {
			l.found(path, "%s is not taken everywhere", keyword)
		}
	}
	if depth > maxLintDepth {
		l.found(path, "is nested more than %d deep", maxLintDepth)
		return
	}
	kind, ok := schema["type"].(string)
	if !ok {
		// Type lists: sst/opencode #48073, n8n #15553 (Gemini), docker/mcp-gateway #265,
		// tidewave #224 (OpenAI), cursor #3778. No type: gemini-cli leaves such a tool out
		// ("missing types in its parameter schema", google-gemini/gemini-cli #6718).
		l.found(path, "has no single type but %v", schema["type"])
	}
	if _, given := schema["enum"]; given {
		l.enum(path, kind, schema["enum"])
	}
	// "only allowed for OBJECT type" (anomalyco/opencode #11889).
	for keyword, of := range map[string]string{"properties": "object", "required": "object", "additionalProperties": "object", "items": "array"} {
		if _, given := schema[keyword]; given && kind != of {
			l.found(path, "%s is not for the type %s", keyword, kind)
		}
	}
	switch kind {
	case "object":
		l.object(path, schema, depth)
	case "array":
		// "array schema missing items" (OpenAI), "items: missing field" (Gemini).
		items, ok := schema["items"].(map[string]any)
		if !ok {
			l.found(path, "is an array without items")
			return
		}
		l.input(path+"[]", items, depth+1)
	}
}

func (l *linter) enum(path, kind string, values any) {
	list, _ := values.([]any)
	// "enum: only allowed for STRING type" (JetBrains/mcp-jetbrains #71); empty ones are refused as well.
	if kind != "string" || len(list) == 0 || slices.ContainsFunc(list, func(v any) bool { text, ok := v.(string); return !ok || text == "" }) {
		l.found(path, "has an enum that does not consist of strings")
	}
}

func (l *linter) object(path string, schema map[string]any, depth int) {
	properties, _ := schema["properties"].(map[string]any)
	if len(properties) == 0 {
		// "should be non-empty for OBJECT type" (Gemini; MarkusPfundstein/mcp-obsidian #21).
		l.found(path, "is an object without properties")
	}
	if more, given := schema["additionalProperties"]; given && more != false {
		// @openai/agents cannot make an object strict that is declared open, and older
		// Gemini clients fail on a schema there.
		l.found(path, "additionalProperties is not false")
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := properties[fmt.Sprint(name)]; !ok {
			l.found(path, "requires %v, which is no property", name) // "property is not defined" (Gemini)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		at := path + "." + name
		if !propertyName.MatchString(name) {
			l.found(at, "is no name that every provider takes")
		}
		property, ok := properties[name].(map[string]any)
		if !ok {
			l.found(at, "is a bare %v", properties[name])
			continue
		}
		l.input(at, property, depth+1)
	}
}

// output holds an output schema against the Inspector's --strict: every schema in
// it is an object that names one type.
func (l *linter) output(path string, schema map[string]any) {
	if _, ok := schema["type"].(string); !ok {
		l.found(path, "has no single type but %v", schema["type"])
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		l.outputPart(path+"."+name, properties[name])
	}
	if items, given := schema["items"]; given {
		l.outputPart(path+"[]", items)
	}
	if more, given := schema["additionalProperties"]; given && more != false {
		l.outputPart(path+".*", more)
	}
	for _, keyword := range []string{"$ref", "$defs", "anyOf", "oneOf", "allOf"} {
		if _, given := schema[keyword]; given {
			l.found(path, "%s is not taken everywhere", keyword)
		}
	}
}

func (l *linter) outputPart(path string, part any) {
	schema, ok := part.(map[string]any)
	if !ok {
		l.found(path, "is a bare %v", part)
		return
	}
	l.output(path, schema)
}
