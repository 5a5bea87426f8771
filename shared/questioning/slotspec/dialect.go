package slotspec

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// wrappers are members that hold the schema in what SDKs send: response formats of
// OpenAI (response_format.json_schema.schema), function definitions of OpenAI
// (function.parameters), tools of Anthropic (input_schema) and MCP (inputSchema), and
// response schemas of Gemini. Models often copy one whole where only the schema is
// wanted. The first that is present counts, so the outer wrappers may come last.
var wrappers = []string{"json_schema", "schema", "function", "parameters", "input_schema", "inputSchema",
	"response_format", "response_schema", "responseSchema", "jsonSchema"}

// unwrap returns the schema within a wrapper such as {name, strict, schema}, and
// its path.
func unwrap(o *object) (*object, string) {
	path := ""
	for range 3 { // {response_format: {json_schema: {schema}}}
		if isSchema(o) {
			break
		}
		inner := ""
		for _, name := range wrappers {
			if part, ok := o.get(name).(*object); ok && (isSchema(part) || slices.ContainsFunc(wrappers, part.has)) {
				inner = name
				break
			}
		}
		if inner == "" {
			break
		}
		o, path = o.get(inner).(*object), join(path, inner)
	}
	return o, path
}

// isSchema tells a JSON Schema from a map of names to types. A map of names to
// types may well have a slot called "type" or "definitions", so a keyword counts
// only with the kind of value that JSON Schema gives it: {"type": "object"} is a
// schema, {"type": "string", "size": "number"} is a map of two slots. "properties"
// counts whatever its value, so that a wrong one is reported as such.
func isSchema(o *object) bool {
	for _, m := range o.members {
		_, isObject := m.value.(*object)
		_, isList := m.value.([]any)
		text, isText := m.value.(string)
		switch m.name {
		case "properties", "$defs", "definitions", "components":
			if isObject || m.name == "properties" {
				return true
			}
		case "allOf", "anyOf", "oneOf":
			if isList {
				return true
			}
		case "$ref", "$schema", "openapi", "swagger":
			if isText {
				return true
			}
		case "type":
			if kind := strings.ToLower(text); isText && (kind == "object" || len(o.members) == 1) {
				return true
			}
			if text == "array" && o.has("items") {
				return true
			}
		}
	}
	return false
}

// fromMap makes a schema of a map such as {"budget": "number", "when": {"type":
// "date"}}. What a map names is required, as in a list; "string?" is not.
// Everything else is then read once, from a schema: a map has no reader of its own.
// Paths in errors are the map's, because it is what the caller wrote.
func fromMap(o *object) (*object, error) {
	if len(o.members) == 0 {
		return nil, errorf("", `needs "properties": an object of what is wanted`)
	}
	if len(o.members) > MaxSlots {
		return nil, errorf("", "has %d entries, at most %d can be asked for", len(o.members), MaxSlots)
	}
	properties, required := &object{}, []any{}
	for _, m := range o.members {
		name, optional := strings.CutSuffix(m.name, "?")
		property, isOptional, err := ofMap(m.name, m.value)
		if err != nil {
			return nil, err
		}
		if properties.has(name) {
			return nil, errorf(m.name, "is given twice")
		}
		properties.set(name, property)
		if !optional && !isOptional {
			required = append(required, name)
		}
	}
	return &object{[]member{{"type", "object"}, {"properties", properties}, {"required", required}}}, nil
}

