package parse

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Values that a program sends. A client's model has read the words already, so nothing is
// interpreted that is of the slot's type; a string for another type is read by the same
// recognizers, with no word left over.

// Check returns the canonical form of a structured value for slot: a string,
// float64, bool, json.Number or []any, as JSON decodes them. A string for a slot
// of another type is read as words are, outcomes apart, and no word in it may be
// left over that does not explain the value behind a comma, a bracket or "because".
func Check(slot questioning.Slot, value any, c Context) (any, error) {
	// A number out of a double's range is refused; that of an integer's is checkNumber's matter.
	if number, ok := value.(json.Number); ok {
		float, err := number.Float64()
		if err != nil {
			return nil, misread(slot, "")
		}
		value = float
	}
	switch slot.Type {
	case questioning.Choice:
		return checkChoice(slot, value, c)
	case questioning.Choices:
		if items, ok := value.([]any); ok {
			return checkChoices(slot, items, c)
		}
	case questioning.List:
		if items, ok := value.([]any); ok {
			return checkList(slot, items)
		}
	case questioning.Boolean:
		if yes, ok := value.(bool); ok {
			return yes, nil
		}
	case questioning.Integer, questioning.Number:
		if float, ok := value.(float64); ok {
			return checkNumber(slot, float)
		}
	}
	if words, ok := value.(string); ok {
		return checkWords(slot, clean(words), c)
	}
	return nil, misread(slot, "")
}

// checkWords reads a string that stands for a value of another type. Models and forms
// send such strings; as they are no speech, every word has to be accounted for.
func checkWords(slot questioning.Slot, words string, c Context) (any, error) {
	var value any
	var problem obstacle
	switch {
	case words == "":
		return nil, misread(slot, "the answer is empty")
	case !typed(slot.Type):
		value, problem = readFree(slot, words, nil)
	case slot.Type == questioning.Date && isDate(words):
		value = words
	case len(words) > longestTyped:
		return nil, misread(slot, "the answer is too long")
	default:
		t := *textOf(slot, words, c)
		t.exact = true
		value, problem = t.readValue()
	}
	if read := reading(slot, value, problem, ""); read.Problem != "" {
		return nil, errors.New(read.Problem)
	}
	return value, nil
}

// isDate reports a date as programs write it, which reads as itself in every language.
// None has to be loaded for it: a language takes a megabyte and a half.
func isDate(words string) bool {
	at, err := time.Parse(time.DateOnly, words)
	return err == nil && at.Year() > 0
}

// checkChoice is Check for one option: by its value, else by words.
func checkChoice(slot questioning.Slot, value any, c Context) (any, error) {
	if at := valueIndex(slot.Options, value); at >= 0 {
		return slot.Options[at].Value, nil
	}
	if words, ok := value.(string); ok {
		return checkWords(slot, clean(words), c)
	}
	return nil, misread(slot, "")
}

// checkChoices is Check for several options. One that is none of them refuses all.
// Each item is read as one option, by its value, its title or words.
func checkChoices(slot questioning.Slot, items []any, c Context) (any, error) {
	picked := make([]int, 0, len(items))
	one := slot
	one.Type = questioning.Choice
	for _, item := range items {
		value, err := checkChoice(one, item, c)
		if err != nil {
			return nil, misread(slot, "")
		}
		picked = append(picked, valueIndex(slot.Options, value))
	}
	return chosen(slot, picked)
}

// checkList is Check for the items of a list.
func checkList(slot questioning.Slot, values []any) (any, error) {
	items := make([]string, len(values))
	for i, value := range values {
		item, ok := value.(string)
		if !ok {
			return nil, misread(slot, "")
		}
		items[i] = item
	}
	return listOf(slot, items)
}
