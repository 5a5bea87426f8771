package conversation

import (
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Message is one message of the chat.
type Message struct {
	Role      string     `json:"role"`
	Content   string     `json:"content"`
	Timestamp *time.Time `json:"timestamp,omitempty"`
}

// personTexts are what the person wrote in the messages worth keeping, oldest first.
// Other roles are left out: what the assistant said is not the person's.
func personTexts(messages []Message) []string {
	var texts []string
	for _, m := range latest(messages) {
		if m.Role == "user" && strings.TrimSpace(m.Content) != "" {
			texts = append(texts, m.Content)
		}
	}
	return texts
}

// openingTexts are the goal and the messages of the person, each by itself.
func openingTexts(goal string, chat []Message) []string {
	return append([]string{goal}, personTexts(chat)...)
}

// maxStored is how many messages are kept of a call, the latest: what questions refer to
// is near. Clients send their whole chat with every call.
const maxStored = 50

// latest returns the messages worth keeping of a call.
func latest(messages []Message) []Message {
	return messages[max(0, len(messages)-maxStored):]
}

// stored is latest as it is stored.
func stored(messages []Message) []store.Message {
	var all []store.Message
	for _, m := range latest(messages) {
		all = append(all, store.Message(m))
	}
	return all
}

// loaded is the chat as it was stored.
func loaded(messages []store.Message) []Message {
	all := make([]Message, len(messages))
	for i, m := range messages {
		all[i] = Message(m)
	}
	return all
}

// tail returns the messages at the end that the person wrote since the assistant last
// spoke: the reply. The system's messages end it as the assistant's do.
func tail(messages []Message) []Message {
	start := len(messages)
	for start > 0 && messages[start-1].Role == "user" {
		start--
	}
	return messages[start:]
}

// askedText is the assistant's message before the reply, empty where a client sends none.
func askedText(messages []Message) string {
	before := messages[:len(messages)-len(tail(messages))]
	if len(before) == 0 {
		return ""
	}
	return before[len(before)-1].Content
}

// replyText is the reply as one text; a person may send several messages in a row.
func replyText(messages []Message) string {
	var parts []string
	for _, m := range tail(messages) {
		if text := strings.TrimSpace(m.Content); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "\n")
}
