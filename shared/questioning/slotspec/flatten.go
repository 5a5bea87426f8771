package slotspec

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// view is a subschema with what it refers to and what it combines in one place. It
// is a copy as far as its own members go; the members' values are the document's
// and must not be changed. A view has no $ref, allOf, anyOf, and oneOf only as a
// list of options, each with a const.
type view struct {
	*object
	nullable bool // null is valid, so that leaving it open is an answer
	// variants are the shapes that the object may have, and tag the property that tells
	// them apart; none for most.
	variants []variant
	tag      string
}

// cannotAsk is the error for a part that is sound but no question can be made of.
// Where the part is optional it is set aside, with a warning. Where it is required,
// the whole document is refused with it: leaving it out would end in a report that
// does not satisfy the schema. A document that is not sound, such as a dangling
// reference, is an *Error without this wrapping, wherever it stands.
type cannotAsk struct{ problem *Error }

// Error is that of the problem.
func (c cannotAsk) Error() string { return c.problem.Error() }

// Unwrap gives the *Error.
func (c cannotAsk) Unwrap() error { return c.problem }

// cannot is a cannotAsk.
func cannot(path, format string, args ...any) error {
	return cannotAsk{errorf(path, format, args...).(*Error)} //nolint:errorlint // errorf makes one, unwrapped
}

// flatten puts $ref, allOf and the one alternative beside null into the schema that
// has them. Keywords of the schema itself win over those of what it refers to: a
// property's own title says more than that of a shared definition. This is not what
// JSON Schema means, where all of them apply; it is enough to word a question, and
// the report checks values against the document itself.
func (r *reader) flatten(path string, v any) (view, error) {
	o, ok := v.(*object)
	if !ok {
		return view{}, errorf(path, `must be a schema, such as {"type": "string"}`)
	}
	flat := view{object: o.clone()}
	flat.delete("$ref", "allOf", "anyOf", "oneOf")
	if err := flat.readNull(path); err != nil {
		return view{}, err
	}
	if o.has("$ref") {
		if err := r.refer(join(path, "$ref"), path, o.get("$ref"), &flat); err != nil {
			return view{}, err
		}
	}
	if o.has("allOf") {
		at := join(path, "allOf")
		all, err := listOf(at, o.get("allOf"), "schemas")
		if err != nil {
			return view{}, err
		}
		for i, one := range all {
			part, err := r.flatten(indexed(at, i), one)
			if err != nil {
				return view{}, err
			}
			flat.merge(part)
		}
	}
	for _, name := range []string{"anyOf", "oneOf"} {
		if o.has(name) {
			if err := r.alternatives(join(path, name), o.get(name), &flat); err != nil {
				return view{}, err
			}
		}
	}
	return flat, nil
}

