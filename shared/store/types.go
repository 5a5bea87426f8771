package store

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// What a caller has to distinguish, by errors.Is. Everything else is a failure of
// the database, which postgres.Retryable judges.
var (
	// ErrNotFound says that the principal has no such conversation or answer. Nobody
	// learns whether another principal does.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that the conversation was changed or erased since it was
	// loaded. Nothing of the change is stored.
	ErrConflict = errors.New("the conversation was changed by another call")
	// ErrForeignSession says that a session belongs to another user.
	ErrForeignSession = errors.New("the session belongs to another user")
	// ErrOtherCall says that another call opened a conversation by the same key.
	ErrOtherCall = errors.New("the key was used for another call")
)

// NotKeptError says that a call with the same key, goal and user opened a conversation,
// which no longer keeps what that call returned.
type NotKeptError struct{ ConversationID string }

// Error says so.
func (e *NotKeptError) Error() string {
	return "what the call returned that opened conversation " + e.ConversationID + " is no longer kept"
}

// Conversation is a conversation as stored. Its answers and messages are not read
// with it: what is known from them is in State.
type Conversation struct {
	ID, SessionID string
	UserID        string          // empty where the caller named none
	Goal          string          // also of State
	Playbook      string          // empty where InformationNeeded names the slots
	Needed        json.RawMessage // information_needed as it came; nil with a playbook, and where it was not loaded
	SchemaKey     string          // what conversations for the same information share, for statistics; may be empty
	Revision      int             // 1 when it opens, one more with each change
	StopReason    string          // empty while questions are asked
	State         *questioning.State
}

// Call is what an earlier call returned, so that a repeated one returns the same.
// The last 16 revisions have theirs, for KeptFor.
type Call struct {
	Revision int // of the conversation after it
	Result   json.RawMessage
}

// Message is one message of the chat, as the caller sent it.
type Message struct {
	Role      string // user, assistant or system
	Content   string
	Timestamp *time.Time // nil where the caller gave none
}

// Answer is an answer to be stored. A conversation holds a digest once for each
// slot: what is said twice is stored once. Storing it again is an error.
type Answer struct {
	questioning.Answer
	Digest []byte // SHA-256 of what was said, as it came
}

// Named is what a call names of a conversation that is loaded for it alone.
type Named struct {
	Fingerprint []byte // of the call, SHA-256; nil for none
	Questions   []int  // by number
	Answer      int    // by number; 0 for none
	Messages    bool   // those kept of it
	Needed      bool   // Conversation.Needed
}

// Loaded is a conversation with what a call named of it.
type Loaded struct {
	*Conversation
	Earlier  *Call          // what the same call returned before; nil where it is new
	SlotOf   map[int]string // by number, of the open questions and of those named that were put
	TextOf   map[int]string // of the same questions, as they were put
	Answer   string         // the slot that the named answer is about; empty where there is no such answer
	Messages []Message      // in the order in which they came: by call, then as the call had them
}

// Change is what one call adds to a conversation. Its events, and the rows that
// are written, follow from it and from how the state differs from Before.
type Change struct {
	Before      *questioning.State // as loaded; it shares no slot states with what was changed
	Answers     []Answer
	Revised     []questioning.Revised // of the answers, those that revise what the slot held
	Messages    []Message
	Fingerprint []byte            // of the call, SHA-256
	Batch       questioning.Batch // its new questions are the last open ones
	Completed   bool              // by this change: its event is queued once
	Replaced    bool              // the slots are others than were loaded, without an answer; Before has the others
	Result      json.RawMessage   // what the same call gets again
}

// Opening is a new conversation, its first batch of questions and what identifies
// whose it is. Of its Change, what a new conversation has is stored: answers,
// messages, fingerprint, batch and result.
type Opening struct {
	Conversation
	Change
	Metadata json.RawMessage
	OpenedBy []byte // SHA-256 of what identifies the opening call; nil where nothing does
	WithKey  bool   // OpenedBy is a key that the caller chose: it stays when the conversation continues
	// AssumedFrom is the conversation that an assumption was recalled from, by slot.
	AssumedFrom map[string]string
}

// CitedAnswer is a stored answer with the question it answers, so that what is
// known can be traced to who said it when.
type CitedAnswer struct {
	Number       int
	Slot         string
	Question     int    // 0 where it answers none
	QuestionText string // as it was asked
	Outcome      questioning.Outcome
	Words        string
	AnsweredAt   time.Time // by the database's clock
}

// HistoryEntry is a stored answer with what superseded it.
type HistoryEntry struct {
	CitedAnswer
	Value        any // nil where there is none
	SupersededBy int // 0 where it was not
}

// SlotAnswer names an answer that a slot of a conversation may rest on. The
// conversation's id is a UUID.
type SlotAnswer struct {
	ConversationID, Slot string
	Number               int
}

// Erased is what was erased: ids, and how many of the others. Events are those that
// were not published yet.
type Erased struct {
	Conversations                        []string
	Questions, Answers, Messages, Events int
}

// keptCalls is how many results a conversation keeps for repeated calls: as many
// revisions back. A caller repeats a call that it got no result of, hardly an older
// one, and a result is the largest row of a conversation.
const keptCalls = 16

// KeptFor is how long a result is kept: longer than a form's state can be sent back.
// The relay sweeps what is older.
const KeptFor = 72 * time.Hour

// KeepsCallsOf reports whether the results of calls that were made at an earlier
// revision are still kept. Afterwards it is no longer known whether a call that was
// made then is a repeated one.
func (c *Conversation) KeepsCallsOf(revision int) bool { return c.Revision-revision <= keptCalls }
