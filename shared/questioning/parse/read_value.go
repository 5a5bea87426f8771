package parse

import "github.com/sequential-questioning/sequential-questioning/shared/questioning"

// The way from a text to a value by the slot's type: recognizers propose, settle decides.

// readValue reads the text as a value of the slot's type. A nil value without an
// obstacle means that nothing in the text is one.
func (t *text) readValue() (any, obstacle) {
	switch t.slot.Type {
	case questioning.Boolean:
		return t.settle(t.findBooleans(), t.findCounted(), true)
	case questioning.Integer, questioning.Number:
		return t.readAmount()
	case questioning.Date:
		return t.readDate()
	case questioning.Time:
		return t.readTime()
	case questioning.DateTime:
		return t.readDateTime()
	case questioning.Choice:
		return t.readChoice()
	case questioning.Choices:
		return t.readChoices()
	case questioning.Email:
		return readEmail(t.slot, t.source)
	}
	return readURI(t.slot, t.source)
}

// readAmount reads the one number in the text, in the slot's unit and within its type
// and bounds. A number out of bounds is no other number: it is asked for again.
func (t *text) readAmount() (any, obstacle) {
	values, others := t.findNumbers()
	value, problem := t.settle(values, others, false)
	if problem.reason != "" || value == nil {
		if problem.reason == "" && t.hasVague() {
			problem.reason = "this is no exact number"
		}
		return nil, problem
	}
	checked, err := checkNumber(t.slot, value.(float64))
	if err != nil {
		return nil, obstacle{formatNumber(value.(float64)) + " does not fit", ""}
	}
	return checked, obstacle{}
}

// hasVague reports a word such as "dozens" that counts without a number, which makes a
// better reason than that there is no number.
func (t *text) hasVague() bool {
	for i := range t.tokens {
		if t.starts(i, scale) {
			return true
		}
	}
	return false
}
