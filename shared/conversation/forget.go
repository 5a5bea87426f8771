package conversation

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// ForgetInput names what to erase.
type ForgetInput struct {
	ConversationID string `json:"conversation_id,omitempty"`
	Everything     bool   `json:"everything,omitempty" jsonschema:"All of the user's instead."`
	UserID         string `json:"user_id,omitempty" jsonschema:"Whose; left out, everything is all that this caller ever stored for anybody."`
}

// Forgotten says what was erased. Erasing what is gone already erases nothing.
type Forgotten struct {
	Conversations int    `json:"conversations"`
	Questions     int    `json:"questions"`
	Answers       int    `json:"answers"`
	Messages      int    `json:"messages"`
	Events        int    `json:"events" jsonschema:"Events that were waiting to be published."`
	Memory        string `json:"memory" jsonschema:"erased, or pending while memory cannot be reached: it is then erased as soon as it can be; none where there is no memory."`
	// Warnings say what was taken differently from what was sent.
	Warnings []string `json:"warnings,omitempty" jsonschema:"What was taken differently from what was sent."`
}

// Warn adds what was taken differently from what was sent.
func (f *Forgotten) Warn(notes []string) { f.Warnings = append(f.Warnings, notes...) }

// Text renders what was erased for a person.
func (f Forgotten) Text() string {
	if f.Conversations == 0 {
		return "There is nothing to forget (any more)."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Erased %s with %s, %s and %s.", counted(f.Conversations, "conversation"),
		counted(f.Questions, "question"), counted(f.Answers, "answer"), counted(f.Messages, "message"))
	switch f.Memory {
	case MemoryErased:
		b.WriteString(" Nothing of it is remembered either.")
	case MemoryPending:
		b.WriteString(" Memory cannot be reached at the moment; it is erased there as soon as it can be.")
	}
	return b.String()
}

// counted is a number with its noun.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Forget erases a conversation, or everything of a user, for good. What is on
// its way to memory does not come back: its events are deleted with it, and an event
// of the erasure has the indexer delete again what it wrote meanwhile. The database
// decides; memory is erased at once where it can be reached, and later otherwise.
func (s *Service) Forget(ctx context.Context, in ForgetInput) (Forgotten, error) {
	if err := s.CheckUser(in.UserID); err != nil {
		return Forgotten{}, err
	}
	if err := in.check(); err != nil {
		return Forgotten{}, err
	}
	erased, err := s.store.Erase(ctx, in.ConversationID, in.UserID, s.now())
	forgotten := Forgotten{
		Conversations: len(erased.Conversations), Questions: erased.Questions, Answers: erased.Answers,
		Messages: erased.Messages, Events: erased.Events, Memory: MemoryNone,
	}
	if len(erased.Conversations) > 0 {
		// Committed, even if there is an error about others: whatever fails from here on
		// is repeated by the event of the erasure, so the call says that memory is pending.
		s.statistics.drop(principal.From(ctx))
		s.nudger.Nudge()
		forgotten.Memory = s.forgetMemory(ctx, erased.Conversations)
	}
	if err != nil {
		return Forgotten{}, unavailable(err) // the same call again forgets the rest
	}
	return forgotten, nil
}

// check refuses a call that names nothing, or two things: nobody erases everything by
// leaving an argument out.
func (in ForgetInput) check() error {
	switch {
	case in.ConversationID != "" && in.Everything:
		return fault.Invalidf("everything", "goes without conversation_id; give one of the two")
	case in.ConversationID == "" && !in.Everything:
		return fault.Invalidf("conversation_id", "is missing; name the conversation, or say everything: true for all of the user's")
	}
	if in.ConversationID != "" {
		if _, err := uuid.Parse(in.ConversationID); err != nil {
			return fault.Invalidf("conversation_id", "%q is no conversation's id", in.ConversationID)
		}
	}
	return nil
}
