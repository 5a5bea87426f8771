package slotspec

import "slices"

// What a schema wants in a case only is written as if and then: with pets, the kind of
// pet. conditions gives such parts to the object as properties that apply in that case.
// The schema keeps if and then for the report, which holds its values against them.

// Marks that the reader looks for: of a property that is required where it applies, and
// of an object all of whose conditions choose what is asked.
const (
	requiredThere  = "x-required-there"
	conditionsRead = "x-conditions-read"
)

// conditions reads if, then and else of an object, and those in its allOf.
func (n *normalizer) conditions(o *object) {
	all, _ := o.get("allOf").([]any)
	some, read := false, true
	for _, one := range append([]any{o}, all...) {
		if of, ok := one.(*object); ok && of.has("if") && (of == o || ofCondition(of)) {
			some = true
			read = o.adopt(of) && read
		}
	}
	if some && read {
		o.set(conditionsRead, true)
	}
}

// ofCondition reports a part of allOf that is a condition and nothing else.
func ofCondition(o *object) bool {
	return !slices.ContainsFunc(o.members, func(m member) bool { return m.name != "if" && m.name != "then" && m.name != "else" })
}

// adopt takes over what a condition asks for, and reports whether that is all of it: the
// condition has to be about one property, and its cases about what no other part has.
func (o *object) adopt(condition *object) bool {
	slot, values := equals(condition.get("if"))
	if slot == "" {
		return false
	}
	whole := o.take(condition.get("then"), slot, values)
	if !condition.has("else") {
		return whole
	}
	others := o.othersOf(slot, values)
	return others != nil && o.take(condition.get("else"), slot, others) && whole
}

// equals is the property that a schema holds to a value or to some, alone.
func equals(schema any) (slot string, values []any) {
	of, ok := schema.(*object)
	if !ok || slices.ContainsFunc(of.members, func(m member) bool { return m.name != "properties" && m.name != "required" && m.name != "type" }) {
		return "", nil
	}
	properties, ok := of.get("properties").(*object)
	if !ok || len(properties.members) != 1 {
		return "", nil
	}
	property, ok := properties.members[0].value.(*object)
	if !ok {
		return "", nil
	}
	values, _ = property.get("enum").([]any)
	if property.has("const") {
		values = []any{property.get("const")}
	}
	if len(values) == 0 || slices.ContainsFunc(values, func(v any) bool { _, plain := plainValue(v); return !plain }) {
		return "", nil
	}
	return properties.members[0].name, values
}

// othersOf are the other values that a property may have, nil where they are not known.
func (o *object) othersOf(slot string, values []any) []any {
	properties, ok := o.get("properties").(*object)
	if !ok {
		return nil
	}
	property, ok := properties.get(slot).(*object)
	if !ok {
		return nil
	}
	all, _ := property.get("enum").([]any)
	if property.get("type") == "boolean" {
		all = []any{true, false}
	}
	return slices.DeleteFunc(slices.Clone(all), func(v any) bool { return slices.Contains(values, v) || v == nil })
}

// take gives the properties of a case to the object, for when a slot has one of the
// values, and reports whether the case has nothing else.
func (o *object) take(schema any, slot string, values []any) bool {
	of, ok := schema.(*object)
	if !ok {
		return schema == nil
	}
	whole := !slices.ContainsFunc(of.members, func(m member) bool { return m.name != "properties" && m.name != "required" && m.name != "type" })
	properties, _ := o.get("properties").(*object)
	more, _ := of.get("properties").(*object)
	if properties == nil || more == nil {
		return false
	}
	required, _ := of.get("required").([]any)
	for _, m := range more.members {
		property, ok := m.value.(*object)
		if !ok || properties.has(m.name) {
			whole = false
			continue
		}
		property = property.clone()
		property.set("x-when", &object{[]member{{"slot", slot}, {"in", values}}})
		if slices.Contains(required, any(m.name)) {
			property.set(requiredThere, true)
		}
		properties.set(m.name, property)
	}
	return whole && !slices.ContainsFunc(required, func(name any) bool { text, _ := name.(string); return !more.has(text) })
}
