package gateway

import (
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
)

// modes is the revision since which a form says that it is one.
const modes = "2025-11-25"

// inputRequired is a function's result while it needs a response before it can end a
// call: the input requests by name, and the sealed state that comes back with the
// responses (multi-round-trip requests of 2026-07-28, SEP-2322).
type inputRequired struct {
	Requests map[string]struct {
		Method mcp.MCPMethod   `json:"method"`
		Params json.RawMessage `json:"params"`
	} `json:"inputRequests"`
	State string `json:"requestState"`
}

// newPending reads the one form that a function asks for, and returns its params in
// the words of the client's revision. Older revisions ask by a request of the
// server's, elicitation/create, one at a time. A form without a conversation is
// refused: nobody could find it again.
func newPending(t *target, call *toolCall, result *functionMessage) (p pending, params json.RawMessage, failed *failure) {
	bad := func(what string, err error) *failure { return t.final(outcomeBadResponse, what, incompatible, err) }
	var asked struct {
		Result inputRequired `json:"result"`
	}
	if err := json.Unmarshal(result.raw, &asked); err != nil {
		return p, nil, bad("its function asks for something that cannot be read", err)
	}
	if n := len(asked.Result.Requests); n != 1 {
		return p, nil, bad(fmt.Sprintf("its function asks for %d things at once, and older clients are asked for one", n), nil)
	}
	p = pending{
		ID: pendingIDPrefix + rand.Text(), Conversation: result.Result.Meta.Conversation, Session: call.session, Call: call.digest, Request: call.request,
		Tool: t.tool.Name, Arguments: call.params.Arguments, State: asked.Result.State,
	}
	for name, request := range asked.Result.Requests {
		if request.Method != mcp.MethodElicitationCreate {
			return p, nil, bad(fmt.Sprintf("its function asks for %s, which older clients are not asked for", request.Method), nil)
		}
		var err error
		if params, err = inRevision(request.Params, call.forms); err != nil {
			return p, nil, bad("its function asks with a form that cannot be read", err)
		}
		p.Form = name
	}
	if call.conversation = p.Conversation; p.Conversation == "" {
		return p, nil, bad("its function asks without naming the conversation", nil)
	}
	return p, params, nil
}

// inRevision returns a form's params in the words of an older revision. Only the
// schema and the mode differ; the message and metadata are the function's.
func inRevision(params json.RawMessage, revision string) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(params, &members); err != nil {
		return nil, err
	}
	var schema elicitation.Schema
	if err := json.Unmarshal(members["requestedSchema"], &schema); err != nil {
		return nil, err
	}
	var meta map[string]json.RawMessage
	var language string
	_ = json.Unmarshal(members["_meta"], &meta)                  // without one
	_ = json.Unmarshal(meta[elicitation.LanguageKey], &language) // it is English
	plain, err := json.Marshal(schema.For(revision, language))
	if err != nil {
		return nil, err
	}
	members["requestedSchema"] = plain
	if revision < modes {
		delete(members, "mode")
	}
	return json.Marshal(members)
}