// readNull takes null out of a list of types. Of several types one is chosen to ask
// for: the widest that holds every value of the others. Text holds every scalar, as
// whatever a person writes is text; a list or an object is not, and there is no
// single question for "a list or a number".
func (v *view) readNull(path string) error {
	list, ok := v.get("type").([]any)
	if !ok {
		return nil
	}
	names := []string{}
	for _, one := range list {
		name, ok := one.(string)
		if !ok {
			return errorf(join(path, "type"), "must be a type name or a list of them")
		}
		if name == "null" {
			v.nullable = true
		} else {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	switch names = slices.Compact(names); {
	case len(names) == 1:
		v.set("type", names[0])
	case slices.Equal(names, []string{"array", "string"}):
		v.set("type", "array") // a person gives any number of them
	case slices.Equal(names, []string{"integer", "number"}):
		v.set("type", "number")
	case slices.Contains(names, "string") && !slices.Contains(names, "object") && !slices.Contains(names, "array"):
		v.set("type", "string") // whatever is written is one
	default:
		return cannot(join(path, "type"), "must be one type (and null at most) to be asked for")
	}
	return nil
}

// refer adds what a reference leads to. Errors below carry the path of the
// referring schema, not that of the definition: the same definition may be fine
// elsewhere.
func (r *reader) refer(at, path string, ref any, flat *view) error {
	text, _ := ref.(string)
	target, ok := lookup(r.root, text)
	if !ok {
		return errorf(at, `%q is not a definition of this schema, such as "#/$defs/Name"`, text)
	}
	part, err := r.flatten(path, target)
	if err != nil {
		return err
	}
	name := text[strings.LastIndexByte(text, '/')+1:]
	if title, ok := part.get("title").(string); ok && letters(title) == letters(name) {
		part.delete("title") // a class's name; the property's own says more
	}
	if description, ok := part.get("description").(string); ok && (description == "An enumeration." || strings.Contains(description, "` scalar type represents ")) {
		part.delete("description") // pydantic 1 says so of every Enum, GraphQL of its scalars
		if name == "Int" {
			part.set("type", "integer")
		}
	}
	flat.merge(part)
	return nil
}

// merge takes over what a part says that is not said already. Properties and
// required names add up, as in allOf; of any other keyword the first counts.
func (v *view) merge(part view) {
	v.nullable = v.nullable || part.nullable
	if v.variants == nil {
		v.variants, v.tag = part.variants, part.tag
	}
	for _, m := range part.members {
		switch m.name {
		case "properties":
			of, ok := m.value.(*object)
			have, has := v.get("properties").(*object)
			if ok && has {
				have = have.clone()
				for _, p := range of.members {
					if !have.has(p.name) {
						have.set(p.name, p.value)
					}
				}
				v.set("properties", have)
				continue
			}
		case "required":
			more, ok := m.value.([]any)
			have, has := v.get("required").([]any)
			if ok && has {
				v.set("required", slices.Concat(have, more))
				continue
			}
		}
		if !v.has(m.name) {
			v.set(m.name, m.value)
		}
	}
}

// alternatives reads oneOf or anyOf: options, one schema beside null, or kinds of
// values of which one holds the others. anyOf and oneOf are read alike. They differ
// only in whether several alternatives may hold at once, which one answer cannot
// bring about for options and does not need to for types.
func (r *reader) alternatives(path string, raw any, flat *view) error {
	list, err := listOf(path, raw, "schemas")
	if err != nil {
		return err
	}
	var parts []view
	consts, requirements := 0, 0
	for i, one := range list {
		o, isObject := one.(*object)
		if isObject && isNever(o) {
			continue // zod's optional, within a union
		}
		if isObject && len(o.members) == 1 && o.has("required") {
			requirements++
			continue
		}
		part, err := r.flatten(indexed(path, i), one)
		if err != nil {
			return err
		}
		if part.isNull() {
			flat.nullable = true
			continue
		}
		if properties, ok := part.get("properties").(*object); ok && len(properties.members) == 0 && len(list) > 1 {
			continue // TypeScript's "a" | (string & {})
		}
		if _, ok := plainValue(part.get("const")); ok {
			consts++
		}
		parts = append(parts, part)
	}
	switch {
	case requirements == len(list) && requirements > 0:
		r.notes.add(path, "is set aside: the report says whether the values satisfy it")
		return nil
	case len(parts) == 0:
		return errorf(path, `must be options such as {"const": "a", "title": "A"}, or one type and null`)
	case consts == len(parts):
		titled := make([]any, len(parts))
		for i, part := range parts {
			titled[i] = part.object
		}
		flat.set("oneOf", titled)
		return nil
	case len(parts) == 1:
		flat.merge(parts[0])
		return nil
	}
	return r.union(path, parts, flat)
}

// isNull reports a schema that takes null only.
func (v view) isNull() bool {
	if v.get("type") == "null" || v.has("const") && v.get("const") == nil {
		return true
	}
	enum, ok := v.get("enum").([]any)
	return ok && len(enum) == 1 && enum[0] == nil
}

// union reads alternatives of several kinds. Enumerations unite to one. Scalars
// become the type that holds all of them. Text beside options makes it free text: a
// closed list would refuse answers that the schema takes. Dates with and without
// time are asked for as dates, which everybody can give. Objects and lists of
// different shapes cannot be asked for in one question, and which shape is meant is
// not ours to guess.
func (r *reader) union(path string, parts []view, flat *view) error {
	if list := oneOrMany(parts); list != nil {
		flat.merge(*list)
		return nil
	}
	if name, variants := r.variantsIn(path, parts, flat.get("discriminator")); name != "" {
		flat.tag, flat.variants = name, variants
		return nil
	}
	kinds := map[any]int{}
	formats := map[any]bool{}
	var options []any
	for _, part := range parts {
		if of := optionsIn(part); of != nil {
			options = append(options, of...)
			kinds["options"]++
			continue
		}
		kind := part.get("type")
		if kind == nil {
			kind = flat.get("type")
		}
		if kinds[kind]++; kind == "string" {
			formats[part.get("format")] = true
		}
	}
	switch {
	case kinds["options"] == len(parts):
		flat.set("oneOf", distinct(options))
	case kinds["options"]+kinds["string"]+kinds["number"]+kinds["integer"]+kinds["boolean"] < len(parts):
		return cannot(path, `has several kinds of values, of which one question cannot ask for the right one; name one of them, or give each a property of its own with "x-when"`)
	case kinds["string"] > 0:
		flat.set("type", "string") // whatever is written is one
		switch {
		case len(formats) == 1 && kinds["string"] == len(parts):
			flat.merge(parts[0])
		case len(formats) == 2 && formats["date"] && formats["date-time"] && kinds["string"] == len(parts):
			flat.set("format", "date")
		}
		if kinds["options"] > 0 {
			r.notes.add(path, "also takes text of one's own, so the options are not offered")
		}
	case kinds["number"]+kinds["integer"] == len(parts):
		flat.set("type", "number")
	default:
		return cannot(path, "has several kinds of values, and no type that all of them are; name one")
	}
	return nil
}

// oneOrMany is the list among a list and what it is a list of: "to" may be an address
// or several. A person gives any number of them.
func oneOrMany(parts []view) *view {
	if len(parts) != 2 {
		return nil
	}
	for i, list := range parts {
		items, ok := list.get("items").(*object)
		other := parts[1-i]
		if ok && list.get("type") == "array" && !other.has("properties") && items.get("type") != nil && items.get("type") == other.get("type") {
			return &list
		}
	}
	return nil
}

// distinct are options without those that several alternatives have.
func distinct(options []any) []any {
	seen := map[any]bool{}
	return slices.DeleteFunc(options, func(one any) bool {
		value, ok := plainValue(one.(*object).get("const"))
		again := ok && seen[value]
		seen[value] = true
		return again
	})
}

// fixed returns the one value that a schema takes. Agreeing to something, which
// generators write as const true, is not fixed: it is the person's to say. A fixed
// value needs no question; filler writes it into the report.
func (v view) fixed() (any, bool) {
	value, ok := plainValue(v.get("const"))
	if enum, isList := v.get("enum").([]any); isList && len(enum) == 1 {
		value, ok = plainValue(enum[0])
	}
	_, isBool := value.(bool)
	return value, ok && !isBool
}

// optionsIn returns the options of an enumeration as schemas with a const.
func optionsIn(v view) []any {
	if list, ok := v.get("oneOf").([]any); ok {
		return list
	}
	if _, ok := plainValue(v.get("const")); ok {
		return []any{v.object}
	}
	enum, ok := v.get("enum").([]any)
	if !ok {
		return nil
	}
	all := []any{}
	for _, value := range enum {
		all = append(all, &object{[]member{{"const", value}}})
	}
	if len(all) == 1 { // what is said of it is said of the option
		for _, name := range []string{"title", "description"} {
			if text, ok := v.get(name).(string); ok {
				all[0].(*object).set(name, text)
			}
		}
	}
	return all
}

// lookup finds what a reference within the document refers to. References to other
// documents are not followed: nothing is fetched on a caller's behalf.
func lookup(root any, ref string) (any, bool) {
	return bounds.Resolve(root, ref, func(at any, name string) (any, bool) {
		if o, ok := at.(*object); ok && o.has(name) {
			return o.get(name), true
		}
		return nil, false
	})
}
