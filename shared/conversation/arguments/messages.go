package arguments

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// roles are other names of the roles, as chat interfaces give them. Those of tools
// count as the system's: their text is not the person's and may not be read for
// answers.
var roles = map[string]string{
	"human": "user", "ai": "assistant", "model": "assistant", "developer": "system", "tool": "system", "function": "system",
}

// shapeMessages takes a text or a transcript, a single message, and a list of texts or
// of messages with other roles or with content in parts. Timestamps and members that
// nobody asked for stay, and the schema decides on them.
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
	var rewritten rewriting
	messages := make([]any, 0, len(list))
	for _, item := range list {
		switch v := item.(type) {
		case string:
			if strings.HasPrefix(strings.TrimSpace(v), "{") {
				messages = append(messages, v) // a message as JSON in a string
				continue
			}
			rewritten.note("texts taken as what the person wrote")
			messages = append(messages, transcript(v)...)
		case map[string]any:
			messages = append(messages, rewritten.message(v))
		default:
			messages = append(messages, item)
		}
	}
	if _, single := decoded(raw).(map[string]any); !rewritten.changed && !single {
		return raw, nil
	}
	return encoded(raw, messages), rewritten.notes
}

// message gives a message its role and its content as one text. LangChain and others
// name the role in type. A role that is not known stays as it is, for the schema to
// name.
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

// joined is the text of a message's content in parts; other parts than texts have none.
// It reports false for parts of another shape: dropping them in silence could drop what
// the person said.
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

// speaker matches the name and colon that a line of a transcript begins with.
var speaker = regexp.MustCompile(`(?i)^\s*(user|human|person|assistant|ai|model|system)\s*:\s*`)

// transcript splits a text whose first line names a speaker into messages, so that what
// the assistant said is not taken for the person's. Any other text is the person's. A
// line without a speaker belongs to the message before it.
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
