package arguments

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
)

// roles are other names of the roles, as chat interfaces give them. Those of tools
// count as the system's: their text is not the person's and may not be read for
// answers.
var roles = map[string]string{
	"user": "user", "human": "user", "person": "user", "customer": "user", "client": "user", "visitor": "user", "caller": "user", "me": "user",
	"assistant": "assistant", "ai": "assistant", "model": "assistant", "bot": "assistant", "chatbot": "assistant", "agent": "assistant",
	"gpt": "assistant", "claude": "assistant", "chatgpt": "assistant", "gemini": "assistant", "copilot": "assistant",
	"system": "system", "developer": "system", "tool": "system", "function": "system",
	"nutzer": "user", "benutzer": "user", "kunde": "user", "utilisateur": "user", "usuario": "user", "usuário": "user", "utente": "user",
	"cliente": "user", "gebruiker": "user", "assistent": "assistant", "asistente": "assistant", "assistente": "assistant",
}

// labels are roles that are as likely to name what is told ("Model: Golf"): a text of
// lines is a transcript by them only if both sides speak.
var labels = strings.Fields("person customer client visitor caller me model bot agent system tool function kunde cliente")

// Other names of a message's members, the first that is there: of LangChain, ShareGPT,
// Gemini, the AI SDK and chat platforms.
var (
	roleNames    = []string{"sender", "from", "speaker", "author", "type"}
	contentNames = []string{"parts", "text", "message", "body", "value", "data", "kwargs"}
)

// shapeMessages takes a text or a transcript, a single message, and a list of texts or
// of messages with other members, other roles or content in parts.
func shapeMessages(raw json.RawMessage) (json.RawMessage, []string) {
	value := decoded(raw)
	var rewritten rewriting
	if object, ok := value.(map[string]any); ok {
		if inner, ok := object["messages"].([]any); ok && len(object) == 1 {
			value = inner
		} else {
			value = []any{object}
		}
		rewritten.changed = true
	}
	if text, ok := value.(string); ok {
		return encoded(raw, transcript(text)), []string{"a text taken as what the person wrote"}
	}
	list, ok := value.([]any)
	if !ok {
		return raw, nil
	}
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
			messages = append(messages, rewritten.messages(v)...)
		default:
			messages = append(messages, item)
		}
	}
	if !rewritten.changed {
		return raw, nil
	}
	return encoded(raw, messages), rewritten.notes
}

// messages are what an object says: one message, one for a role that is its only
// member ({"user": "…"}), two for a question with its answer, none where it has no
// text, as a call of a tool has none.
func (s *rewriting) messages(object map[string]any) []any {
	if len(object) == 1 {
		for name, value := range object {
			role, known := roleOf(name)
			if _, isText := value.(string); isText && known {
				s.note("members taken as messages by their roles")
				return []any{map[string]any{"role": role, "content": value}}
			}
		}
	}
	question, asked := object["question"].(string)
	answer, answered := object["answer"].(string)
	if asked && answered && len(object) == 2 {
		s.note("questions and answers taken as messages")
		return []any{map[string]any{"role": "assistant", "content": question}, map[string]any{"role": "user", "content": answer}}
	}
	message := s.message(object)
	if content, given := message["content"]; given && content == nil && message["role"] != "user" {
		s.changed = true
		return nil
	}
	return []any{message}
}

// message gives a message its role and its content as one text. A role that is not
// known stays as it is, for the schema to name. Members that are not about what was
// said, such as ids, are left out.
func (s *rewriting) message(message map[string]any) map[string]any {
	taken := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(message)) {
		folded := strings.ToLower(name)
		if _, given := message[folded]; given && folded != name {
			continue
		}
		taken[folded] = message[name]
		s.changed = s.changed || folded != name
	}
	s.rename(taken, "role", roleNames)
	s.rename(taken, "content", contentNames)
	if author, ok := taken["role"].(map[string]any); ok && author["role"] != nil {
		taken["role"], s.changed = author["role"], true
	}
	if role, ok := taken["role"].(string); ok {
		known, _ := roleOf(role)
		if folded := strings.ToLower(strings.TrimSpace(role)); known != folded {
			s.note(fmt.Sprintf("role %s taken as %s", folded, known))
		}
		if known != role {
			taken["role"], s.changed = known, true
		}
	}
	if text, ok := textIn(taken["content"]); ok {
		taken["content"] = text
		s.note("content in parts taken as one text")
	}
	for _, name := range slices.Sorted(maps.Keys(taken)) {
		text, _ := taken[name].(string)
		_, err := time.Parse(time.RFC3339, text)
		if name == "role" || name == "content" || name == "timestamp" && err == nil {
			continue
		}
		delete(taken, name)
		s.changed = true
	}
	return taken
}

