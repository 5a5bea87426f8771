package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
)

const (
	// pendingIDPrefix begins the ids of the requests that the gateway sends to
	// clients. The rest cannot be guessed.
	pendingIDPrefix = "ask-"
	// pendingLifetime is how long a response to a form counts, at least: a day, so
	// that a person can answer the next morning. It is shorter than
	// requeststate.Lifetime: the function still opens its state then.
	pendingLifetime = 24 * time.Hour
	// maxPending bounds the pending elicitations of one principal, each of which
	// holds a call's arguments. The oldest go first.
	maxPending = 1000
	// maxRead bounds how many pending elicitations of one session or conversation
	// are read, the newest first. A call has 10 forms at most.
	maxRead = 20
)

// pending is an elicitation that was sent to a client of an older revision and
// that no call has used the response of. It is durable: the call that waits for
// it may end first, and the response may reach another instance.
//
//	open ──response──► answered ──used by a call──► deleted
//
// A client that gives up, a wait that ends and an instance that dies leave it open:
// an identical call resumes it and a late response is recorded, until it expires or
// its conversation is forgotten.
type pending struct {
	ID           string
	Conversation string
	// Digests of the client's session, of the call and of its request id.
	Session, Call, Request []byte
	// What the response goes back with: the tool, its arguments, the name of the
	// form within the function's result, and the function's sealed state.
	Tool      string
	Arguments []byte
	Form      string
	State     string
	// Response is nil until the client responds; the first response counts.
	Response              *clientResponse
	OpenedAt, RespondedAt time.Time
	// Shown says whether the client showed the form; nil while nobody knows.
	Shown *bool
	// Patience is how long the client waited before it gave the call up; 0 when it
	// did not.
	Patience time.Duration
}

// errForgotten says that the conversation of a form has been erased.
var errForgotten = errors.New("the conversation has been forgotten")

// pendingStore holds the pending elicitations of the context's principal. Those that
// have expired are not found.
type pendingStore interface {
	// open stores a new one and deletes the one whose response led to it, if any. It
	// returns errForgotten when the conversation has been erased.
	open(ctx context.Context, p pending, used string, lifetime time.Duration) error
	// ofSession and ofConversation return the newest first, at most maxRead.
	ofSession(ctx context.Context, session []byte) ([]pending, error)
	ofConversation(ctx context.Context, conversation string) ([]pending, error)
	// respond stores a response, the first that comes, and returns what it is for.
	respond(ctx context.Context, id string, response clientResponse) (p pending, known bool, err error)
	// giveUp notes that the client gave up the request that waits for a response.
	giveUp(ctx context.Context, request []byte) error
	// notShown notes that a form which nobody responded to was not shown.
	notShown(ctx context.Context, id string) error
	// finish deletes the ones of a conversation that a person responded to. The
	// others can still be answered, but no call resumes them.
	finish(ctx context.Context, conversation string) error
	// close releases what the store holds. It is called once.
	close()
}

// clientResponse is what a client responds to a request of the server's.
type clientResponse struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

// accepted says that the response holds a person's answers.
func (r clientResponse) accepted() bool { return r.action() == "accept" }

// action returns accept, decline or cancel; empty for an error.
func (r clientResponse) action() string {
	var result struct {
		Action string `json:"action"`
	}
	_ = json.Unmarshal(r.Result, &result) // an unreadable one has no action
	return result.Action
}

// shown says whether a client that responded like this after so long showed the
// form to a person: one that could not have been read was not.
func (r clientResponse) shown(after time.Duration) bool {
	return r.accepted() || (r.Error == nil && after >= elicitation.ShownAfter)
}

// history is what a session's pending elicitations say of its client and of a call.
type history struct {
	resumed  *pending      // of the same call; nil when there is none
	noForms  bool          // the client does not show forms
	patience time.Duration // how long it waits for a result; 0 when nobody knows
}

// historyOf reads the history of a session, newest first, for the call with a digest.
func historyOf(session []pending, call []byte) history {
	var h history
	var shown *bool
	for i, p := range session {
		if h.resumed == nil && bytes.Equal(p.Call, call) {
			h.resumed = &session[i]
			// Who repeats a call has given the earlier one up, whether or not it has said so.
			if waited := time.Since(p.OpenedAt); p.Response == nil && p.Patience == 0 && waited >= elicitation.ShownAfter {
				p.Patience = waited
			}
		}
		if shown == nil {
			shown = p.Shown
		}
		if p.Patience > 0 && (h.patience == 0 || p.Patience < h.patience) {
			h.patience = p.Patience
		}
	}
	if shown != nil {
		// A client that shows forms is worth waiting for even beyond its own limit.
		h.noForms, h.patience = !*shown, 0
	}
	return h
}
