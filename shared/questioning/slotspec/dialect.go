package slotspec

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// wrappers are members that hold the schema in what SDKs send: response formats of
// OpenAI (response_format.json_schema.schema), function definitions of OpenAI
// (function.parameters), tools of Anthropic (input_schema) and MCP (inputSchema), forms
// of MCP, response schemas of Gemini, and request bodies of OpenAPI. Models often copy
// one whole where only the schema is wanted. The first that is present counts, so the
// outer wrappers may come last.
var wrappers = []string{"json_schema", "schema", "function", "parameters", "input_schema", "inputSchema", "requestedSchema", "requested_schema",
	"response_format", "response_schema", "responseSchema", "jsonSchema", "requestBody", "content", "application/json", "params", "information_needed", "informationNeeded"}

// mapNames are members that hold a map of names to types.
var mapNames = []string{"information_needed", "informationNeeded", "slots", "fields", "questions", "inputs", "schema"}

// mostWrappers is how deep a schema may be wrapped: {requestBody: {content:
// {"application/json": {schema}}}} is the deepest that was seen.
const mostWrappers = 4

// unwrap returns the schema or the map within a wrapper such as {name, strict, schema},
// and its path.
func unwrap(o *object) (*object, string) {
	path := ""
	for range mostWrappers {
		if inner := beside(o); inner != nil {
			return inner, join(path, "schema")
		}
		if isSchema(o) {
			break
		}
		inner := ""
		for _, name := range wrappers {
			part := embedded(o, name)
			if part != nil && (isSchema(part) || slices.ContainsFunc(wrappers, part.has)) {
				inner = name
				break
			}
		}
		if inner == "" {
			break
		}
		o, path = o.get(inner).(*object), join(path, inner)
	}
	if isSchema(o) {
		return o, path
	}
	for _, name := range mapNames {
		if part, ok := o.get(name).(*object); ok && onlyAbout(o, name) {
			return part, join(path, name)
		}
	}
	return o, path
}

// beside is the schema of {dialect, schema, definitions}, as Effect has it, with the
// definitions that stand beside it; nil for another object.
func beside(o *object) *object {
	inner, ok := o.get("schema").(*object)
	definitions, defines := o.get("definitions").(*object)
	if !ok || !defines || !isSchema(inner) || o.has("properties") {
		return nil
	}
	inner = inner.clone()
	if !inner.has("definitions") {
		inner.set("definitions", definitions)
	}
	return inner
}

// embedded is the object that a member holds, also as JSON in a string, which it then
// replaces; nil where it holds none.
func embedded(o *object, name string) *object {
	if text, isText := o.get(name).(string); isText && strings.HasPrefix(strings.TrimSpace(text), "{") && bounds.JSON(context.Background(), []byte(text)) == nil {
		if value, err := parse([]byte(text)); err == nil {
			o.set(name, value)
		}
	}
	part, _ := o.get(name).(*object)
	return part
}

// abouts are members beside a list or a map of what is wanted that only say what it
// is for.
var abouts = []string{"title", "name", "description", "goal", "context", "message", "purpose", "instructions", "version", "id", "strict", "type"}

// onlyAbout reports an object that holds what is wanted in one member: the others say
// what it is for.
func onlyAbout(o *object, name string) bool {
	return !slices.ContainsFunc(o.members, func(m member) bool {
		_, isText := m.value.(string)
		_, isBool := m.value.(bool)
		return m.name != name && m.value != nil && !(slices.Contains(abouts, m.name) && (isText && !isTypeText(m.value) || isBool || m.value == "object"))
	})
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
	flags, isWanted := len(o.members) > 1 && allOfKind(o, func(v any) bool { _, is := v.(bool); return is }), true
	for _, m := range o.members {
		name, optional := strings.CutSuffix(m.name, "?")
		if strings.Contains(name, " ") { // "What is your name?" asks
			name, optional = m.name, false
		}
		if flags { // {"budget": true, "dates": true, "diet": false}
			m.value, isWanted = nil, m.value == true
		}
		property, isOptional, err := ofMap(m.name, name, m.value)
		if err != nil {
			return nil, err
		}
		if properties.has(name) {
			return nil, errorf(m.name, "is given twice")
		}
		properties.set(name, property)
		if !optional && !isOptional && isWanted {
			required = append(required, name)
		}
	}
	return &object{[]member{{"type", "object"}, {"properties", properties}, {"required", required}}}, nil
}

