package needed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// document is a JSON Schema being read, with the definitions $ref can reach. It
// is within the bounds, so that following its references comes to an end.
type document struct {
	defs map[string]json.RawMessage // by pointer: #/$defs/Colour
}

func readSchema(raw []byte) ([]questioning.Slot, error) {
	root, err := members("", raw)
	if err != nil {
		return nil, err
	}
	doc := document{defs: map[string]json.RawMessage{}}
	var properties, required json.RawMessage
	for _, m := range root {
		switch m.name {
		case "type":
			if t, err := decode[string]("type", m.value, `"object"`); err != nil || t != "object" {
				return nil, errorf("type", `must be "object": what is wanted are its properties`)
			}
		case "properties":
			properties = m.value
		case "required":
			required = m.value
		case "$defs", "definitions":
			defs, err := members(m.name, m.value)
			if err != nil {
				return nil, err
			}
			for _, d := range defs {
				doc.defs["#/"+m.name+"/"+d.name] = d.value
			}
		case "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "patternProperties",
			"dependentSchemas", "dependentRequired", "$ref", "propertyNames":
			return nil, errorf(m.name, "cannot be asked for: only a flat object with properties can")
		}
	}
	if properties == nil {
		return nil, errorf("", `needs "properties": an object of what is wanted`)
	}
	fields, err := members("properties", properties)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		return nil, errorf("properties", "is empty: name at least one thing wanted")
	}
	if len(fields) > MaxSlots {
		return nil, errorf("properties", "has %d entries, at most %d can be asked for", len(fields), MaxSlots)
	}
	slots := make([]questioning.Slot, len(fields))
	var patterns bounds.Patterns
	for i, f := range fields {
		path := bounds.Join("properties", f.name)
		slots[i].Key = f.name
		if len(f.name) > MaxKey { // every path below it would repeat it
			return nil, keyLength(path)
		}
		if err := doc.property(path, f.value, &slots[i]); err != nil {
			return nil, err
		}
		if err := finish(path, &slots[i], &patterns); err != nil {
			return nil, err
		}
		if err := checkDefault(path, &slots[i]); err != nil {
			return nil, err
		}
	}
	return slots, markRequired(required, slots)
}

func markRequired(raw json.RawMessage, slots []questioning.Slot) error {
	if raw == nil {
		return nil
	}
	names, err := decode[[]string]("required", raw, "a list of property names")
	if err != nil {
		return err
	}
	for i, name := range names {
		at := slices.IndexFunc(slots, func(s questioning.Slot) bool { return s.Key == name })
		if at < 0 {
			return errorf(fmt.Sprintf("required[%d]", i), "there is no property %q", name)
		}
		slots[at].Required = true
	}
	return nil
}

// property reads the schema of one property into slot.
func (d document) property(path string, raw json.RawMessage, slot *questioning.Slot) error {
	fields, err := members(path, raw)
	if err != nil {
		return err
	}
	var typ, format string
	var items json.RawMessage
	var alternatives []member
	for _, f := range fields {
		at := bounds.Join(path, f.name)
		switch f.name {
		case "$ref":
			ref, err := decode[string](at, f.value, "a string")
			if err != nil {
				return err
			}
			target, ok := d.defs[ref]
			if !ok {
				return errorf(at, `%q is not a definition of this schema, such as "#/$defs/Name"`, ref)
			}
			if err := d.property(path, target, slot); err != nil {
				return err
			}
		case "type":
			if typ, err = typeName(at, f.value); err != nil {
				return err
			}
		case "enum", "const":
			if err := readEnum(at, f, slot); err != nil {
				return err
			}
		case "oneOf", "anyOf", "allOf":
			alternatives = append(alternatives, f)
		case "items":
			items = f.value
		case "format":
			if format, err = decodeText(at, f.value, MaxKey); err != nil {
				return err
			}
		case "properties", "patternProperties", "prefixItems", "not", "if", "then", "else",
			"dependentSchemas", "dependentRequired", "multipleOf", "contains", "unevaluatedProperties":
			return errorf(at, "cannot be asked for in one question: give a single value, or name each part as a property of its own")
		case "exclusiveMinimum", "exclusiveMaximum":
			if err := readExclusive(at, f, typ, slot); err != nil {
				return err
			}
		default:
			if _, err := common(at, f, slot); err != nil {
				return err
			}
		}
	}
	for _, alternative := range alternatives {
		if err := d.alternatives(bounds.Join(path, alternative.name), alternative.value, slot); err != nil {
			return err
		}
	}
	return d.typed(path, slot, typ, format, items)
}

