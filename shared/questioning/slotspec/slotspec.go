// Package slotspec reads what a caller wants gathered into slots: a JSON Schema as
// generators of several dialects write it, a map of names to types, or a short
// list. It also puts what was gathered back into the caller's shape.
//
// A document goes one way: tree reads JSON and keeps its order; dialect rewrites
// whatever was sent as JSON Schema 2020-12; flatten puts what a schema refers to
// and combines in one place; options, schema and list make slots of it, each of
// which slot finishes and checks; values leads back. Begin with Read.
//
// The package decides what can be asked for and refuses the rest, by path and with a
// remedy; it does not choose questions or read answers. It does no I/O and keeps no
// state between calls.
package slotspec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// Spec is what a caller wants gathered. It is read-only after Read, and safe for
// concurrent use.
type Spec struct {
	Slots []questioning.Slot // in the order given
	// Warnings say, by path, what was set aside because nobody can be asked for
	// it or held to it. They are at most a dozen and one.
	Warnings []string
	// Schema is information_needed as JSON Schema of draft 2020-12, whatever
	// dialect it was written in; nil for a list. Values satisfies it where
	// everything that is required was answered.
	Schema json.RawMessage

	reader *reader // nil for slots that were not read from a document
}

// Read turns information_needed into slots, which it returns with an error about
// their conditions too. The error is an *Error, or that of ctx when the caller has
// gone. Work is bounded before it is done, see package bounds. The same document
// always gives the same slots in the same order: the report reads it again to put
// values into its shape.
func Read(ctx context.Context, raw []byte) (Spec, error) {
	wanted, err := readDocument(ctx, bytes.TrimSpace(raw))
	if err == nil {
		err = checkConditions(wanted.Slots)
	}
	return wanted, err
}

// readDocument is Read without the check of conditions. The slots are made plain
// last: titles and options end up in texts that a model reads, where control
// characters could pass for instructions.
func readDocument(ctx context.Context, raw []byte) (Spec, error) {
	if len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
		return Spec{}, errorf("", `must be a JSON Schema object with "properties", or a list such as ["budget", {"key": "deadline", "type": "date"}]`)
	}
	if err := bounds.JSON(ctx, raw); err != nil {
		return Spec{}, err
	}
	document, err := parse(raw)
	if err != nil {
		return Spec{}, err
	}
	var w Spec
	said := &notes{}
	if list, whole := listIn(document, said); whole == nil {
		w.reader, err = readList(list, said)
	} else {
		w.reader, w.Schema, err = readObject(ctx, whole.(*object), said)
	}
	if err != nil {
		return Spec{}, within(said.prefix, err)
	}
	w.Slots, w.Warnings = w.reader.slots, said.all()
	for i := range w.Slots {
		w.Slots[i] = w.Slots[i].Plain()
	}
	return w, nil
}

// listNames name a list of what is wanted within an object, of forms and their pages
// too.
var listNames = []string{"information_needed", "informationNeeded", "questions", "fields", "slots", "parameters", "items", "elements", "pages", "sections",
	"data_points", "topics", "details", "information", "inputs"}

// requiredNames and optionalNames name two such lists, or two maps.
var (
	requiredNames = []string{"required", "required_information", "required_fields", "mandatory", "must_have"}
	optionalNames = []string{"optional", "optional_information", "optional_fields", "nice_to_have"}
)