// ofMap makes a schema of what a map has for a name: a type in words, a description, a
// list of options, a schema, a further map, or an empty value as of a template to fill
// in. A single word that is not a type's name is an error rather than a description:
// "nubmer" is a typing error, and as a description it would turn a number into text
// without a warning. The name again is a label.
func ofMap(path, name string, value any) (property *object, optional bool, err error) {
	text := func() *object { return &object{[]member{{"type", "string"}}} }
	switch v := value.(type) {
	case nil:
		return text(), false, nil
	case bool:
		return &object{[]member{{"type", "boolean"}}}, false, nil
	case json.Number:
		return &object{[]member{{"type", "number"}}}, false, nil
	case string:
		if schema, optional, ok := typeText(v); ok {
			return schema, optional, nil
		}
		if inner := objectText(v); inner != nil {
			nested, err := fromMap(inner)
			return nested, false, within(path, err)
		}
		switch words := strings.TrimSpace(v); {
		case words == "":
			return text(), false, nil
		case strings.ContainsAny(words, " ?"), letters(words) == letters(name), isNumbered(name): // what it is, in words
			property := text()
			property.set("description", v)
			return property, false, nil
		}
		return nil, false, errorf(path, `%q is no type that is known; write string, number, integer, boolean, date, or a JSON Schema`, v)
	case []any:
		if len(v) == 0 {
			return &object{[]member{{"type", "array"}}}, false, nil
		}
		if items, ok := first(v).(*object); len(v) == 1 && (ok || isTypeText(v[0])) { // [{"name": "string"}], ["string"]
			var of any = items
			if !ok {
				of = v[0]
			}
			one, _, err := ofMap(path+"[0]", name, of)
			return &object{[]member{{"type", "array"}, {"items", one}}}, false, err
		}
		if !slices.ContainsFunc(v, func(one any) bool { _, ok := plainValue(one); return !ok }) {
			return &object{[]member{{"enum", v}}}, false, nil
		}
	case *object:
		if lower := lowerNames(v); !isProperty(v) && lower != nil { // {"Type": "string", "Required": true}
			v = lower
		}
		if isProperty(v) {
			isOptional, _ := v.get("optional").(bool)
			needed, given := truth(v.get("required"))
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

// lowerNames is a property whose keywords are written with capitals; nil for another
// object.
func lowerNames(o *object) *object {
	lower := &object{}
	for _, m := range o.members {
		name := strings.ToLower(m.name[:min(1, len(m.name))]) + m.name[min(1, len(m.name)):]
		if name == m.name || lower.has(name) || !(name == "type" || name == "required" || name == "optional" || words[name] || lists[name] || bound[name] || name == "default") {
			return nil
		}
		lower.set(name, m.value)
	}
	if !isTypeText(lower.get("type")) {
		return nil
	}
	return lower
}

// isNumbered reports the name of an entry that only counts: "1".
func isNumbered(name string) bool { return strings.Trim(name, "0123456789") == "" }

// isProperty distinguishes a property's schema from a nested map of names. A map may
// have slots by the names of keywords, {"title": "string", "author": "string"}, so a
// text counts as a keyword's only where it is no type. At a document's root the same
// names are more likely to be slots, so isSchema takes fewer of them.
func isProperty(o *object) bool {
	if isSchema(o) {
		return true
	}
	for _, m := range o.members {
		_, isObject := m.value.(*object)
		_, isList := m.value.([]any)
		_, isText := m.value.(string)
		switch {
		case isText && m.name == "type":
			if _, more := isNames(o); !more {
				return true
			}
		case isText && words[m.name]:
			if !isPlainType(m.value) {
				return true
			}
		case m.name == "items" && (isObject || isList), isList && lists[m.name]:
			return true
		case m.name == "required" || m.name == "optional" || m.name == "nullable":
			if _, given := truth(m.value); given {
				return true
			}
		case m.name == "const" && !isObject, (m.name == "default" || m.name == "example") && !isObject && !isPlainType(m.value):
			return true
		case bound[m.name]:
			if _, isNumber := m.value.(json.Number); isNumber {
				return true
			}
		}
	}
	return false
}

// isNames reports a map each of whose members is a type, and whether one of them is no
// keyword: {"type": "string", "size": "number"} has two slots.
func isNames(o *object) (all, more bool) {
	all = allOfKind(o, isTypeText)
	return all, all && slices.ContainsFunc(o.members, func(m member) bool { return m.name != "type" && m.name != "format" && !words[m.name] })
}

// The keywords that tell a property's schema, by what they hold.
var (
	words = map[string]bool{"title": true, "description": true, "label": true, "prompt": true, "question": true, "x-question": true, "format": true, "pattern": true,
		"$ref": true, "hint": true, "help": true, "placeholder": true}
	lists = map[string]bool{"enum": true, "options": true, "choices": true, "values": true, "oneOf": true, "anyOf": true, "allOf": true, "examples": true}
	bound = map[string]bool{"minimum": true, "maximum": true, "min": true, "max": true, "minLength": true, "maxLength": true, "minItems": true, "maxItems": true}
)

// isKeyword reports a name that JSON Schema or a dialect of it gives a meaning.
func isKeyword(name string) bool {
	return words[name] || lists[name] || bound[name] || slices.Contains(subschemas, name) || slices.Contains(subschemaMaps, name) ||
		slices.Contains([]string{"type", "const", "default", "example", "properties", "required", "optional", "nullable", "readOnly", "writeOnly", "discriminator"}, name) ||
		strings.HasPrefix(name, "x-") || strings.HasPrefix(name, "$")
}

// isPlainType reports a type that nobody writes for a title or a description.
func isPlainType(value any) bool {
	text, isText := value.(string)
	return isText && slices.Contains([]string{"string", "number", "integer", "boolean", "str", "int", "float", "bool"}, strings.TrimSuffix(text, "?"))
}

// truth reads true, "true", "yes" or 1, and their opposites.
func truth(value any) (is, given bool) {
	switch v := value.(type) {
	case bool:
		return v, true
	case json.Number:
		return v == "1", v == "1" || v == "0"
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true", "yes":
			return true, true
		case "false", "no":
			return false, true
		}
	}
	return false, false
}

// namedType is a JSON Schema type and format.
type namedType struct{ kind, format string }

// typeNames are names for types that programs and models write, beside those of
// JSON Schema, without what joins their words. They come from pydantic and zod (str,
// int, float), SQL and Java (long, decimal, timestamp), OpenAPI formats (int32, double),
// MongoDB, HTML and form builders (textarea, checkbox, yes/no) and what models invent.
// "any" leaves the type open.
var typeNames = typesNamed(map[namedType]string{
	{"string", ""}: "string str text textarea longtext shorttext freetext freeform open openended openquestion longanswer shortanswer paragraph input " +
		"phone tel telephone phonenumber objectid varchar char regexp literal " + nouns,
	{"string", "uuid"}:      "uuid guid",
	{"string", "password"}:  "password",
	{"integer", ""}:         "integer int int32 int64 uint uint32 uint64 long short bigint smallint wholenumber rating scale",
	{"number", ""}:          "number float float32 float64 double decimal decimal128 numeric currency money percentage percent real range slider",
	{"boolean", ""}:         "boolean bool checkbox yesno yesorno truefalse toggle switch",
	{"string", "date"}:      "date",
	{"string", "time"}:      "time",
	{"string", "date-time"}: "datetime timestamp datetimelocal isodatetime",
	{"string", "email"}:     "email emailaddress",
	{"string", "uri"}:       "url uri",
	{"string", "binary"}:    "file image upload blob binary uint8array",
	{"array", ""}:           "array list",
	{"object", ""}:          "object dict record map",
	{"", ""}:                "any unknown mixed",
})

// nouns are kinds of text that models name as a type, and that a map may as well have
// as a description.
const nouns = "name fullname address location city country color colour comment"

// typesNamed turns the names of each type around.
func typesNamed(of map[namedType]string) map[string]namedType {
	all := map[string]namedType{}
	for named, names := range of {
		for name := range strings.FieldsSeq(names) {
			all[name] = named
		}
	}
	return all
}

// joints are what joins the words of a name.
var joints = strings.NewReplacer(" ", "", "_", "", "-", "", "/", "")

// typeNamed is the JSON Schema type of a name as programs and people write it.
func typeNamed(name string) (namedType, bool) {
	t, ok := typeNames[joints.Replace(strings.ToLower(strings.TrimSpace(name)))]
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
	if isAny(o) {
		o.delete("$ref")
	}
	if path != "" && allOfKind(o, isTypeText) && !slices.ContainsFunc(o.members, func(m member) bool { return isKeyword(m.name) }) { // a map where a schema belongs
		if nested, err := fromMap(o); err == nil {
			o.members = nested.members
		}
	}
	n.rename(path, o)
	collapseDecimal(o)
	mergeNull(o)
	if err := n.parts(path, o); err != nil {
		return err
	}
	if properties, ok := o.get("properties").(*object); ok && len(properties.members) > MaxSlots {
		return errorf(join(path, "properties"), "has %d entries, at most %d can be asked for", len(properties.members), MaxSlots)
	}
	n.conditions(o)
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

// references writes references by $id and $anchor, and those to where no definition
// is, as ones that lead to it: TypeBox refers to "Cart", pydantic with a template to
// "#/components/schemas/Cart" while its definitions are in $defs. A name that several
// definitions have is left alone, to be refused.
func (n *normalizer) references(root *object) {
	named := map[string]string{} // pointers by what refers to them, "" where several would be meant
	add := func(name, pointer string) {
		if other, given := named[name]; given && other != pointer {
			pointer = ""
		}
		named[name] = pointer
	}
	base, _ := root.get("$id").(string)
	for _, at := range []string{"components/schemas", "$defs", "definitions"} {
		found, _ := lookup(root, "#/"+at)
		all, ok := found.(*object)
		if !ok {
			continue
		}
		for _, m := range all.members {
			pointer := "#/" + at + "/" + pointerName.Replace(m.name)
			add("/"+m.name, pointer)
			of, _ := m.value.(*object)
			if of == nil {
				continue
			}
			if id, ok := of.get("$id").(string); ok && id != "" {
				add(id, pointer)
				of.delete("$id")
			}
			if anchor, ok := of.get("$anchor").(string); ok {
				add("#"+anchor, pointer)
				of.delete("$anchor")
			}
		}
	}
	n.refer(root, root, base, named)
}

// pointerName escapes a name for a pointer (RFC 6901, section 3).
var pointerName = strings.NewReplacer("~", "~0", "/", "~1")

// refer rewrites the references below v.
func (n *normalizer) refer(root *object, v any, base string, named map[string]string) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			n.refer(root, one, base, named)
		}
	case *object:
		for _, m := range v.members {
			ref, isText := m.value.(string)
			if m.name != "$ref" || !isText {
				if !slices.Contains([]string{"enum", "const", "default", "examples"}, m.name) { // values, and no schemas
					n.refer(root, m.value, base, named)
				}
				continue
			}
			if rest, found := strings.CutPrefix(ref, base+"#"); found && base != "" {
				ref = "#" + rest
				v.set("$ref", ref)
			}
			if _, found := lookup(root, ref); found {
				continue
			}
			for _, name := range []string{ref, ref[strings.LastIndexByte(ref, '/')+1:], "/" + ref[strings.LastIndexByte(ref, '/')+1:]} {
				if pointer := named[name]; pointer != "" && !strings.Contains(ref, "://") {
					v.set("$ref", pointer)
					break
				}
			}
		}
	}
}

