// Package tool serves one MCP tool over HTTP. It knows nothing of what the tool does.
//
// A call passes these steps: the server parses the message, loosen reads arguments
// as models write them, the validator checks them against the schema, they are decoded
// into the tool's own type, and the tool's function runs. Failures become tool errors
// that a model can act on. Begin with Define.
package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/mark3labs/mcp-go/mcp"
	"go.opentelemetry.io/otel/trace"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// Definition declares a tool. Descriptions are short: every client pays for every
// word in its context. The three booleans are MCP's annotations; clients decide by
// them whether to ask the user before a call.
type Definition struct {
	Name        string
	Title       string
	Description string
	ReadOnly    bool // changes nothing
	Destructive bool // may erase or overwrite
	Idempotent  bool // the same call again changes nothing
	First       bool // what a new client calls
	Resumes     bool // what a client calls that returns to a conversation
	// Schemas are the JSON Schemas of types that cannot be inferred.
	Schemas map[reflect.Type]*jsonschema.Schema
	// Refine narrows or widens the inferred input schema to what is accepted.
	Refine func(input *jsonschema.Schema)
	// Declare turns what is accepted into what clients are shown. Models are shown
	// one form of each argument, by rules that every provider shares (see Lint);
	// more is accepted than that.
	Declare func(input *jsonschema.Schema)
	// Shapes read other forms of arguments, by name.
	Shapes map[string]Shape
}

// Rendered is a result that a person can read. The text goes to clients beside the
// structured content, and has to say as much: some hosts give the model only one of
// the two.
type Rendered interface{ Text() string }

// Warned is a result that says which arguments were taken differently from what
// was sent.
type Warned interface{ Warn(notes []string) }

// Tool is a tool's declaration and the function behind it. It is made once, at
// start, and safe for concurrent calls.
type Tool struct {
	Declaration mcp.Tool
	// Accepts and Returns are the JSON Schemas of arguments and results in full,
	// of which the declaration shows as much as a model needs.
	Accepts, Returns json.RawMessage
	// Asks says that the tool may ask the person before it ends.
	Asks bool
	// First says that it is what a new client calls, and Resumes that it is what a client
	// calls that returns to a conversation.
	First, Resumes bool
	// Call runs the tool on arguments as they were received. A *fault.Invalid says
	// what is wrong with them, a *fault.Unavailable that a repetition may succeed.
	Call func(ctx context.Context, arguments json.RawMessage) (*mcp.CallToolResult, error)
}

// Define ties a definition to a plain function. The schemas are inferred from
// In and Out: fields without omitempty are required. It panics when they
// cannot be, which is a mistake in the program.
func Define[In any, Out Rendered](d Definition, run func(context.Context, In) (Out, error)) Tool {
	t, decode := declare[In, Out](d)
	t.Call = func(ctx context.Context, arguments json.RawMessage) (*mcp.CallToolResult, error) {
		in, notes, err := decode(arguments)
		if err != nil {
			return nil, err
		}
		out, err := run(ctx, in)
		if err != nil {
			return nil, err
		}
		return structured(out, notes), nil
	}
	return t
}

// structured is a result with what was taken differently, in both of its forms:
// some hosts pass on only one.
func structured[Out Rendered](out Out, notes []string) *mcp.CallToolResult {
	text := out.Text()
	if len(notes) > 0 {
		if warned, ok := any(&out).(Warned); ok {
			warned.Warn(notes)
		}
		text += "\n\nTaken differently from what was sent: " + strings.Join(notes, "; ")
	}
	return mcp.NewToolResultStructured(out, text)
}

