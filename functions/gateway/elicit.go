package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// inputRequired is what a function has to know before it can end a call.
type inputRequired struct {
	Requests map[string]struct {
		Method mcp.MCPMethod   `json:"method"`
		Params json.RawMessage `json:"params"`
	} `json:"inputRequests"`
	State string `json:"requestState"`
}

const waitingForPerson = "Waiting for the person to answer"

// resume has a call that may ask the person continue where an identical call of
// the session stopped: with the response that came meanwhile, or with the form
// that is still open.
func (g *gateway) resume(ctx context.Context, t *target, call *toolCall) *failure {
	if call.forms == "" || !t.asks {
		return nil
	}
	session, err := g.pendings.ofSession(ctx, call.session)
	if err != nil {
		return t.retryable(outcomeUnavailable, "it cannot be looked up what the person was asked", 2*time.Second, err)
	}
	h := historyOf(session, call.digest)
	call.patience = h.patience
	if h.noForms {
		call.forms = ""
	}
	if h.resumed != nil {
		call.conversation = h.resumed.Conversation
		call.state, call.params.Arguments = h.resumed.State, h.resumed.Arguments
		if h.resumed.Response != nil {
			call.use(*h.resumed)
		}
	}
	return nil
}

// use puts a response in the call, which then is to be made again. The response
// of a client that cannot show a form after all is none: the call continues as one
// of a client without forms. A state goes with the arguments that it was made for,
// which are another call's when that asked in the same conversation.
func (c *toolCall) use(answered pending) {
	c.state, c.responses, c.used = answered.State, nil, answered.ID
	c.params.Arguments = answered.Arguments
	if answered.Response.accepted() {
		c.patience = 0 // it shows forms after all, and is worth waiting for
	}
	if answered.Response.Result == nil {
		c.forms = ""
		return
	}
	c.responses, _ = json.Marshal(map[string]json.RawMessage{answered.Form: answered.Response.Result}) // was read from JSON
}

// elicit has an older client show the form that the function asks for, and puts
// the response in the call. Without one, the call continues as one of a
// client without forms, whose person is asked in text; the form stays pending.
func (g *gateway) elicit(ctx context.Context, t *target, call *toolCall, to *caller, answered *message, deadline time.Time) *failure {
	p, params, failed := newPending(t, call, answered)
	if failed != nil {
		return failed
	}
	call.state, call.responses = p.State, nil
	release, ok := g.waits.take(principal.From(ctx))
	if !ok {
		call.forms = ""
		return nil
	}
	defer release()
	request, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": p.ID, "method": mcp.MethodElicitationCreate, "params": params,
	})
	if err != nil {
		return t.final(outcomeBadResponse, "its form cannot be passed on", mismatched, err)
	}
	err = g.pendings.open(ctx, p, call.used, max(g.config.ElicitationTimeout, pendingLifetime))
	switch {
	case errors.Is(err, errForgotten):
		return t.final(outcomeRefused, "its conversation was forgotten meanwhile", "call without conversation_id to open another", err)
	case err != nil:
		return t.retryable(outcomeUnavailable, "the person cannot be asked at the moment", 2*time.Second, err)
	}
	g.meters.waiting.Add(ctx, 1)
	defer g.meters.waiting.Add(context.WithoutCancel(ctx), -1)
	to.send(request)
	return g.await(ctx, t, call, to, p, deadline)
}

// await waits for the response to a form that was sent.
func (g *gateway) await(ctx context.Context, t *target, call *toolCall, to *caller, p pending, deadline time.Time) *failure {
	began := time.Now()
	until := earliest(began.Add(g.config.ElicitationTimeout), deadline)
	// A client that gave up before and may show no forms gets a result before it
	// gives up again.
	brief := call.patience > 0 && began.Add(call.patience*3/4).Before(until)
	if brief {
		until = began.Add(call.patience * 3 / 4)
	}
	response, err := g.wait(ctx, p, until, func() { to.alive(call.params.Meta["progressToken"], waitingForPerson) })
	to.waited += time.Since(began)
	switch {
	case err == nil && ctx.Err() != nil:
		// The client has gone, and who took the response counts on this call.
		if failed := g.record(context.WithoutCancel(ctx), response, call.header); failed != nil {
			slog.WarnContext(ctx, "a response waits for its call to be repeated", "error", failed.message, "cause", failed.causeText())
		}
		return g.unanswered(ctx, ctx, t, ctx.Err())
	case err == nil:
		call.use(response)
		return nil
	case errors.Is(err, errNoResponse):
		if brief {
			g.note(ctx, "that a form was not shown", func(ctx context.Context) error { return g.pendings.notShown(ctx, p.ID) })
		}
		call.forms = ""
		return nil
	case errors.Is(err, errGivenUp):
		return &failure{outcome: outcomeCanceled, message: t.tool.Name + ": the client cancelled the call", cause: err}
	}
	g.note(ctx, "that a client gave up", func(ctx context.Context) error { return g.pendings.giveUp(ctx, p.Request) })
	return g.unanswered(ctx, ctx, t, err)
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// note stores what is good to know later, even when the caller has gone; the call
// does not depend on it.
func (g *gateway) note(ctx context.Context, what string, store func(context.Context) error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	if err := store(bounded); err != nil {
		slog.WarnContext(ctx, "cannot note "+what, "error", err)
	}
}

// newPending reads the one form that a function asks for, and returns its params
// in the words of the client's revision.
func newPending(t *target, call *toolCall, answered *message) (p pending, params json.RawMessage, failed *failure) {
	bad := func(what string, err error) *failure { return t.final(outcomeBadResponse, what, mismatched, err) }
	var asked struct {
		Result inputRequired `json:"result"`
	}
	if err := json.Unmarshal(answered.raw, &asked); err != nil {
		return p, nil, bad("its function asks for something that cannot be read", err)
	}
	if n := len(asked.Result.Requests); n != 1 {
		return p, nil, bad(fmt.Sprintf("its function asks for %d things at once, and older clients are asked for one", n), nil)
	}
	p = pending{
		ID: pendingIDPrefix + rand.Text(), Conversation: answered.Result.Meta.Conversation, Session: call.session, Call: call.digest, Request: call.request,
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

// inRevision is a form's params in the words of an older revision.
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

// modes is the revision since which a form says that it is one.
const modes = "2025-11-25"