// drafts are those of JSON Schema, and OpenAPI's. Draft 3 is read as draft 4, from
// which it differs in nothing that matters here: its boolean "required" of a
// property is a flag that generators write in any draft.
var drafts = lazyregexp.New(`^https?://(json-schema\.org/(draft-0[3-7]/|draft/2019-09/|draft/2020-12/)?schema#?$|spec\.openapis\.org/)`)

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
	n.cut(path, o)
	refined(o)
	n.typeName(o)
	n.options(path, o)
	n.boundTexts(path, o)
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

// Titles and descriptions that Effect makes of a schema's refinements: maxItems(2), "a
// number between 0 and 120". They say what the bounds say, in the words of programs.
var (
	refinementTitle = lazyregexp.New(`^[a-z][A-Za-z]*(?:\(.*\))?$`)
	refinementWords = lazyregexp.New(`^an? (?:non[ -]?empty |positive |negative |non-positive |non-negative |trimmed )?(?:string|number|integer|array|boolean|bigint)\b`)
)

// refined drops them. The title alone could be anybody's; with a description of that
// kind, or arguments, it is not.
func refined(o *object) {
	title, _ := o.get("title").(string)
	description, _ := o.get("description").(string)
	made := refinementWords.MatchString(description)
	if refinementTitle.MatchString(title) && (made || strings.HasSuffix(title, ")")) {
		o.delete("title")
	}
	if made {
		o.delete("description")
	}
}

