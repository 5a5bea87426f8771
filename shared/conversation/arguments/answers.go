package arguments

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// answerNames are other names of an answer's members. Where both an own and
// another name are given, the own one counts and the other stays, for the schema to
// refuse.
var answerNames = map[string]string{
	"key": "slot", "name": "slot", "field": "slot", "number": "question_number", "id": "question_id",
	"answer": "text", "response": "text", "reply": "text", "words": "text", "content": "text",
}

// shapeAnswers takes a single answer, a map from slot or question to value or answer,
// and a list whose items are answers, words or values. What is none of these comes back
// as it came: the schema then refuses it in words. The notes say what was taken
// differently, for the result's warnings.
func shapeAnswers(raw json.RawMessage) (json.RawMessage, []string) {
	var rewritten rewriting
	switch value := decoded(raw).(type) {
	// One answer looks like a map of slots; only its members tell. See isAnswer.
	case map[string]any:
		if isAnswer(value) {
			rewritten.note("one answer taken as a list of one")
			return encoded(raw, []any{rewritten.answer(value)}), rewritten.notes
		}
		rewritten.note("a map taken as a list")
		return encoded(raw, rewritten.mapped(value)), rewritten.notes
	case []any:
		list := make([]any, 0, len(value))
		inOrder := false
		for _, item := range value {
			switch v := item.(type) {
			case map[string]any:
				if entry := rewritten.answer(v); entry != nil {
					list = append(list, entry)
				}
				continue
			case string:
				if strings.HasPrefix(strings.TrimSpace(v), "{") {
					list = append(list, v) // an answer as JSON in a string
					continue
				}
				item, inOrder = map[string]any{"text": v}, true
			case json.Number, bool:
				item, inOrder = map[string]any{"value": v}, true
			}
			// Without a name, an answer is to the open question in its place: the
			// service refuses lists that do not match them.
			list = append(list, item)
		}
		if inOrder {
			rewritten.note("taken in the order of the open questions")
		}
		if !rewritten.changed && !inOrder {
			return raw, nil
		}
		return encoded(raw, list), rewritten.notes
	}
	return raw, nil
}

// isAnswer tells an answer from a map of slots: it names a question or a slot, and
// has no member that an answer has not.
func isAnswer(object map[string]any) bool {
	named := false
	for name := range object {
		known := name
		if other := answerNames[name]; other != "" {
			known = other
		}
		switch known {
		case "slot", "question_number", "question_id":
			named = true
		case "value", "text", "outcome":
		default:
			return false
		}
	}
	return named
}

// answer gives the members of an answer their names. What answers holds as value where
// it is no text is a value. Members keep the order of their names, so that the notes
// come in one order.
func (s *rewriting) answer(object map[string]any) map[string]any {
	answer := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := object[name]
		known, other := answerNames[name]
		if _, isText := value.(string); known == "text" && !isText && value != nil {
			known = "value"
		}
		if _, given := object[known]; !other || given {
			known = name
		} else {
			s.note(fmt.Sprintf("%s taken as %s", name, known))
		}
		answer[known] = value
	}
	return answer
}

// allDigits matches a question's number. A slot's key may hold digits, but not be made
// of them alone.
var allDigits = regexp.MustCompile(`^[0-9]{1,6}$`)

// mapped makes answers of a map from a slot, a question's number or its id to a value
// or an answer. A map has no order of its own; it is taken in that of its keys, which
// is the same for a repeated call and hence its fingerprint.
func (s *rewriting) mapped(object map[string]any) []any {
	list := []any{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		value := object[key]
		if text, isText := value.(string); value == nil || isText && strings.TrimSpace(text) == "" {
			continue // nothing was said
		}
		answer := map[string]any{"value": value}
		if inner, ok := value.(map[string]any); ok && len(inner) > 0 {
			if entry := s.answer(inner); isAnswer(withSlot(entry)) {
				answer = entry
			}
		}
		switch {
		case allDigits.MatchString(key):
			answer["question_number"] = json.Number(key)
		case strings.Contains(key, ":"):
			answer["question_id"] = key
		default:
			answer["slot"] = key
		}
		list = append(list, answer)
	}
	return list
}

// withSlot is the answer as it will be once the map's key has named it.
func withSlot(answer map[string]any) map[string]any {
	named := maps.Clone(answer)
	named["slot"] = true
	return named
}
