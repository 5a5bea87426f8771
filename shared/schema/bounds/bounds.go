// Package bounds says how much work a JSON Schema makes, and refuses one that
// makes too much, before any of that work is done. It is pure.
//
// Whatever walks a schema that passed, following each reference wherever it
// stands, visits at most MaxSubschemas places, goes at most MaxDepth deep and
// comes to an end. Without that, a document of a few hundred bytes could expand to
// billions of subschemas ("billion laughs"), or refer to itself for ever.
package bounds

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	// MaxDepth is how deep a schema nests, references included. People's forms
	// nest below ten; readers that recurse need a stack for each level.
	MaxDepth = 64
	// MaxSubschemas is how many subschemas a schema has once every reference
	// stands for what it refers to. The largest that can be asked for, 200
	// slots with 20 titled options each, has 4,200. Compiling takes time that
	// grows with its square: about 0.3 s at this bound.
	MaxSubschemas = 5_000
)

// Schema checks a JSON Schema. What it refuses is an *Error; any other error is
// that of ctx, which ends the work when the caller has gone.
func Schema(ctx context.Context, raw []byte) error {
	w := walker{ctx: ctx, targets: map[string]*extent{"#": {open: true}}}
	if err := w.read(raw); err != nil {
		return err
	}
	_, err := w.schema(w.root, 0)
	return err
}

// JSON checks what a schema has in common with any JSON: depth and numbers. Its
// errors are those of Schema.
func JSON(ctx context.Context, raw []byte) error { return (&walker{ctx: ctx}).read(raw) }

// extent is how much a subschema comes to, references included.
type extent struct {
	subschemas int
	depth      int
	open       bool // it is being measured: a reference to it leads back
}

// walker measures a schema. What is referred to is measured once.
type walker struct {
	ctx      context.Context
	root     any
	targets  map[string]*extent // by reference
	patterns Patterns
	steps    int
	// trail leads to the present place: names, and indices such as "[2]". A path
	// is put together only for an error: names can be long.
	trail []string
}

// read decodes the document and checks every value in it.
func (w *walker) read(raw []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&w.root); err != nil {
		return w.errorf("is not valid JSON: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return w.errorf("is not valid JSON: there is more after its end")
	}
	return w.value(w.root)
}

func (w *walker) errorf(format string, args ...any) error {
	var path string
	for _, part := range w.trail {
		if path != "" && part[:min(1, len(part))] != "[" {
			path += "."
		}
		if path += part; len(path) > maxPath {
			break
		}
	}
	return Errorf(path, format, args...)
}