// declare makes a tool without its function, and what decodes its arguments. Both
// directions have two schemas: accepted and declared input, complete and outlined
// output. Each is inferred separately, because refining changes a schema in place.
func declare[In, Out any](d Definition) (Tool, func(json.RawMessage) (In, []string, error)) {
	accepts, declared := infer[In](d.Schemas), infer[In](d.Schemas)
	for _, input := range []*jsonschema.Schema{accepts, declared} {
		if d.Refine != nil {
			d.Refine(input)
		}
	}
	if d.Declare != nil {
		d.Declare(declared)
	}
	returns, outline := infer[Out](d.Schemas), infer[Out](d.Schemas)
	allowMore(returns) // a newer function may answer a client that knows an older schema
	allowMore(outline)
	outlined(outline)
	t := Tool{
		Declaration: mcp.Tool{
			Name: d.Name, Title: d.Title, Description: d.Description,
			RawInputSchema:  encodeSchema(declared),
			RawOutputSchema: encodeSchema(outline),
			Annotations:     annotations(d),
		},
		Accepts: encodeSchema(accepts), Returns: encodeSchema(returns),
		First: d.First, Resumes: d.Resumes,
	}
	return t, decoder[In](loosener{accepts, d.Shapes}, t.Accepts)
}

// annotations leaves out what is so by default: a tool is not taken to be read-only
// or idempotent, but to be destructive and open to the world (ToolAnnotations of the
// protocol's schema).
func annotations(d Definition) mcp.ToolAnnotation {
	hints := mcp.ToolAnnotation{OpenWorldHint: new(bool)}
	if d.ReadOnly {
		hints.ReadOnlyHint = &d.ReadOnly
	} else {
		hints.DestructiveHint = &d.Destructive // says nothing of a tool that only reads
	}
	if d.Idempotent {
		hints.IdempotentHint = &d.Idempotent
	}
	return hints
}

// decoder reads arguments that satisfy the schema once they are loosened, and
// says what was taken differently.
func decoder[In any](l loosener, schema json.RawMessage) func(json.RawMessage) (In, []string, error) {
	valid := newValidator(schema)
	return func(arguments json.RawMessage) (in In, notes []string, err error) {
		if len(arguments) == 0 {
			arguments = json.RawMessage("{}")
		}
		value, err := read(arguments)
		if err != nil {
			return in, nil, err
		}
		loosened, notes, err := l.loosen(arguments, value)
		if err != nil {
			return in, nil, err
		}
		if !bytes.Equal(loosened, arguments) {
			arguments = loosened
			if value, err = read(arguments); err != nil {
				return in, nil, err
			}
		}
		if err := valid.check(value); err != nil {
			return in, nil, err
		}
		if err := json.Unmarshal(arguments, &in); err != nil {
			var wrong *json.UnmarshalTypeError
			if errors.As(err, &wrong) {
				number, _ := strings.CutPrefix(wrong.Value, "number ")
				return in, nil, fault.Invalidf(wrong.Field, "%s cannot be taken; send a whole number in at most 18 digits", number)
			}
			return in, nil, fault.Invalidf("", "the arguments cannot be read")
		}
		return in, notes, nil
	}
}

// outlined leaves of an output schema the first level, which is what clients
// validate results by and models read: what is inside costs every client context
// and says little that the result itself does not. The API reference has it all.
func outlined(schema *jsonschema.Schema) {
	for name, property := range schema.Properties {
		if property.Type == "" && len(property.Types) == 0 {
			delete(schema.Properties, name) // a bare true, which strict clients refuse
			continue
		}
		property.Description = ""
		property.Properties, property.Required, property.AdditionalProperties = nil, nil, nil
		if property.Items != nil {
			property.Items = &jsonschema.Schema{Type: property.Items.Type}
		}
	}
}

// infer derives the schema of a type. Types that are part of the program cannot
// fail on input, hence the panic.
func infer[T any](types map[reflect.Type]*jsonschema.Schema) *jsonschema.Schema {
	schema, err := jsonschema.For[T](&jsonschema.ForOptions{TypeSchemas: types})
	if err != nil {
		panic(fmt.Sprintf("infer schema: %v", err))
	}
	forbidNull(schema)
	return schema
}