// ofMap makes a schema of what a map has for a name: a type's name, a description
// in words, a list of options, a schema, or a further map. A single word that is
// not a type's name is an error rather than a description: "nubmer" is a typing
// error, and as a description it would turn a number into text without a warning.
func ofMap(path string, value any) (property *object, optional bool, err error) {
	switch v := value.(type) {
	case string:
		name, optional := strings.CutSuffix(strings.TrimSpace(v), "?")
		items, isList := strings.CutSuffix(name, "[]")
		switch _, known := typeNamed(items); {
		case known && isList:
			return &object{[]member{{"type", "array"}, {"items", &object{[]member{{"type", items}}}}}}, optional, nil
		case known:
			return &object{[]member{{"type", name}}}, optional, nil
		case strings.ContainsAny(strings.TrimSpace(v), " ?"): // what it is, in words
			return &object{[]member{{"type", "string"}, {"description", v}}}, false, nil
		}
		return nil, false, errorf(path, `%q is no type that is known; write string, number, integer, boolean, date, or a JSON Schema`, v)
	case []any:
		if len(v) > 0 && !slices.ContainsFunc(v, func(one any) bool { _, ok := plainValue(one); return !ok }) {
			return &object{[]member{{"enum", v}}}, false, nil
		}
	case *object:
		if isSchema(v) || slices.ContainsFunc(v.members, func(m member) bool { return keywords[m.name] }) {
			isOptional, _ := v.get("optional").(bool)
			needed, given := v.get("required").(bool)
			return v, isOptional || given && !needed, nil
		}
		nested, err := fromMap(v)
		if err != nil {
			return nil, false, within(path, err)
		}
		return nested, false, nil
	}
	return nil, false, errorf(path, `must be a type such as "number", a list of options, or a JSON Schema; what is wanted of a schema stands in "properties"`)
}

// keywords are what distinguishes a property's schema from a nested map of names:
// an object that has one of them as a member is a schema. At a document's
// root the same names are more likely to be slots, so isSchema takes fewer of them.
var keywords = map[string]bool{"type": true, "enum": true, "const": true, "format": true, "items": true, "description": true,
	"$ref": true, "options": true, "title": true, "label": true, "default": true, "nullable": true}

// namedType is a JSON Schema type and format.
type namedType struct{ kind, format string }

// typeNames are names for types that programs and models write, beside those of
// JSON Schema. They come from pydantic and zod (str, int, float), SQL and Java
// (long, decimal, timestamp), OpenAPI formats (int32, double), form builders
// (textarea, checkbox, yes/no) and what models invent. "any" leaves the type open.
var typeNames = map[string]namedType{
	"string": {"string", ""}, "str": {"string", ""}, "text": {"string", ""}, "textarea": {"string", ""}, "longtext": {"string", ""},
	"phone": {"string", ""}, "tel": {"string", ""}, "uuid": {"string", "uuid"}, "password": {"string", "password"},
	"integer": {"integer", ""}, "int": {"integer", ""}, "int32": {"integer", ""}, "int64": {"integer", ""}, "long": {"integer", ""},
	"number": {"number", ""}, "float": {"number", ""}, "double": {"number", ""}, "decimal": {"number", ""}, "currency": {"number", ""},
	"boolean": {"boolean", ""}, "bool": {"boolean", ""}, "checkbox": {"boolean", ""}, "yes/no": {"boolean", ""},
	"date": {"string", "date"}, "time": {"string", "time"}, "datetime": {"string", "date-time"}, "date-time": {"string", "date-time"},
	"timestamp": {"string", "date-time"}, "email": {"string", "email"}, "url": {"string", "uri"}, "uri": {"string", "uri"},
	"array": {"array", ""}, "list": {"array", ""}, "object": {"object", ""}, "any": {"", ""},
}

// typeNamed is the JSON Schema type of a name as programs and people write it.
func typeNamed(name string) (namedType, bool) {
	t, ok := typeNames[strings.ToLower(strings.TrimSpace(name))]
	return t, ok
}

// normalizer rewrites a schema in place, whatever dialect it is in, as one of
// JSON Schema 2020-12 that asks for the same and that a validator compiles. It
// follows no reference: its work is that of reading the document.
//
// After schema has returned without an error: types are lower case and those of
// JSON Schema, "required" is a list of names on the object, exclusive bounds are
// numbers, "nullable" and "$schema" are gone, tuples are in prefixItems, and
// patterns compile. The other files of the package rely on this and know no
// dialect.
type normalizer struct {
	notes    *notes
	patterns bounds.Patterns // counts the document's patterns, whose number and size are bounded
}

