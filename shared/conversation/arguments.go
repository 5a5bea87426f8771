package conversation

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Shapes read other forms of arguments that models write, by the argument's name:
// see tool.Shape.
func Shapes() map[string]func(json.RawMessage) (json.RawMessage, []string) {
	return map[string]func(json.RawMessage) (json.RawMessage, []string){
		"information_needed": shapeNeeded,
		"answers":            shapeAnswers,
		"previous_messages":  shapeMessages,
	}
}

// shapeNeeded takes the list out of {"slots": [...]}, the form that is declared.
// A JSON Schema has properties, and a list is one already.
func shapeNeeded(raw json.RawMessage) (json.RawMessage, []string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members["slots"] == nil {
		return raw, nil
	}
	for name, value := range members {
		if name != "slots" && string(value) != "null" {
			return raw, nil
		}
	}
	slots := members["slots"]
	var text string
	if json.Unmarshal(slots, &text) == nil && json.Valid([]byte(text)) {
		slots = json.RawMessage(text)
	}
	switch slots[0] {
	case '[':
		return slots, nil
	case 'n': // null, as a strict model writes what it leaves out
		return nil, nil
	}
	return raw, nil
}

// answerNames are other names of an answer's members.
var answerNames = map[string]string{
	"key": "slot", "name": "slot", "field": "slot", "number": "question_number", "id": "question_id",
	"answer": "text", "response": "text", "reply": "text", "words": "text", "content": "text",
}

// shapeAnswers takes a single answer, a map from slot or question to value or
// answer, and a list whose items are answers, words or values.
func shapeAnswers(raw json.RawMessage) (json.RawMessage, []string) {
	var said rewriting
	switch value := decoded(raw).(type) {
	case map[string]any:
		if isAnswer(value) {
			said.note("one answer taken as a list of one")
			return encoded(raw, []any{said.answer(value)}), said.notes
		}
		said.note("a map taken as a list")
		return encoded(raw, said.mapped(value)), said.notes
	case []any:
		list := make([]any, 0, len(value))
		inOrder := false
		for _, item := range value {
			switch v := item.(type) {
			case map[string]any:
				if entry := said.answer(v); entry != nil {
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
			list = append(list, item)
		}
		if inOrder {
			said.note("taken in the order of the open questions")
		}
		if !said.changed && !inOrder {
			return raw, nil
		}
		return encoded(raw, list), said.notes
	}
	return raw, nil
}

// rewriting is a rewriting of answers, with what it did.
type rewriting struct {
	notes   []string
	changed bool
}

func (s *rewriting) note(text string) {
	s.changed = true
	if !slices.Contains(s.notes, text) {
		s.notes = append(s.notes, text)
	}
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

// answer gives the members of an answer their names. What answers holds as value
// where it is no text is a value.
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

var allDigits = regexp.MustCompile(`^[0-9]{1,6}$`)

// mapped makes answers of a map from a slot, a question's number or its id to a
// value or an answer.
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

func withSlot(answer map[string]any) map[string]any {
	named := maps.Clone(answer)
	named["slot"] = true
	return named
}

// roles are other names of the roles, as chat interfaces give them.
var roles = map[string]string{
	"human": "user", "ai": "assistant", "model": "assistant", "developer": "system", "tool": "system", "function": "system",
}

// shapeMessages takes a text or a transcript, a single message, and a list of
// texts or of messages with other roles or with content in parts.
func shapeMessages(raw json.RawMessage) (json.RawMessage, []string) {
	value := decoded(raw)
	if text, ok := value.(string); ok {
		return encoded(raw, transcript(text)), []string{"a text taken as what the person wrote"}
	}
	if message, ok := value.(map[string]any); ok && message["content"] != nil {
		value = []any{message}
	}
	list, ok := value.([]any)
	if !ok {
		return raw, nil
	}
	var said rewriting
	messages := make([]any, 0, len(list))
	for _, item := range list {
		switch v := item.(type) {
		case string:
			if strings.HasPrefix(strings.TrimSpace(v), "{") {
				messages = append(messages, v) // a message as JSON in a string
				continue
			}
			said.note("texts taken as what the person wrote")
			messages = append(messages, transcript(v)...)
		case map[string]any:
			messages = append(messages, said.message(v))
		default:
			messages = append(messages, item)
		}
	}
	if _, single := decoded(raw).(map[string]any); !said.changed && !single {
		return raw, nil
	}
	return encoded(raw, messages), said.notes
}

// message gives a message its role and its content as one text.
func (s *rewriting) message(message map[string]any) map[string]any {
	taken := maps.Clone(message)
	if kind, ok := taken["type"].(string); ok && taken["role"] == nil && roles[strings.ToLower(kind)] != "" {
		taken["role"] = kind
		delete(taken, "type")
		s.changed = true
	}
	if role, ok := taken["role"].(string); ok {
		folded := strings.ToLower(strings.TrimSpace(role))
		if other := roles[folded]; other != "" {
			s.note(fmt.Sprintf("role %s taken as %s", folded, other))
			folded = other
		}
		if folded != role {
			taken["role"], s.changed = folded, true
		}
	}
	if parts, ok := taken["content"].([]any); ok {
		if text, ok := joined(parts); ok {
			taken["content"] = text
			s.note("content in parts taken as one text")
		}
	}
	return taken
}

// joined is the text of a message's content in parts; other parts than texts have
// none.
func joined(parts []any) (string, bool) {
	var texts []string
	for _, part := range parts {
		switch v := part.(type) {
		case string:
			texts = append(texts, v)
		case map[string]any:
			if text, ok := v["text"].(string); ok {
				texts = append(texts, text)
			}
		default:
			return "", false
		}
	}
	return strings.Join(texts, "\n"), true
}

var speaker = regexp.MustCompile(`(?i)^\s*(user|human|person|assistant|ai|model|system)\s*:\s*`)

// transcript splits a text whose first line names a speaker into messages, so that
// what the assistant said is not taken for the person's. Any other text is the
// person's.
func transcript(text string) []any {
	if !speaker.MatchString(text) {
		return []any{map[string]any{"role": "user", "content": text}}
	}
	var messages []any
	for line := range strings.Lines(text) {
		match := speaker.FindStringSubmatch(line)
		if match == nil {
			last := messages[len(messages)-1].(map[string]any)
			last["content"] = last["content"].(string) + line
			continue
		}
		role := strings.ToLower(match[1])
		if other := roles[role]; other != "" {
			role = other
		} else if role == "person" {
			role = "user"
		}
		messages = append(messages, map[string]any{"role": role, "content": line[len(match[0]):]})
	}
	for _, message := range messages {
		m := message.(map[string]any)
		m["content"] = strings.TrimSpace(m["content"].(string))
	}
	return messages
}

// decoded is JSON as Go has it, with numbers as they were written; nil where it
// is none.
func decoded(raw json.RawMessage) (value any) {
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil
	}
	return value
}

// encoded is a value that was decoded from raw.
func encoded(raw json.RawMessage, value any) json.RawMessage {
	if data, err := json.Marshal(value); err == nil {
		return data
	}
	return raw
}