// forbidNull takes back that a slice may be null: what is not there is left out.
func forbidNull(schema *jsonschema.Schema) {
	if schema == nil {
		return
	}
	if len(schema.Types) == 2 && schema.Types[0] == "null" {
		schema.Type, schema.Types = schema.Types[1], nil
	}
	for _, property := range schema.Properties {
		forbidNull(property)
	}
	forbidNull(schema.Items)
	forbidNull(schema.AdditionalProperties)
}

// encodeSchema panics, for the same reason.
func encodeSchema(schema *jsonschema.Schema) json.RawMessage {
	data, err := json.Marshal(schema)
	if err != nil {
		panic(fmt.Sprintf("encode schema: %v", err))
	}
	return data
}

// allowMore removes "additionalProperties": false at every level.
func allowMore(schema *jsonschema.Schema) {
	if schema == nil {
		return
	}
	if schema.Properties != nil {
		schema.AdditionalProperties = nil
	}
	for _, property := range schema.Properties {
		allowMore(property)
	}
	allowMore(schema.Items)
	allowMore(schema.AdditionalProperties)
}

// handle runs a call: a failure the caller can act on is a tool error in words, never
// a broken call.
func (t Tool) handle(ctx context.Context, p *params) *mcp.CallToolResult {
	ctx, done := observe(ctx, t.Declaration.Name)
	result, err := t.run(ctx, p)
	done(ctx, err)
	if err != nil {
		return t.failure(ctx, err)
	}
	sayNext(ctx, result)
	return result
}

// run calls the tool. A panic is a failed call, not a failed process: other calls are
// in progress.
func (t Tool) run(ctx context.Context, p *params) (result *mcp.CallToolResult, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	if t.Asks {
		if ctx, err = withExchange(ctx, p); err != nil {
			return nil, err
		}
	}
	arguments := p.Arguments
	if isNull(arguments) {
		arguments = nil
	}
	return t.Call(ctx, arguments)
}

// RetryableKey marks, in a tool error's _meta, whether the same call may succeed
// later.
const RetryableKey = "sequential-questioning/retryable"

// StateRefusedKey marks, in a tool error's _meta, that the call's requestState does
// not open: whoever keeps it for the client has to drop it, as the same call would
// fail again.
const StateRefusedKey = "sequential-questioning/state_refused"

// failure words an error for the model. Only what a caller can act on is shown: the
// text of an internal error may contain anything, and goes to the log under the
// trace that the result names.
func (t Tool) failure(ctx context.Context, err error) *mcp.CallToolResult {
	var invalid *fault.Invalid
	var unavailable *fault.Unavailable
	var result *mcp.CallToolResult
	switch {
	case errors.Is(err, context.Canceled):
		slog.InfoContext(ctx, "call canceled", "tool", t.Declaration.Name)
		result = mcp.NewToolResultError("the call was cancelled; nothing was stored")
	case errors.As(err, &invalid):
		result = mcp.NewToolResultError(plain.Line(invalid.Error()))
	case errors.As(err, &unavailable):
		slog.WarnContext(ctx, "dependency unavailable", "tool", t.Declaration.Name, "error", err)
		result = mcp.NewToolResultErrorf("%s is not available at the moment. Repeat the same call in a few seconds; it will not be counted twice.", upperFirst(unavailable.What))
	default:
		slog.ErrorContext(ctx, "call failed", "tool", t.Declaration.Name, "error", err)
		result = mcp.NewToolResultErrorf("internal error, trace %s; nothing was stored", trace.SpanContextFromContext(ctx).TraceID())
	}
	meta := map[string]any{RetryableKey: unavailable != nil}
	if invalid != nil && invalid.Field == "requestState" {
		meta[StateRefusedKey] = true
	}
	result.Meta = mcp.NewMetaFromMap(meta)
	return result
}

func upperFirst(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