// listIn returns the list of the short form, also where an object has it. An object
// {"fields": […]} is such a list if its entries are objects, or if it holds nothing else
// that is wanted; {"size": ["S", "M"]} is a map with a choice. A list of one function or
// tool is what that wraps.
func listIn(document any, said *notes) (list []any, whole any) {
	if list, ok := document.([]any); ok {
		if one, isObject := first(list).(*object); isObject && len(list) == 1 {
			if inner, path := unwrap(one); path != "" && isSchema(inner) {
				said.prefix = "[0]"
				return nil, one
			}
		}
		return list, nil
	}
	o := document.(*object)
	for _, name := range listNames {
		list, _ := o.get(name).([]any)
		if len(list) == 0 || isSchema(o) {
			continue
		}
		_, isObject := list[0].(*object)
		_, isText := list[0].(string)
		if isObject || isText && onlyAbout(o, name) { // a map has lists of options
			said.prefix = name
			return list, nil
		}
	}
	if list := requiredAndOptional(o); list != nil {
		return list, nil
	}
	return nil, o
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// requiredAndOptional are the entries of {"required": […], "optional": […]}, each a
// list or a map; nil for another object.
func requiredAndOptional(o *object) []any {
	var all []any
	for _, m := range o.members {
		isRequired := slices.Contains(requiredNames, m.name)
		if !isRequired && !slices.Contains(optionalNames, m.name) {
			return nil
		}
		switch v := m.value.(type) {
		case []any:
			for _, one := range v {
				if text, isText := one.(string); isText && !isRequired {
					one = &object{[]member{{"title", text}, {"required", false}}}
					if keyFrom(text) == text {
						one = &object{[]member{{"key", text}, {"required", false}}}
					}
				} else if e, isObject := one.(*object); isObject && !isRequired {
					e.set("required", false)
				}
				all = append(all, one)
			}
		case *object:
			for _, of := range v.members {
				if !isRequired {
					of.name = strings.TrimSuffix(of.name, "?") + "?"
				}
				all = append(all, &object{[]member{of}})
			}
		default:
			return nil
		}
	}
	return all
}

// readObject reads a JSON Schema, a wrapper of one, or a map of names to types.
// bounds.Schema looks at the normalized text, because that is what is stored and
// compiled later, and normalizing adds little to its size. It runs before anything
// follows a reference.
func readObject(ctx context.Context, document *object, said *notes) (*reader, json.RawMessage, error) {
	root, path := unwrap(document)
	said.prefix = prefixed(said.prefix, path)
	if !isSchema(root) && allOfKind(root, func(any) bool { return true }) && !slices.ContainsFunc(root.members, func(m member) bool { return !isNumbered(m.name) }) {
		list := make([]any, len(root.members)) // {"1": "Destination", "2": "Budget"}
		for i, m := range root.members {
			list[i] = m.value
		}
		r, err := readList(list, said)
		return r, nil, err
	}
	if !isSchema(root) {
		var err error
		if root, err = fromMap(root); err != nil {
			return nil, nil, err
		}
	}
	normal := &normalizer{notes: said}
	normal.references(root)
	if err := normal.schema("", root); err != nil {
		return nil, nil, err
	}
	root.delete(partsRequired)
	if _, isFlag := truth(root.get("required")); isFlag {
		root.delete("required")
	}
	if err := begin(root); err != nil {
		return nil, nil, err
	}
	raw, err := json.Marshal(root)
	if err != nil {
		return nil, nil, fmt.Errorf("write normalized schema: %w", err)
	}
	if err := bounds.Schema(ctx, raw); err != nil {
		return nil, nil, err
	}
	r, err := readSchema(root, said)
	return r, raw, err
}

// Values puts what slots hold, by key, where the caller's schema has it: into
// objects, and objects in lists. What the schema fixes is added, and, once the
// conversation is complete, null for what may be null and has no value. held is not
// changed. A key that no slot has, of a conversation that an earlier release opened, is
// kept as it is.
func (w Spec) Values(held map[string]any, complete bool) map[string]any {
	if w.reader == nil {
		return held
	}
	root := map[string]any{}
	for i, slot := range w.Slots {
		value, known := held[slot.Key]
		if !known {
			continue
		}
		p := w.reader.places[i]
		switch {
		case p.count:
			n, _ := value.(float64)
			root = grow(root, p.steps, min(int(n), maxMinEntries)).(map[string]any)
		default:
			if p.numbers {
				value = numbers(value)
			}
			root = setAt(root, p.steps, value).(map[string]any)
		}
	}
	for key, value := range held {
		if _, given := root[key]; !given && !w.reader.seen[key] {
			root[key] = value
		}
	}
	if w.reader.list {
		return root
	}
	reading := *w.reader
	reading.notes = &notes{} // those of the document are complete, and calls share them
	f := filler{&reading, complete}
	if top, err := reading.flatten("", reading.root); err == nil {
		f.fill(top, root)
	}
	return root
}