// Where a schema has subschemas: as one schema, as a list, or as a map by name.
// "items" is in two of them, since drafts before 2020-12 have tuples there. Keywords
// that hold no schema (enum, const, default, examples) must not be walked: what looks
// like a schema there is data, and rewriting it would change a value.
var (
	subschemas = []string{"items", "additionalProperties", "additionalItems", "contains", "not", "if", "then", "else",
		"propertyNames", "unevaluatedProperties", "unevaluatedItems"}
	subschemaLists = []string{"allOf", "anyOf", "oneOf", "prefixItems", "items"}
	subschemaMaps  = []string{"$defs", "definitions", "patternProperties", "dependentSchemas"}
)

// schema normalizes a schema and all below it. The steps depend on their order.
// Renaming comes first, because all others look for JSON Schema's names.
// collapseDecimal and mergeNull look at branches before these are normalized
// themselves. parts goes down before properties looks at the flags of the parts.
// nullable comes last: it wraps what all others have left.
func (n *normalizer) schema(path string, v any) error {
	o, ok := v.(*object)
	if !ok {
		return nil
	}
	// Serializers write absent keywords as null ("pattern": null), which JSON
	// Schema does not allow. For default and const null is a value.
	o.members = slices.DeleteFunc(o.members, func(m member) bool {
		return m.value == nil && m.name != "default" && m.name != "const"
	})
	n.rename(path, o)
	collapseDecimal(o)
	mergeNull(o)
	if err := n.parts(path, o); err != nil {
		return err
	}
	if properties, ok := o.get("properties").(*object); ok && len(properties.members) > MaxSlots {
		return errorf(join(path, "properties"), "has %d entries, at most %d can be asked for", len(properties.members), MaxSlots)
	}
	n.properties(path, o)
	n.tuple(o)
	n.draft4(o)
	if err := n.pattern(path, o); err != nil {
		return err
	}
	n.nullable(o)
	return nil
}