// typeName reads type, which may be a list of one type and "null".
func typeName(path string, raw json.RawMessage) (string, error) {
	if raw = bytes.TrimSpace(raw); raw[0] != '[' {
		return decode[string](path, raw, "a type name")
	}
	names, err := decode[[]string](path, raw, "a type name or a list of them")
	if err != nil {
		return "", err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "null" })
	if len(names) != 1 {
		return "", errorf(path, "must be one type (and null at most)")
	}
	return names[0], nil
}

// typed settles the slot's type from what its schema says.
func (d document) typed(path string, slot *questioning.Slot, typ, format string, items json.RawMessage) error {
	if len(slot.Options) > 0 && typ != "array" {
		if slot.Type == "" {
			slot.Type = questioning.Choice
		}
		return nil
	}
	switch typ {
	case "string":
		slot.Type = formatType(format)
	case "integer":
		slot.Type = questioning.Integer
	case "number":
		slot.Type = questioning.Number
	case "boolean":
		slot.Type = questioning.Boolean
	case "array":
		return d.array(path, slot, items)
	case "":
		if items != nil {
			return d.array(path, slot, items)
		}
		if slot.Type == "" { // neither a type nor a reference that gave one
			slot.Type = formatType(format)
		}
	case "object":
		return errorf(path, "an object cannot be asked for in one question: name each of its parts as a property of its own")
	default:
		return errorf(bounds.Join(path, "type"), "%q cannot be asked for; string, number, integer, boolean or array can", typ)
	}
	return nil
}

func formatType(format string) questioning.Type {
	switch t := questioning.Type(format); t {
	case questioning.Date, questioning.Time, questioning.DateTime, questioning.Email, questioning.URI:
		return t
	}
	return questioning.Text
}

// array reads a list of strings, or of options.
func (d document) array(path string, slot *questioning.Slot, items json.RawMessage) error {
	slot.Type = questioning.List
	if items == nil {
		return nil
	}
	at := bounds.Join(path, "items")
	item := questioning.Slot{Key: slot.Key}
	if err := d.property(at, items, &item); err != nil {
		return err
	}
	switch item.Type {
	case questioning.Choice:
		slot.Type, slot.Options = questioning.Choices, item.Options
	case questioning.Text, questioning.Email, questioning.URI:
	default:
		return errorf(at, "a list of %s cannot be asked for; a list of strings or of options can", item.Type)
	}
	return nil
}

func readEnum(path string, f member, slot *questioning.Slot) error {
	raw := f.value
	if f.name == "const" {
		raw = append(append([]byte{'['}, raw...), ']')
	}
	values, err := decode[[]any](path, raw, "a list of values")
	if err != nil {
		return err
	}
	slot.Options = nil
	for i, v := range values {
		if v == nil {
			continue // an optional value; leaving it out says the same
		}
		if !scalar(v) {
			return errorf(fmt.Sprintf("%s[%d]", path, i), "must be a string, a number or a boolean")
		}
		slot.Options = append(slot.Options, questioning.Option{Value: v})
	}
	return checkOptions(path, slot.Options)
}

func checkOptions(path string, options []questioning.Option) error {
	if len(options) == 0 {
		return errorf(path, "needs at least one option")
	}
	if len(options) > MaxOptions {
		return errorf(path, "has %d options, at most %d are allowed", len(options), MaxOptions)
	}
	seen := map[any]bool{}
	for i, o := range options {
		if seen[o.Value] {
			return errorf(fmt.Sprintf("%s[%d]", path, i), "repeats the option %v", o.Value)
		}
		seen[o.Value] = true
	}
	return nil
}

// alternatives reads oneOf, anyOf or allOf: options with titles, or a single
// schema beside null.
func (d document) alternatives(path string, raw json.RawMessage, slot *questioning.Slot) error {
	all, err := decode[[]json.RawMessage](path, raw, "a list of schemas")
	if err != nil {
		return err
	}
	var options []questioning.Option
	var schemas []int
	for i, one := range all {
		at := fmt.Sprintf("%s[%d]", path, i)
		var option struct {
			Const any    `json:"const"`
			Title string `json:"title"`
			Type  any    `json:"type"`
		}
		if json.Unmarshal(one, &option) != nil {
			return errorf(at, "must be a schema")
		}
		switch {
		case scalar(option.Const):
			options = append(options, questioning.Option{Value: option.Const, Title: strings.TrimSpace(option.Title)})
		case option.Type == "null":
		default:
			schemas = append(schemas, i)
		}
	}
	switch {
	case len(options) > 0 && len(schemas) == 0:
		slot.Options = options
		return checkOptions(path, options)
	case len(options) == 0 && len(schemas) == 1:
		return d.property(fmt.Sprintf("%s[%d]", path, schemas[0]), all[schemas[0]], slot)
	}
	return errorf(path, `must be options such as {"const": "a", "title": "A"}, or one type and null`)
}

