package slotspec

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// object is a JSON object that keeps the order of its members: slots are asked
// for in the order in which a caller names them. Other values are as package
// json decodes them, numbers as json.Number.
//
// It is read here, on json.Decoder's tokens, because no library does what is
// needed: encoding/json and its v2 decode objects into maps, which have no order,
// and ordered maps such as wk8/go-ordered-map lose the order below the first
// level, take a name given twice and say no path for what is wrong.
type object struct{ members []member }

// member is a name with its value; null is a nil value.
type member struct {
	name  string
	value any
}

// index is the position of a member, -1 for none. Objects are small (a schema's
// keywords, at most MaxSlots properties), so a scan beats an index that would have
// to be kept in step with the order.
func (o *object) index(name string) int {
	return slices.IndexFunc(o.members, func(m member) bool { return m.name == name })
}

// get returns a member's value; nil when there is none, or when it is null.
func (o *object) get(name string) any {
	if i := o.index(name); i >= 0 {
		return o.members[i].value
	}
	return nil
}

// has reports a member, null or not.
func (o *object) has(name string) bool { return o.index(name) >= 0 }

// set gives a member a value, at the end where it is new.
func (o *object) set(name string, value any) {
	if i := o.index(name); i >= 0 {
		o.members[i].value = value
		return
	}
	o.members = append(o.members, member{name, value})
}

// delete drops members.
func (o *object) delete(names ...string) {
	o.members = slices.DeleteFunc(o.members, func(m member) bool { return slices.Contains(names, m.name) })
}

// clone is a copy whose members can be changed; their values are shared.
func (o *object) clone() *object { return &object{slices.Clone(o.members)} }

// MarshalJSON writes the members in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, part := range []any{m.name, m.value} {
			encoded, err := json.Marshal(part)
			if err != nil {
				return nil, err
			}
			if j > 0 {
				b.WriteByte(':')
			}
			b.Write(encoded)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// parse decodes JSON that package bounds has checked. A name that is given twice
// is an error: one of the two would be lost.
func parse(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	return parseValue("", decoder)
}

// parseValue decodes the next value; path is for errors.
func parseValue(path string, decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, errorf(path, "is not valid JSON: %v", err)
	}
	switch token {
	case json.Delim('{'):
		return parseObject(path, decoder)
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			value, err := parseValue(indexed(path, len(list)), decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = decoder.Token()
		return list, err
	}
	return token, nil
}

// parseObject decodes an object whose brace was read.
func parseObject(path string, decoder *json.Decoder) (any, error) {
	o, seen := &object{}, map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, errorf(path, "is not valid JSON: %v", err)
		}
		name := token.(string)
		at := join(path, name)
		if seen[name] {
			return nil, errorf(at, "is given twice")
		}
		seen[name] = true
		value, err := parseValue(at, decoder)
		if err != nil {
			return nil, err
		}
		o.members = append(o.members, member{name, value})
	}
	_, err := decoder.Token()
	return o, err
}

// maxPathBytes bounds the paths that are put together while a document is read:
// names can be as long as the document, and every path below would repeat them.
// Without it a document of one megabyte could make paths of gigabytes.
const maxPathBytes = 400

// join is the path of a member; a path that is long already stays.
func join(path, name string) string {
	if len(path) > maxPathBytes {
		return path
	}
	return bounds.Join(path, name[:min(len(name), maxPathBytes)])
}

// indexed is the path of a list's entry.
func indexed(path string, i int) string {
	if len(path) > maxPathBytes {
		return path
	}
	return path + "[" + strconv.Itoa(i) + "]"
}

// plainValue turns a scalar of the document into what a slot holds; false for null,
// objects and lists. Numbers become float64, the only number that slots, JSON and
// JavaScript clients share; an integer beyond 2⁵³ loses digits here as it would
// there.
func plainValue(v any) (any, bool) {
	switch v := v.(type) {
	case string, bool:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return nil, false
}

// plainJSON is a value of the document as package json decodes it.
func plainJSON(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64()
		return f
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = plainJSON(v[i])
		}
		return all
	case *object:
		all := map[string]any{}
		for _, m := range v.members {
			all[m.name] = plainJSON(m.value)
		}
		return all
	}
	return v
}

// textOf is a string of at most so many characters, trimmed.
func textOf(path string, v any, limit int) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", errorf(path, "must be a string")
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return "", errorf(path, "has %d characters, at most %d are allowed", n, limit)
	}
	return strings.TrimSpace(s), nil
}

// numberOf is a number.
func numberOf(path string, v any) (float64, error) {
	if n, ok := v.(json.Number); ok {
		return n.Float64()
	}
	return 0, errorf(path, "must be a number")
}

// countOf is a whole number from 0, below 2³¹.
func countOf(path string, v any) (int, error) {
	if n, ok := v.(json.Number); ok {
		if f, err := n.Float64(); err == nil && f >= 0 && f == float64(int(f)) && f < 1<<31 {
			return int(f), nil
		}
	}
	return 0, errorf(path, "must be a whole number, 0 or more")
}

// listOf is a list; of says of what, for the error.
func listOf(path string, v any, of string) ([]any, error) {
	if list, ok := v.([]any); ok {
		return list, nil
	}
	return nil, errorf(path, "must be a list of %s", of)
}

// stringsOf is a list of strings.
func stringsOf(path string, v any) ([]string, error) {
	list, err := listOf(path, v, "strings")
	if err != nil {
		return nil, err
	}
	all := make([]string, len(list))
	for i, one := range list {
		text, ok := one.(string)
		if !ok {
			return nil, errorf(path, "must be a list of strings")
		}
		all[i] = text
	}
	return all, nil
}

// Error says which part cannot be asked for and why.
type Error = bounds.Error

// errorf is an *Error about what is at path.
func errorf(path, format string, args ...any) error { return bounds.Errorf(path, format, args...) }