// parts normalizes what stands below a schema. The order of the lists above decides
// which of several errors is reported, so it is fixed, not that of a map.
func (n *normalizer) parts(path string, o *object) error {
	one := func(at string, v any) error { return n.schema(at, v) }
	for _, name := range subschemas {
		if err := one(join(path, name), o.get(name)); err != nil {
			return err
		}
	}
	for _, name := range subschemaLists {
		list, _ := o.get(name).([]any)
		for i := range list {
			if err := one(indexed(join(path, name), i), list[i]); err != nil {
				return err
			}
		}
	}
	maps := map[string]any{}
	for _, name := range append(subschemaMaps, "properties") {
		maps[name] = o.get(name)
	}
	if components, ok := o.get("components").(*object); ok {
		maps["components.schemas"] = components.get("schemas")
	}
	for _, name := range append(subschemaMaps, "properties", "components.schemas") {
		if all, ok := maps[name].(*object); ok {
			for _, m := range all.members {
				if err := one(join(join(path, name), m.name), m.value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// drafts are those of JSON Schema, and OpenAPI's. Draft 3 is read as draft 4, from
// which it differs in nothing that matters here: its boolean "required" of a
// property is a flag that generators write in any draft.
var drafts = regexp.MustCompile(`^https?://(json-schema\.org/(draft-0[3-7]/|draft/2019-09/|draft/2020-12/)?schema#?$|spec\.openapis\.org/)`)

// rename writes the keywords of JSON Schema for those of other dialects.
// Annotations of the wrong kind ("examples": "Paris", "deprecated": "yes") are
// dropped rather than refused: they ask for nothing, but a validator would not
// compile the schema.
func (n *normalizer) rename(path string, o *object) {
	if draft, _ := o.get("$schema").(string); draft != "" && !drafts.MatchString(draft) {
		n.notes.add(join(path, "$schema"), "is not known, so the schema is read as of draft 2020-12")
	}
	o.delete("$schema") // what follows is of 2020-12, where formats are annotations
	if _, isText := o.get("id").(string); isText {
		o.delete("id") // of draft 4, or metadata of zod's
	}
	for _, boolean := range []string{"readOnly", "writeOnly", "deprecated", "uniqueItems"} {
		if _, ok := o.get(boolean).(bool); !ok {
			o.delete(boolean)
		}
	}
	if _, ok := o.get("examples").([]any); !ok {
		o.delete("examples")
	}
	if label, ok := o.get("label").(string); ok {
		if !o.has("title") {
			o.set("title", label)
		} else if !o.has("description") {
			o.set("description", label)
		}
	}
	n.typeName(o)
	n.options(o)
	// The "min" and "max" of form builders and of zod mean a value for numbers and
	// a length for text. For a date they are neither, and are left alone.
	for _, bound := range [][3]string{{"min", "minimum", "minLength"}, {"max", "maximum", "maxLength"}} {
		number, ok := o.get(bound[0]).(json.Number)
		switch kind := o.get("type"); {
		case ok && (kind == "integer" || kind == "number"):
			o.set(bound[1], number)
		case ok && kind == "string" && !o.has("format"):
			o.set(bound[2], number)
		}
	}
}

// typeName writes type as JSON Schema does: Gemini's are in capitals, and people
// write "date" or "float". Form builders' names for choices leave no type: the
// options that stand beside them decide. A name that is not known is kept for
// schema.go to refuse, which knows whether anything needs it.
func (n *normalizer) typeName(o *object) {
	if list, ok := o.get("type").([]any); ok {
		for i, one := range list {
			if name, ok := one.(string); ok {
				list[i] = strings.ToLower(name)
			}
		}
		return
	}
	name, ok := o.get("type").(string)
	if !ok {
		return
	}
	lower := strings.ToLower(strings.TrimSpace(name))
	switch named, known := typeNamed(lower); {
	case lower == "choice" || lower == "enum" || lower == "select" || lower == "radio" || lower == "any" || known && named.kind == "":
		o.delete("type")
	case lower == "choices" || lower == "multiselect" || lower == "multi":
		o.set("type", "array")
	case known:
		o.set("type", named.kind)
		if named.format != "" && !o.has("format") {
			o.set("format", named.format)
		}
	case lower != name:
		o.set("type", lower)
	}
}

// options writes "options", "choices" and "values" as enum, or as oneOf with
// titles. An enumeration in JSON Schema's own words wins. The title form (oneOf of
// const and title) is what MCP's elicitation schema uses, and what titled reads. If
// any option has no value none is offered: a part of them would refuse valid
// answers.
func (n *normalizer) options(o *object) {
	for _, name := range []string{"options", "choices", "values"} {
		list, ok := o.get(name).([]any)
		if !ok || len(list) == 0 || o.has("enum") || o.has("oneOf") || o.has("anyOf") {
			continue
		}
		enum, titled := []any{}, []any{}
		for _, one := range list {
			value, title := optionOf(one)
			if value == nil {
				return
			}
			enum = append(enum, value)
			titled = append(titled, &object{[]member{{"const", value}, {"title", title}}})
		}
		of := o
		if o.get("type") == "array" {
			if o.has("items") {
				return
			}
			of = &object{}
			o.set("items", of)
		}
		if _, titles := list[0].(*object); titles {
			of.set("oneOf", titled)
		} else {
			of.set("enum", enum)
		}
		o.delete(name)
	}
}

// optionOf reads an option of a form library: a value, or {value, label}. The value
// is the member that programs use as such; an object with a label only has the
// label as its value.
func optionOf(one any) (value any, title string) {
	o, ok := one.(*object)
	if !ok {
		if _, ok := plainValue(one); ok {
			return one, ""
		}
		return nil, ""
	}
	for _, name := range []string{"title", "label", "name", "text", "description"} {
		if text, ok := o.get(name).(string); ok && title == "" {
			title = strings.TrimSpace(text)
		}
	}
	for _, name := range []string{"value", "const", "id", "key", "code"} {
		if v, ok := plainValue(o.get(name)); ok && v != nil {
			return o.get(name), title
		}
	}
	if title != "" {
		return title, ""
	}
	return nil, ""
}

// properties moves "required: true" of a property to its object, and leaves out
// what nobody can give. Draft 3, form builders and models write the flag on the
// property. A property's flag wins over the object's list where they differ, as it
// is the more specific. The flag is removed, since "required": true does not
// compile in later drafts.
func (n *normalizer) properties(path string, o *object) {
	properties, ok := o.get("properties").(*object)
	if !ok {
		if _, isBool := o.get("required").(bool); isBool && o.get("type") == "object" {
			o.delete("required")
		}
		return
	}
	if _, isBool := o.get("required").(bool); isBool {
		o.delete("required")
	}
	required, given := o.get("required").([]any)
	said := false // by properties
	var wanted, unwanted []string
	for _, m := range slices.Clone(properties.members) {
		property, ok := m.value.(*object)
		if !ok {
			continue
		}
		flag, isFlag := property.get("required").(bool)
		optional, _ := property.get("optional").(bool)
		if isFlag {
			property.delete("required")
		}
		switch {
		case property.get("readOnly") == true:
			n.notes.add(join(join(path, "properties"), m.name), "is read-only, so it is not asked for")
			fallthrough
		case isNever(property):
			properties.delete(m.name)
			unwanted = append(unwanted, m.name)
			continue
		case isFlag && flag:
			wanted = append(wanted, m.name)
		case isFlag || optional:
			unwanted = append(unwanted, m.name)
		}
		said = said || isFlag || optional
	}
	names := n.requiredNames(properties, required, given, wanted, unwanted, said)
	if given || said {
		o.set("required", names)
	}
}

// requiredNames are those of required and of the flags that properties have
// instead. A schema whose only word about it is "optional": true on some properties
// means that the rest is required; so is a list left out by mistake. With a list,
// or one "required": true, what is not named is optional, as JSON Schema has it.
func (n *normalizer) requiredNames(properties *object, required []any, given bool, wanted, unwanted []string, said bool) []any {
	names := []any{}
	for _, name := range required {
		if text, ok := name.(string); !ok || !slices.Contains(unwanted, text) {
			names = append(names, name)
		}
	}
	for _, m := range properties.members {
		// where properties say only what is optional, the others are required
		implied := said && !given && len(wanted) == 0 && !slices.Contains(unwanted, m.name)
		if (slices.Contains(wanted, m.name) || implied) && !slices.Contains(names, any(m.name)) {
			names = append(names, m.name)
		}
	}
	return names
}

// isNever says that a schema takes no value, as zod's never and undefined do. Both
// are written {"not": {}}: nothing is valid, so there is nothing to ask.
func isNever(o *object) bool {
	not, ok := o.get("not").(*object)
	return ok && len(not.members) == 0
}

// tuple writes a list of schemas, one for each place, as prefixItems. 2020-12 has
// "items" for the entries after the tuple only, where earlier drafts had
// additionalItems.
func (n *normalizer) tuple(o *object) {
	if places, ok := o.get("items").([]any); ok {
		o.delete("items")
		o.set("prefixItems", places)
		if more := o.get("additionalItems"); more != nil {
			o.set("items", more)
		}
	}
}

// draft4 writes exclusive bounds as numbers; draft 4 and OpenAPI 3.0 have them
// as flags beside minimum and maximum.
func (n *normalizer) draft4(o *object) {
	for _, names := range [][2]string{{"exclusiveMinimum", "minimum"}, {"exclusiveMaximum", "maximum"}} {
		exclusive, bound := names[0], names[1]
		flag, ok := o.get(exclusive).(bool)
		if !ok {
			continue
		}
		o.delete(exclusive)
		if flag && o.has(bound) {
			o.set(exclusive, o.get(bound))
			o.delete(bound)
		}
	}
}

// knownFormats say as much as the patterns that generators add to them. zod and
// pydantic write the regular expression they validate with beside the format, often
// with lookaround, which RE2 does not have. Dropping the pattern loses nothing
// then.
var knownFormats = []string{"date", "time", "date-time", "email", "uri", "idn-email", "iri", "url", "uuid", "guid", "duration",
	"ipv4", "ipv6", "hostname", "cuid", "cuid2", "ulid", "nanoid", "base64", "base64url", "jwt", "e164", "emoji"}

// pattern leaves out a pattern that RE2 does not have, where a format says the
// same. Patterns run on people's answers, so only RE2 will do: its time is linear
// in the input (https://swtch.com/~rsc/regexp/regexp1.html), and a caller's pattern
// cannot be made to backtrack.
func (n *normalizer) pattern(path string, o *object) error {
	text, ok := o.get("pattern").(string)
	if !ok {
		return nil
	}
	text = javaScript.ReplaceAllString(text, `\x{$1}`)
	err := n.patterns.Add(text) // compiles nothing
	format, _ := o.get("format").(string)
	switch {
	case err == nil:
		o.set("pattern", text)
	case slices.Contains(knownFormats, format):
		n.notes.add(join(path, "pattern"), "is set aside, since the format %s says as much: it %v", format, err)
		o.delete("pattern")
	case strings.Contains(err.Error(), "RE2"):
		return errorf(join(path, "pattern"), "%v; write it without lookaround and backreferences, leave it out, or give a format", err)
	default:
		return errorf(join(path, "pattern"), "%v", err)
	}
	return nil
}

// javaScript is how JavaScript escapes a character that RE2 writes \x{00e9}.
var javaScript = regexp.MustCompile(`\\u([0-9a-fA-F]{4})`)

// collapseDecimal leaves of a number or its text, as pydantic has a Decimal, the
// number. pydantic accepts "12.50" for 12.5, and people are asked for a number.
func collapseDecimal(o *object) {
	branches, ok := o.get("anyOf").([]any)
	if !ok || len(branches) < 2 {
		return
	}
	of := func(kind string) func(any) bool {
		return func(b any) bool { branch, ok := b.(*object); return ok && branch.get("type") == kind }
	}
	if of("number")(branches[0]) {
		o.set("anyOf", slices.DeleteFunc(slices.Clone(branches), of("string")))
	}
}

// mergeNull takes out of allOf what only adds null, as OpenAPI has to write a
// reference that may be null: beside the rest it would take nothing. In OpenAPI 3.0
// a reference allows no siblings, so generators write allOf: [{$ref}, {nullable:
// true}].
func mergeNull(o *object) {
	all, ok := o.get("allOf").([]any)
	if !ok {
		return
	}
	adds := func(one any) bool {
		part, ok := one.(*object)
		if !ok || len(part.members) != 1 {
			return false
		}
		types, _ := part.get("type").([]any)
		return part.get("nullable") == true || slices.Contains(types, any("null"))
	}
	if slices.ContainsFunc(all, adds) {
		o.set("allOf", slices.DeleteFunc(slices.Clone(all), adds))
		o.set("nullable", true)
	}
}

// nullable writes OpenAPI's nullable as a type. A type becomes a list of types. An
// enumeration gets null as a value. Beside a reference, a combination or a const a
// list of types would still refuse null, so null becomes an alternative to all of
// it.
func (n *normalizer) nullable(o *object) {
	nullable, ok := o.get("nullable").(bool)
	if !ok {
		return
	}
	o.delete("nullable")
	if !nullable {
		return
	}
	if enum, ok := o.get("enum").([]any); ok && !slices.Contains(enum, any(nil)) {
		o.set("enum", append(slices.Clone(enum), nil))
	}
	kind, typed := o.get("type").(string)
	if typed && !slices.ContainsFunc([]string{"$ref", "allOf", "anyOf", "oneOf", "const"}, o.has) {
		o.set("type", []any{kind, "null"})
		return
	}
	if branches, ok := o.get("anyOf").([]any); ok {
		o.set("anyOf", append(slices.Clone(branches), null()))
		return
	}
	inner := &object{}
	for _, name := range []string{"$ref", "allOf", "oneOf", "enum", "const", "type"} {
		if o.has(name) {
			inner.set(name, o.get(name))
			o.delete(name)
		}
	}
	if len(inner.members) > 0 {
		o.set("anyOf", []any{inner, null()})
	}
}

// null is the schema of null.
func null() *object { return &object{[]member{{"type", "null"}}} }
