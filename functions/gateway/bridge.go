package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"go.opentelemetry.io/otel/metric"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// bridge forwards a function's question to a client of an older revision as an
// elicitation, and the person's response back in a further call of the function.
// A 2026-07-28 client does both by itself.
type bridge struct {
	forwarder *forwarder
	targets   map[string]*target // by tool name
	pendings  pendingStore
	waiters   *waiters
	quota     *quota // of calls that wait for a person
	waiting   metric.Int64UpDownCounter
	timeout   time.Duration // of one form, at most
}

// waitingForPerson is what a client may show while it waits for a result.
const waitingForPerson = "Waiting for the person to answer"

// resume has a call that may ask the person continue where an identical call of
// the session stopped: with the response that came meanwhile, or with the form
// that is still open.
func (b *bridge) resume(ctx context.Context, t *target, call *toolCall) *failure {
	if call.forms == "" || !t.asks {
		return nil
	}
	session, err := b.pendings.ofSession(ctx, call.session)
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

// use adds a response to the call, which is then made again. The response
// of a client that cannot show a form after all is none: the call continues as one
// of a client without forms. A state goes with the arguments that it was made for,
// which are another call's when that asked in the same conversation.
func (c *toolCall) use(responded pending) {
	c.state, c.responses, c.used = responded.State, nil, responded.ID
	c.params.Arguments = responded.Arguments
	if responded.Response.accepted() {
		c.patience = 0 // it shows forms after all, and is worth waiting for
	}
	if responded.Response.Result == nil {
		c.forms = ""
		return
	}
	c.responses, _ = json.Marshal(map[string]json.RawMessage{responded.Form: responded.Response.Result}) // was read from JSON
}

// elicit makes an older client show the form that the function asks for, and adds
// the response to the call. Without one, the call continues as one of a client
// without forms, whose person is asked in text; the form stays pending.
func (b *bridge) elicit(ctx context.Context, t *target, call *toolCall, client *clientWriter, result *functionMessage, deadline time.Time) *failure {
	p, params, failed := newPending(t, call, result)
	if failed != nil {
		return failed
	}
	call.state, call.responses = p.State, nil
	release, ok := b.quota.take(principal.From(ctx))
	if !ok {
		call.forms = ""
		return nil
	}
	defer release()
	request, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": p.ID, "method": mcp.MethodElicitationCreate, "params": params,
	})
	if err != nil {
		return t.final(outcomeBadResponse, "its form cannot be passed on", incompatible, err)
	}
	err = b.pendings.open(ctx, p, call.used, max(b.timeout, pendingLifetime))
	switch {
	case errors.Is(err, errForgotten):
		return t.final(outcomeRefused, "its conversation was forgotten meanwhile", "call without conversation_id to open another", err)
	case err != nil:
		return t.retryable(outcomeUnavailable, "the person cannot be asked at the moment", 2*time.Second, err)
	}
	b.waiting.Add(ctx, 1)
	defer b.waiting.Add(context.WithoutCancel(ctx), -1)
	client.send(request)
	return b.await(ctx, t, call, client, p, deadline)
}

// await waits for the response to a form that was sent: for the bridge's timeout, up to
// the call's deadline, and no longer than three quarters of the time after which the
// client once gave up. The wait has four ends: a response, which the call uses; no
// response, and the call continues in text; a client that gave up, which is remembered;
// and a client that has gone, for which a response that came is recorded.
func (b *bridge) await(ctx context.Context, t *target, call *toolCall, client *clientWriter, p pending, deadline time.Time) *failure {
	began := time.Now()
	until := began.Add(b.timeout)
	if deadline.Before(until) {
		until = deadline
	}
	// A client that gave up before and may show no forms gets a result before it
	// gives up again.
	brief := call.patience > 0 && began.Add(call.patience*3/4).Before(until)
	if brief {
		until = began.Add(call.patience * 3 / 4)
	}
	response, err := b.waiters.wait(ctx, p, until, func() { client.keepalive(call.params.Meta["progressToken"], waitingForPerson) })
	client.waited += time.Since(began)
	switch {
	case err == nil && ctx.Err() != nil:
		// The client has gone, and who took the response counts on this call.
		if failed := b.record(context.WithoutCancel(ctx), response, call.header); failed != nil {
			slog.WarnContext(ctx, "a response waits for its call to be repeated", "error", failed.message, "cause", failed.causeText())
		}
		return t.canceled(ctx.Err())
	case err == nil:
		call.use(response)
		return nil
	case errors.Is(err, errNoResponse):
		if brief {
			b.note(ctx, "that a form was not shown", func(ctx context.Context) error { return b.pendings.notShown(ctx, p.ID) })
		}
		call.forms = ""
		return nil
	case errors.Is(err, errGivenUp):
		return t.canceled(err)
	}
	b.note(ctx, "that a client gave up", func(ctx context.Context) error { return b.pendings.giveUp(ctx, p.Request) })
	return t.canceled(err)
}

// finish deletes the responses that a result ends, once the client has it: a
// function that names no conversation in its result has nothing left to ask.
func (b *bridge) finish(ctx context.Context, call *toolCall, result *functionMessage) {
	if call.conversation == "" || result.Result == nil {
		return
	}
	complete := result.Result.Meta.Conversation == "" && !result.Result.IsError
	if complete || result.Result.Meta.StateRefused {
		b.note(ctx, "that no call resumes a form", func(ctx context.Context) error { return b.pendings.finish(ctx, call.conversation) })
	}
}

// note stores what is good to know later, even when the caller has gone; the call
// does not depend on it.
func (b *bridge) note(ctx context.Context, what string, store func(context.Context) error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := store(bounded); err != nil {
		slog.WarnContext(ctx, "cannot note "+what, "error", err)
	}
}

// record has the function record the response of a pending elicitation, with the
// credentials in header. The function counts a state once, so that it may be
// recorded again by the call that uses the response.
func (b *bridge) record(ctx context.Context, p pending, header http.Header) *failure {
	t, known := b.targets[p.Tool]
	if !known {
		return &failure{outcome: outcomeNotFound, message: p.Tool + ": there is no such tool any more"}
	}
	call := &toolCall{id: json.RawMessage(`0`), header: header, forms: modes}
	call.params.Name = p.Tool
	call.use(p)
	_, outcome, failed := b.forwarder.call(ctx, t, call, newClientWriter(discard{}, call.id, false))
	if failed == nil && outcome == outcomeToolError {
		failed = t.final(outcomeToolError, "its function refused a late response", "", nil)
	}
	return failed
}

// discard is a response writer for a function's notifications about a call that
// nobody waits for.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
