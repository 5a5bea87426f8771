package slotspec

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// setAt sets the value at the end of the steps, making what leads there. It returns
// the root to keep, which is another one if at was nil or a list that had to grow.
// Entries of a list that were skipped are empty objects: an entry may have only
// optional parts, none of them answered.
func setAt(at any, steps []step, value any) any {
	if len(steps) == 0 {
		return value
	}
	if next := steps[0]; next.index > 0 {
		list, _ := at.([]any)
		for len(list) < next.index {
			list = append(list, map[string]any{})
		}
		list[next.index-1] = setAt(list[next.index-1], steps[1:], value)
		return list
	}
	object, ok := at.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	object[steps[0].name] = setAt(object[steps[0].name], steps[1:], value)
	return object
}

// grow makes the list at the end of the steps have n entries at least. The person's
// count is honoured also for entries of which nothing else is known; a count of 0
// is an empty list, not a missing one.
func grow(root any, steps []step, n int) any {
	if n > 0 {
		return setAt(root, append(slices.Clip(steps), step{index: n}), map[string]any{})
	}
	return setAt(root, steps, []any{})
}

// numbers turns the entries of a list that are numbers, written as such and nothing
// else, into numbers. "12 kg" stays text: a report that drops the unit would say
// something else.
func numbers(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	all := slices.Clone(list)
	for i, one := range list {
		text, ok := one.(string)
		if !ok {
			continue
		}
		if n, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			all[i] = n
		}
	}
	return all
}

// filler adds what is required and nobody has to say.
//
// These are values that the schema fixes by const, and null where it is allowed and
// nothing was said. So a complete conversation satisfies its schema, and an
// incomplete one does not look as if it did.
type filler struct {
	reader   *reader
	complete bool
}

// fill adds to an object what its schema fixes, and says whether it has all that is
// required. An optional object is completed only if the person said something of
// it, while a required one may consist of fixed values alone.
func (f filler) fill(v view, into map[string]any) bool {
	for _, of := range v.variants {
		if into[v.tag] == of.tag {
			f.fill(of.view, into)
		}
	}
	properties, _ := v.get("properties").(*object)
	if properties == nil {
		return true
	}
	names, _ := stringsOf("", v.get("required"))
	whole := true
	for _, m := range properties.members {
		property, err := f.reader.flatten("", m.value)
		if err != nil {
			continue
		}
		required := slices.Contains(names, m.name)
		switch has := into[m.name].(type) {
		case map[string]any:
			whole = f.fill(property, has) && whole
		case []any:
			f.fillEntries(property, has)
		case nil:
			if _, given := into[m.name]; !given && required {
				whole = f.missing(m.name, property, into) && whole
			}
		}
	}
	return whole
}

// fillEntries adds to each object of a list what its schema fixes.
func (f filler) fillEntries(v view, list []any) {
	item, err := f.reader.flatten("", v.get("items"))
	if err != nil {
		return
	}
	for _, one := range list {
		if entry, ok := one.(map[string]any); ok {
			f.fill(item, entry)
		}
	}
}

// missing adds a required member that has no value, where that is not the
// person's to say.
func (f filler) missing(name string, v view, into map[string]any) bool {
	if fixed, ok := v.fixed(); ok {
		into[name] = fixed
		return true
	}
	if v.has("properties") {
		if inner := (map[string]any{}); f.fill(v, inner) && len(inner) > 0 {
			into[name] = inner
			return true
		}
	}
	if v.nullable && f.complete {
		into[name] = nil
		return true
	}
	return false
}