func readExclusive(path string, f member, typ string, slot *questioning.Slot) error {
	v, err := decode[float64](path, f.value, "a number")
	if err != nil {
		return err
	}
	step := func(to float64) float64 {
		if typ == "integer" {
			return v + math.Copysign(1, to)
		}
		return math.Nextafter(v, to)
	}
	if f.name == "exclusiveMinimum" {
		low := step(math.Inf(1))
		slot.Minimum = &low
	} else {
		high := step(math.Inf(-1))
		slot.Maximum = &high
	}
	return nil
}

// common reads what both forms share into slot and reports whether it knew
// the name. Annotations it does not know are passed over by the schema form.
func common(path string, f member, slot *questioning.Slot) (bool, error) {
	var err error
	number := func() *float64 {
		var v float64
		v, err = decode[float64](path, f.value, "a number")
		return &v
	}
	count := func() *int {
		var v int
		if v, err = decode[int](path, f.value, "a whole number, 0 or more"); err == nil && v < 0 {
			err = errorf(path, "must be a whole number, 0 or more")
		}
		return &v
	}
	switch f.name {
	case "title":
		slot.Title, err = decodeText(path, f.value, MaxTitle)
	case "description":
		slot.Description, err = decodeText(path, f.value, MaxDescription)
	case "question", "x-question":
		slot.Question, err = decodeText(path, f.value, MaxDescription)
	case "look_for", "x-look-for":
		slot.LookFor, err = decode[[]string](path, f.value, "a list of strings")
	case "default":
		if err := json.Unmarshal(f.value, &slot.Default); err != nil {
			return true, errorf(path, "is not valid JSON")
		}
	case "weight", "x-weight":
		if slot.Weight, err = decode[float64](path, f.value, "a number above 0, at most 10"); err == nil && (slot.Weight <= 0 || slot.Weight > 10) {
			err = errorf(path, "must be a number above 0, at most 10")
		}
	case "when", "x-when":
		slot.When, err = readCondition(path, f.value)
	case "minimum":
		slot.Minimum = number()
	case "maximum":
		slot.Maximum = number()
	case "minLength":
		slot.MinLength = count()
	case "maxLength":
		slot.MaxLength = count()
	case "minItems":
		slot.MinItems = count()
	case "maxItems":
		slot.MaxItems = count()
	case "pattern":
		slot.Pattern, err = decodeText(path, f.value, MaxDescription)
	default:
		return false, nil
	}
	return true, err
}

// readCondition reads {"slot": "kind", "in": ["a"]} or {"slot": "kind", "equals": "a"}.
func readCondition(path string, raw json.RawMessage) (*questioning.Condition, error) {
	const want = `{"slot": "other", "equals": value} or {"slot": "other", "in": [values]}`
	fields, err := members(path, raw)
	if err != nil {
		return nil, err
	}
	var c questioning.Condition
	for _, f := range fields {
		at := bounds.Join(path, f.name)
		switch f.name {
		case "slot":
			c.Slot, err = decodeText(at, f.value, MaxKey)
		case "equals":
			var v any
			v, err = decode[any](at, f.value, "a value")
			c.In = []any{v}
		case "in":
			c.In, err = decode[[]any](at, f.value, "a list of values")
		default:
			err = errorf(at, "is not known; a condition is %s", want)
		}
		if err != nil {
			return nil, err
		}
	}
	noScalar := func(v any) bool { return !scalar(v) }
	if c.Slot == "" || len(c.In) == 0 || len(c.In) > MaxOptions || slices.ContainsFunc(c.In, noScalar) {
		return nil, errorf(path, "must be %s", want)
	}
	return &c, nil
}

// checkDefault verifies that a default is a value the slot could take.
func checkDefault(path string, slot *questioning.Slot) error {
	at := bounds.Join(path, "default")
	switch v := slot.Default.(type) {
	case nil:
	case map[string]any:
		return errorf(at, "must be a single value")
	case []any:
		if slot.Type != questioning.List && slot.Type != questioning.Choices {
			return errorf(at, "must be a single value")
		}
	default:
		if slot.Type == questioning.Choice && !slices.ContainsFunc(slot.Options, func(o questioning.Option) bool { return o.Value == v }) {
			return errorf(at, "is none of the options")
		}
	}
	return nil
}