// rename gives a member its name where only another one of it is there.
func (s *rewriting) rename(message map[string]any, name string, others []string) {
	if _, given := message[name]; given {
		return
	}
	for _, other := range others {
		value, given := message[other]
		if text, isText := value.(string); isText && other == "type" { // of LangChain; elsewhere it says "message"
			_, given = roleOf(text)
		}
		if given {
			message[name], s.changed = value, true
			delete(message, other)
			return
		}
	}
}

// roleOf is the role of that name; an unknown name comes back in lower case.
func roleOf(name string) (role string, known bool) {
	folded := strings.ToLower(strings.TrimSpace(name))
	if role, known = roles[folded]; known {
		return role, true
	}
	return folded, false
}

// textIn is the text of a message's content in parts; other parts than texts have none.
// It reports false for parts of another shape: dropping them in silence could drop what
// the person said.
func textIn(content any) (string, bool) {
	switch v := content.(type) {
	case map[string]any:
		for _, name := range []string{"text", "content", "parts"} {
			if text, ok := v[name].(string); ok {
				return text, true
			}
			if inner, ok := v[name].([]any); ok {
				return textIn(inner)
			}
		}
	case []any:
		var texts []string
		for _, part := range v {
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
	return "", false
}

// speaker matches the name and colon that a line of a transcript begins with, also in
// bold, and speakerTag the tag that a message of one may stand in.
var (
	speaker    = lazyregexp.New(`^\s*[*_>#\[-]{0,3}\s*(\pL+)\s*[*_\]]{0,2}\s*:\s*[*_]{0,2}\s*`)
	speakerTag = lazyregexp.New(`(?is)<(user|human|assistant|ai|model|system)>(.*?)</(?:user|human|assistant|ai|model|system)>`)
)

// spoken returns the name that a line of a transcript begins with, its role, and what
// follows. Letters stand for speakers where questions and answers take turns.
func spoken(line string, letters bool) (name, role, rest string) {
	match := speaker.FindStringSubmatch(line)
	if match == nil {
		return "", "", ""
	}
	name = strings.ToLower(match[1])
	role = roles[name]
	if letters && role == "" {
		role = map[string]string{"q": "assistant", "a": "user"}[name]
	}
	return name, role, line[len(match[0]):]
}

// questionsAndAnswers matches a text in which the two take turns: "Q: … A: …".
var questionsAndAnswers = lazyregexp.New(`(?is)^\W*q\s*:.*\n\W*a\s*:`)

// transcript splits a text whose first line names a speaker into messages, so that what
// the assistant said is not taken for the person's. Any other text is the person's. A
// line without a speaker belongs to the message before it.
func transcript(text string) []any {
	text = strings.TrimSpace(text)
	if tagged := speakerTag.FindAllStringSubmatch(text, -1); tagged != nil && strings.HasPrefix(text, "<") {
		messages := make([]any, len(tagged))
		for i, match := range tagged {
			role, _ := roleOf(match[1])
			messages[i] = map[string]any{"role": role, "content": strings.TrimSpace(match[2])}
		}
		return messages
	}
	letters := questionsAndAnswers.MatchString(text)
	var messages []any
	var last strings.Builder // of the message that lines still belong to
	said, certain := map[string]bool{}, false
	end := func() {
		if len(messages) > 0 {
			messages[len(messages)-1].(map[string]any)["content"] = strings.TrimSpace(last.String())
		}
		last.Reset()
	}
	for line := range strings.Lines(text) {
		name, role, rest := spoken(line, letters)
		switch {
		case role != "":
			end()
			said[role] = true
			certain = certain || !slices.Contains(labels, name)
			messages = append(messages, map[string]any{"role": role})
			last.WriteString(rest)
		case len(messages) > 0:
			last.WriteString(line)
		default: // the first line names nobody
			return []any{map[string]any{"role": "user", "content": text}}
		}
	}
	end()
	if !certain && !(said["user"] && said["assistant"]) {
		return []any{map[string]any{"role": "user", "content": text}}
	}
	return messages
}
