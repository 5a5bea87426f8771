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

// personTexts are what the person wrote in the messages worth keeping.
func personTexts(messages []Message) []string {
	var said []string
	for _, m := range latest(messages) {
		if m.Role == "user" && strings.TrimSpace(m.Content) != "" {
			said = append(said, m.Content)
		}
	}
	return said
}

// maxStored is how many messages are kept of a call, the latest.
const maxStored = 50

// latest returns the messages worth keeping of a call.
func latest(messages []Message) []Message {
	return messages[max(0, len(messages)-maxStored):]
}

// tail returns the messages at the end that the person wrote since the
// assistant last spoke: the reply.
func tail(messages []Message) []Message {
	start := len(messages)
	for start > 0 && messages[start-1].Role == "user" {
		start--
	}
	return messages[start:]
}

func replyText(messages []Message) string {
	var parts []string
	for _, m := range tail(messages) {
		if text := strings.TrimSpace(m.Content); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "\n")
}

// keptOf is latest as it is stored.
func keptOf(messages []Message) []store.Message {
	var kept []store.Message
	for _, m := range latest(messages) {
		kept = append(kept, store.Message(m))
	}
	return kept
}

// messagesOf is the chat as it was stored.
func messagesOf(kept []store.Message) []Message {
	all := make([]Message, len(kept))
	for i, m := range kept {
		all[i] = Message(m)
	}
	return all
}