// cut shortens a title or description that is longer than a question can be. It is for
// people, who are told its beginning.
func (n *normalizer) cut(path string, o *object) {
	for _, text := range []struct {
		name string
		most int
	}{{"title", MaxTitle}, {"description", MaxDescription}} {
		if long, ok := o.get(text.name).(string); ok && utf8.RuneCountInString(long) > text.most {
			n.notes.add(join(path, text.name), "is cut to %d characters", text.most)
			o.set(text.name, plain.Excerpt(long, text.most))
		}
	}
}

// boundTexts writes bounds that are numbers in a string as numbers, and leaves out
// others, such as the dates between which a date has to be: a validator would not
// compile the schema.
func (n *normalizer) boundTexts(path string, o *object) {
	for _, m := range slices.Clone(o.members) {
		name := m.name
		text, isText := m.value.(string)
		if !isText || !bound[name] {
			continue
		}
		number := json.Number(strings.TrimSpace(text))
		if _, err := number.Float64(); err == nil && json.Valid([]byte(number)) {
			o.set(name, number)
		} else if kind := o.get("type"); kind == "string" {
			n.notes.add(join(path, name), "is set aside: only numbers have bounds")
			o.delete(name)
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
	source, _ := o.get("source").(string)
	switch named, known := typeNamed(lower); {
	case choiceName(lower) || known && named.kind == "":
		o.delete("type")
	case choicesName(lower), lower == "checkbox" && slices.ContainsFunc([]string{"options", "choices", "values", "enum"}, o.has):
		o.set("type", "array")
	case lower == "regexp" && source != "" && o.get("flags") == "": // of TypeBox
		o.set("type", "string")
		o.set("pattern", source)
	case known:
		o.set("type", named.kind)
		if named.format != "" && !o.has("format") {
			o.set("format", named.format)
		}
	case lower != name:
		o.set("type", lower)
	}
}

// choiceName and choicesName report the names that form builders have for one and for
// several of some options. They leave no type: the options beside them decide.
func choiceName(name string) bool {
	switch joints.Replace(strings.ToLower(name)) {
	case "choice", "enum", "select", "radio", "radiogroup", "dropdown", "singlechoice", "singleselect", "multiplechoice", "categorical", "selectone", "option":
		return true
	}
	return false
}

func choicesName(name string) bool {
	switch joints.Replace(strings.ToLower(name)) {
	case "choices", "multiselect", "multi", "multiple", "checkboxes", "selectmany", "selectmultiple", "checkboxgroup", "multichoice", "options":
		return true
	}
	return false
}

// options writes "options", "choices" and "values", and an enum of objects, as enum, or
// as oneOf with titles. An enumeration in JSON Schema's own words wins. The title form
// (oneOf of const and title) is what MCP's elicitation schema uses, and what titled
// reads. If any option has no value none is offered: a part of them would refuse valid
// answers. An enum without values says nothing, and one that repeats a value says it
// once.
func (n *normalizer) options(path string, o *object) {
	if enum, ok := o.get("enum").([]any); ok {
		switch {
		case len(enum) == 0:
			n.notes.add(join(path, "enum"), "is empty and set aside")
			o.delete("enum")
		case slices.ContainsFunc(enum, func(one any) bool { _, is := one.(*object); return is }) && !o.has("options"):
			if !slices.ContainsFunc(enum, func(one any) bool { value, _ := optionOf(one); return value == nil }) {
				o.delete("enum")
				o.set("options", enum)
			}
		default:
			if once := n.once(join(path, "enum"), enum); len(once) < len(enum) && !slices.ContainsFunc(titleKeywords, func(k titleKeyword) bool { return o.has(k.name) }) {
				o.set("enum", once)
			}
		}
	}
	for _, name := range []string{"options", "choices", "values"} {
		list, ok := o.get(name).([]any)
		if of, isMap := o.get(name).(*object); isMap && allOfKind(of, func(v any) bool { _, isText := v.(string); return isText }) {
			for _, m := range of.members { // {"s": "Small"}
				list = append(list, &object{[]member{{"const", m.name}, {"title", m.value}}})
			}
			ok = true
		}
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
		if o.get("type") == "array" || o.get("multiple") == true {
			if o.has("items") {
				return
			}
			of = &object{}
			o.set("type", "array")
			o.set("items", of)
		}
		if _, titles := list[0].(*object); titles {
			of.set("oneOf", titled)
		} else {
			of.set("enum", n.once(join(path, name), enum))
		}
		o.delete(name)
	}
}

// once are values without those that came before.
func (n *normalizer) once(path string, values []any) []any {
	seen := map[any]bool{}
	return slices.DeleteFunc(slices.Clone(values), func(one any) bool {
		value, plain := plainValue(one)
		again := plain && seen[value]
		if again {
			n.notes.add(path, "repeats the option %v, which counts once", value)
		}
		seen[value] = seen[value] || plain
		return again
	})
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
		return
	}
	required, given := o.get("required").([]any)
	said := false // by properties
	var wanted, unwanted []string
	for _, m := range slices.Clone(properties.members) {
		property, ok := m.value.(*object)
		if is, isBool := m.value.(bool); isBool { // any value, or none
			if !is {
				properties.delete(m.name)
				unwanted = append(unwanted, m.name)
			} else {
				properties.set(m.name, &object{})
			}
		}
		if !ok {
			continue
		}
		flag, isFlag := truth(property.get("required"))
		optional, _ := truth(property.get("optional"))
		if isFlag {
			property.delete("required")
			if names, ok := property.get(partsRequired).([]any); ok { // its own, of an object
				property.set("required", names)
			}
		}
		property.delete(partsRequired)
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
	if !given && !said {
		return
	}
	if _, isFlag := truth(o.get("required")); isFlag { // of this object, which the one around it reads
		o.set(partsRequired, names)
		return
	}
	o.set("required", names)
}

// partsRequired holds an object's list of required names as long as its own flag is in
// its place.
const partsRequired = "x-required-parts"

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
	return ok && (len(not.members) == 0 || isAny(not))
}

// anyType is what zod-to-json-schema refers to for any value where OpenAI's strict mode
// wants a type. The definition refers to itself.
const anyType = "/OpenAiAnyType"

// isAny reports a reference to it.
func isAny(o *object) bool {
	ref, _ := o.get("$ref").(string)
	return strings.HasSuffix(ref, anyType)
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
	if match := slashes.FindStringSubmatch(text); match != nil { // a literal of JavaScript
		if text = match[1]; strings.Contains(match[2], "i") {
			text = "(?i)" + text
		}
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
	case strings.Contains(err.Error(), "RE2") && foreign.MatchString(text):
		n.notes.add(join(path, "pattern"), "is set aside, and no answer is held against it: it %v; write it without lookaround and backreferences, or give a format", err)
		o.delete("pattern")
	default:
		return errorf(join(path, "pattern"), "%v", err)
	}
	return nil
}

// slashes is a regular expression between slashes, with flags that a schema can do
// without.
var slashes = lazyregexp.New(`^/(.+)/([gimsuy]*)$`)

// foreign is what other engines have and RE2 has not: lookaround, backreferences, and
// possessive or atomic groups. What else RE2 refuses is a mistake.
var foreign = lazyregexp.New(`\(\?(?:[=!>]|<[=!])|\\[1-9]|\\k<|\\[ucpPZzGR]|[*+?}]\+`)

// javaScript is how JavaScript escapes a character that RE2 writes \x{00e9}.
var javaScript = lazyregexp.New(`\\u([0-9a-fA-F]{4})`)

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
