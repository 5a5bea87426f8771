package slotspec

import (
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// common reads what both forms share into slot and reports whether it knew
// the name. Annotations it does not know are passed over by the schema form.
func common(path string, m member, slot *questioning.Slot) (bool, error) {
	var err error
	number := func() *float64 {
		var v float64
		v, err = numberOf(path, m.value)
		return &v
	}
	count := func() *int {
		var v int
		v, err = countOf(path, m.value)
		return &v
	}
	switch m.name {
	case "title", "label":
		var text string
		if text, err = textOf(path, m.value, MaxTitle); m.name == "title" || slot.Title == "" {
			slot.Title = text
		}
	case "description":
		slot.Description, err = textOf(path, m.value, MaxDescription)
	case "question", "x-question", "prompt":
		slot.Question, err = textOf(path, m.value, MaxDescription)
	case "look_for", "x-look-for":
		slot.LookFor, err = stringsOf(path, m.value)
	case "default":
		slot.Default = plainJSON(m.value)
	case "weight", "x-weight":
		if slot.Weight, err = numberOf(path, m.value); err != nil || slot.Weight <= 0 || slot.Weight > 10 {
			err = errorf(path, "must be a number above 0, at most 10")
		}
	case "when", "x-when":
		slot.When, err = readCondition(path, m.value)
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
		slot.Pattern, err = textOf(path, m.value, MaxDescription)
	default:
		return false, nil
	}
	return true, err
}

// readCondition reads {"slot": "kind", "in": ["a"]} or {"slot": "kind", "equals": "a"}.
func readCondition(path string, raw any) (*questioning.Condition, error) {
	const want = `{"slot": "other", "equals": value} or {"slot": "other", "in": [values]}`
	o, ok := raw.(*object)
	if !ok {
		return nil, errorf(path, "must be %s", want)
	}
	var c questioning.Condition
	var values []any
	for _, m := range o.members {
		at := join(path, m.name)
		var err error
		switch m.name {
		case "slot":
			c.Slot, err = textOf(at, m.value, MaxKey)
		case "equals":
			values = []any{m.value}
		case "in":
			values, err = listOf(at, m.value, "values")
		default:
			err = errorf(at, "is not known; a condition is %s", want)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, one := range values {
		value, ok := plainValue(one)
		if !ok {
			return nil, errorf(path, "must be %s", want)
		}
		c.In = append(c.In, value)
	}
	if c.Slot == "" || len(c.In) == 0 || len(c.In) > MaxOptions {
		return nil, errorf(path, "must be %s", want)
	}
	return &c, nil
}

// checkDefault verifies that a default is a value the slot could take.
func checkDefault(path string, slot *questioning.Slot) error {
	at := join(path, "default")
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
