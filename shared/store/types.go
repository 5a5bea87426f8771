package store

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// What a caller has to tell apart. Everything else is a failure of the database,
// which postgres.Retryable judges.
var (
	// ErrNotFound says that the principal has no such conversation or answer.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that the conversation was changed since it was loaded.
	ErrConflict = errors.New("the conversation was changed by another call")
	// ErrForeignSession says that a session belongs to another user.
	ErrForeignSession = errors.New("the session belongs to another user")
	// ErrOtherCall says that another call opened a conversation by the same key.
	ErrOtherCall = errors.New("the key was used for another call")
)

// Conversation is a conversation as stored.
type Conversation struct {
	ID, SessionID string
	UserID        string          // empty where the caller named none
	Goal          string          // also of State
	Playbook      string          // empty where InformationNeeded names the slots
	Needed        json.RawMessage // information_needed as it came; nil with a playbook
	SchemaKey     string          // what conversations for the same information share, for statistics; may be empty
	Revision      int             // 1 when it opens, one more with each change
	StopReason    string          // empty while questions are asked
	State         *questioning.State
}

// Call is what an earlier call returned, so that a repeated one returns the same.
type Call struct {
	Revision int // of the conversation after it
	Result   json.RawMessage
}

// Message is one message of the chat.
type Message struct {
	Role      string
	Content   string
	Timestamp *time.Time
}

// Answer is an answer to be stored. A conversation holds a digest once for each
// slot: what is said twice is stored once.
type Answer struct {
	questioning.Answer
	Digest []byte // SHA-256
}

// Named is what a call names of a conversation beside itself.
type Named struct {
	Fingerprint []byte // of the call, SHA-256; nil for none
	Questions   []int  // by number
	Answer      int    // by number, 0 for none
	Messages    bool   // those kept of it
}

// Loaded is a conversation with what a call named of it.
type Loaded struct {
	*Conversation
	Earlier  *Call          // what the same call returned before; nil where it is new
	SlotOf   map[int]string // by number, the slot of each named question that was put, and of the open ones
	Answer   string         // the slot that the named answer is about; empty where there is no such answer
	Messages []Message      // in their order
}

// Change is what one call adds to a conversation. Its events follow from it.
type Change struct {
	Before      *questioning.State // as loaded
	Replaced    bool               // the slots are others than before, and so are the questions for them
	Answers     []Answer
	Revised     *questioning.Revised // when the change is a revision
	Messages    []Message
	Fingerprint []byte // of the call, SHA-256
	Batch       questioning.Batch
	Completed   bool // by this change
	Result      json.RawMessage
}

// Opening is a new conversation, its first batch of questions and what tells
// whose it is. Of its Change, what a new conversation has is stored: messages,
// fingerprint, batch and result.
type Opening struct {
	Conversation
	Change
	Metadata json.RawMessage
	OpenedBy []byte // digest of what identifies the opening call; nil where nothing does
	WithKey  bool   // OpenedBy is a key that the caller chose: it stays when the conversation goes on
	// AssumedFrom is the conversation that an assumption was recalled from, by slot.
	AssumedFrom map[string]string
}

// CitedAnswer is a stored answer with the question it answers.
type CitedAnswer struct {
	Number       int
	Slot         string
	Question     int    // 0 where it answers none
	QuestionText string // as it was put
	Outcome      questioning.Outcome
	Words        string
	AnsweredAt   time.Time
}

// HistoryEntry is a stored answer with what superseded it.
type HistoryEntry struct {
	CitedAnswer
	Value        any // nil where there is none
	SupersededBy int // 0 where it was not
}

// SlotAnswer names an answer that a slot of a conversation may rest on.
type SlotAnswer struct {
	ConversationID, Slot string
	Number               int
}

// Erased is what was erased.
type Erased struct {
	Conversations                        []string
	Questions, Answers, Messages, Events int
}

// keptCalls is how many results a conversation keeps for repeated calls: as many
// revisions back.
const keptCalls = 16

// KeepsCallsOf tells whether the results of calls that were made at an earlier
// revision are still kept.
func (c *Conversation) KeepsCallsOf(revision int) bool { return c.Revision-revision <= keptCalls }