// at does what is to be done one step further down.
func (w *walker) at(part string, do func() error) error {
	w.trail = append(w.trail, part)
	err := do()
	w.trail = w.trail[:len(w.trail)-1]
	return err
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// step says that there is no going deeper, or that the caller has gone.
func (w *walker) step(depth int) error {
	if w.steps++; w.steps%256 == 0 && w.ctx.Err() != nil {
		return fmt.Errorf("check schema: %w", context.Cause(w.ctx))
	}
	if depth >= MaxDepth {
		return w.errorf("is nested more than %d deep", MaxDepth)
	}
	return nil
}

// value checks what schemas share with any JSON: depth and numbers.
func (w *walker) value(value any) error {
	if err := w.step(len(w.trail)); err != nil {
		return err
	}
	switch v := value.(type) {
	case json.Number:
		if err := Number(v); err != nil {
			return w.errorf("%v", err)
		}
	case []any:
		for i := range v {
			if err := w.at(index(i), func() error { return w.value(v[i]) }); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if err := w.at(name, func() error { return w.value(v[name]) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// Where JSON Schema, of any draft, has subschemas: a schema or a list of them,
// or schemas by name. Definitions count where they are referred to, and what is
// anywhere else is data.
var (
	applied = map[string]bool{
		"additionalItems": true, "additionalProperties": true, "allOf": true, "anyOf": true, "contains": true,
		"contentSchema": true, "else": true, "if": true, "items": true, "not": true, "oneOf": true, "prefixItems": true,
		"propertyNames": true, "then": true, "unevaluatedItems": true, "unevaluatedProperties": true,
	}
	named = map[string]bool{
		"dependencies": true, "dependentSchemas": true, "patternProperties": true, "properties": true,
	}
)

// schema measures a subschema, which is depth deep.
func (w *walker) schema(value any, depth int) (extent, error) {
	sum := extent{subschemas: 1, depth: 1}
	if err := w.step(depth); err != nil {
		return sum, err
	}
	object, _ := value.(map[string]any) // true and false have no parts
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if err := w.at(name, func() error { return w.keyword(name, object[name], depth, &sum) }); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// keyword measures one keyword of a schema. Unknown keywords and those that hold
// data have no extent.
func (w *walker) keyword(name string, value any, depth int, sum *extent) error {
	text, isText := value.(string)
	switch {
	case applied[name]:
		return w.parts(value, depth, sum)
	case named[name]:
		return w.members(value, depth, sum, name == "patternProperties")
	case !isText:
		return nil
	case name == "pattern":
		return w.pattern(text)
	case name == "$ref":
		return w.reference(text, depth, sum)
	case name == "$dynamicRef" || name == "$recursiveRef":
		// What it leads to depends on the way a validator took.
		return w.errorf("cannot be used; $ref to a definition of this schema can")
	case (name == "$id" || name == "id") && depth > 0 && !strings.HasPrefix(text, "#"):
		// References below it would start from there.
		return w.errorf("can be given at the root only")
	}
	return nil
}

func (w *walker) pattern(text string) error {
	if err := w.patterns.Add(text); err != nil {
		return w.errorf("%v", err)
	}
	return nil
}

func (w *walker) parts(value any, depth int, sum *extent) error {
	list, ok := value.([]any)
	if !ok {
		return w.part(value, depth, sum)
	}
	for i, one := range list {
		if err := w.at(index(i), func() error { return w.part(one, depth, sum) }); err != nil {
			return err
		}
	}
	return nil
}

// members measures schemas by name; the names of patternProperties are patterns as
// well.
func (w *walker) members(value any, depth int, sum *extent, named bool) error {
	object, _ := value.(map[string]any) // what is no object has no members
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if err := w.at(name, func() error {
			if named {
				if err := w.pattern(name); err != nil {
					return err
				}
			}
			return w.part(object[name], depth, sum)
		}); err != nil {
			return err
		}
	}
	return nil
}

// part adds a subschema to the extent of what contains it.
func (w *walker) part(value any, depth int, sum *extent) error {
	of, err := w.schema(value, depth+1)
	if err != nil {
		return err
	}
	return w.add(sum, of, depth)
}

// reference counts what $ref refers to as if it stood in its place.
func (w *walker) reference(ref string, depth int, sum *extent) error {
	target := w.targets[ref]
	if target == nil {
		found, ok := Resolve(w.root, ref, member)
		if !ok {
			return w.errorf(`%s is not a definition of this schema, such as "#/$defs/Name"`, quoted(ref))
		}
		target = &extent{open: true}
		w.targets[ref] = target
		here := w.trail
		w.trail = slices.Clip(here[:len(here)-1]) // it stands in place of the object that has $ref
		of, err := w.schema(found, depth+1)
		if w.trail = here; err != nil {
			return err
		}
		*target = of
	}
	if target.open {
		return w.errorf("%s leads back to itself", quoted(ref))
	}
	return w.add(sum, *target, depth)
}

// add counts a part of what is depth deep.
func (w *walker) add(sum *extent, part extent, depth int) error {
	sum.subschemas += part.subschemas
	sum.depth = max(sum.depth, part.depth+1)
	if sum.subschemas > MaxSubschemas {
		return w.errorf("comes to more than %d subschemas, each counted wherever it is referred to", MaxSubschemas)
	}
	return w.step(depth + sum.depth - 1)
}

// Resolve finds what a reference within a document leads to: "#" and a JSON
// Pointer of RFC 6901, percent-encoded as in any URI fragment. member looks up a
// name in what the document has for objects, and returns false for anything else.
func Resolve(root any, ref string, member func(object any, name string) (any, bool)) (any, bool) {
	pointer, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, false
	}
	at := root
	for name := range strings.SplitSeq(pointer, "/") {
		if unescaped, err := url.PathUnescape(name); err == nil {
			name = unescaped
		}
		name = pointerEscapes.Replace(name)
		if list, isList := at.([]any); isList {
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(list) {
				return nil, false
			}
			at = list[i]
			continue
		}
		if at, ok = member(at, name); !ok {
			return nil, false
		}
	}
	return at, true
}

// member looks up a name in an object as package json decodes it.
func member(object any, name string) (any, bool) {
	members, _ := object.(map[string]any)
	value, ok := members[name]
	return value, ok
}

// pointerEscapes are those of RFC 6901, section 3.
var pointerEscapes = strings.NewReplacer("~1", "/", "~0", "~")
