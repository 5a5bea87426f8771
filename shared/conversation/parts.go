package conversation

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation/arguments"
	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// inParts returns answers for the slots of which an answer's value is an object or a
// list of objects: {"slot": "address", "value": {"city": "Rome"}} answers address.city.
// Models write values as the caller's schema nests them, and only the slots are flat.
// Words beside such a value go with each part. The places lead back to the answers.
func (c *conversation) inParts(answers []AnswerInput) (parts []AnswerInput, places []int) {
	for i, a := range answers {
		of := []AnswerInput{a}
		if a.QuestionNumber == 0 && a.QuestionID == "" {
			of = c.partsOf(a)
		}
		for _, part := range of {
			parts, places = append(parts, part), append(places, i)
		}
	}
	return parts, places
}

// knownInParts is inParts for what the client's model knows.
func (c *conversation) knownInParts(known []Known) []Known {
	var parts []Known
	for _, k := range known {
		for _, part := range c.partsOf(AnswerInput{Slot: k.Slot, Value: k.Value, Text: k.Text}) {
			parts = append(parts, Known{Slot: part.Slot, Value: part.Value, Text: part.Text})
		}
	}
	return parts
}

// partsOf is inParts for one answer. A value that no slot has parts for stays as it is,
// to be refused in words.
func (c *conversation) partsOf(a AnswerInput) []AnswerInput {
	sent := a.Value
	if text, isText := sent.(string); isText && c.State.Index(a.Slot) < 0 { // as the declared schema has it
		if value := arguments.JSON(text); value != nil {
			sent = value
		}
	}
	switch value := sent.(type) {
	case map[string]any:
		return c.members(a, a.Slot+".", value)
	case []any:
		prefix, isList := c.prefix(a.Slot + "[")
		if !isList || !slices.ContainsFunc(value, isObject) {
			break
		}
		list := strings.TrimSuffix(prefix, "[")
		var parts []AnswerInput
		if count := list + ".count"; c.State.Index(count) >= 0 {
			parts = append(parts, AnswerInput{Slot: count, Value: float64(len(value)), Text: a.Text})
		}
		for i, one := range value {
			if object, ok := one.(map[string]any); ok {
				parts = append(parts, c.members(a, fmt.Sprintf("%s[%d].", list, i), object)...)
			}
		}
		return parts
	}
	return []AnswerInput{a}
}

// members answers what is below a prefix, in the order of names.
func (c *conversation) members(a AnswerInput, prefix string, object map[string]any) []AnswerInput {
	known, ok := c.prefix(prefix)
	if !ok {
		return []AnswerInput{a}
	}
	var parts []AnswerInput
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if object[name] != nil {
			parts = append(parts, c.partsOf(AnswerInput{Slot: known + name, Value: object[name], Text: a.Text})...)
		}
	}
	return parts
}

// prefix is how slots' keys begin that begin like this in any spelling of its capitals.
func (c *conversation) prefix(begin string) (string, bool) {
	for _, slot := range c.State.Slots {
		if len(slot.Key) > len(begin) && strings.EqualFold(slot.Key[:len(begin)], begin) {
			return slot.Key[:len(begin)], true
		}
	}
	return "", false
}

func isObject(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

// ordinal matches a name that can mean a question by its number: Q2, question_2, "2.".
var ordinal = lazyregexp.New(`^(?i:q|question|answer|a|no|nr)?[ _.#-]{0,2}([0-9]{1,6})[.):]?$`)

// byOrdinal has an answer name an open question whose number it gives for a slot that
// does not exist.
func (c *conversation) byOrdinal(a *AnswerInput, with parse.Context) {
	match := ordinal.FindStringSubmatch(strings.TrimSpace(a.Slot))
	if match == nil || a.QuestionNumber != 0 || a.QuestionID != "" {
		return
	}
	if _, named := parse.SlotNamed(a.Slot, a.said(), c.State.Slots, with); named {
		return
	}
	number, _ := strconv.Atoi(match[1])
	if slices.ContainsFunc(c.State.Open, func(q questioning.Question) bool { return q.Number == number }) {
		a.QuestionNumber, a.Slot = number, ""
	}
}
