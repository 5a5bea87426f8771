package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// toolCalls answers tools/call. It is the one place that knows both sides: the bridge
// talks to the client in its revision, the forwarder to the function.
type toolCalls struct {
	forwarder *forwarder
	bridge    *bridge
	inFlight  *inFlight
	waker     *waker
	rates     *rateLimit
	startup   *startup
	meters    meters

	timeout time.Duration // of a call with all its forms
	rounds  int           // forms of one call, at most
}

// serve forwards a call to the tool's function and its response back.
func (c *toolCalls) serve(w http.ResponseWriter, r *http.Request, t *target, call *toolCall) {
	client := newClientWriter(w, call.id, call.modern)
	began := time.Now()
	if wait, ok := c.rates.take(principal.From(r.Context())); !ok {
		failed := t.retryable(outcomeLimited, "more calls than CALLS_PER_MINUTE allows", wait, nil)
		failed.status = http.StatusTooManyRequests
		client.fail(failed)
		c.meters.observe(r.Context(), t, outcomeLimited, 0, false, failed)
		return
	}
	ctx, untrack := c.inFlight.track(r.Context(), call.request)
	defer untrack()
	failed := c.startup.wait(ctx, t, call, client)
	outcome := ""
	if failed == nil {
		outcome, failed = c.run(ctx, t, call, client)
	}
	if failed == nil {
		c.waker.called(ctx, t, client.next)
	} else {
		outcome = failed.outcome
		// A request that its client cancelled gets no response.
		if outcome != outcomeCanceled || !client.streaming {
			client.fail(failed)
		}
	}
	c.meters.observe(r.Context(), t, outcome, time.Since(began)-client.waited, client.cold, failed)
}

// run calls the function, and calls it again for an older client with the person's
// response, until there is a result. The function is stateless, so each round is a
// call of its own on any instance. rounds bounds them against a function that never
// stops asking.
func (c *toolCalls) run(ctx context.Context, t *target, call *toolCall, client *clientWriter) (outcome string, failed *failure) {
	deadline := time.Now().Add(c.timeout)
	if failed := c.bridge.resume(ctx, t, call); failed != nil {
		return "", failed
	}
	for round := 0; ; round++ {
		result, outcome, failed := c.forwarder.call(ctx, t, call, client)
		if failed != nil {
			return "", failed
		}
		if outcome != outcomeInputRequired || call.modern {
			// A client that closes its connection as soon as it has the result was
			// here for it.
			here := ctx.Err() == nil
			if err := client.result(result); err != nil {
				return "", t.noResult(err)
			}
			if here {
				c.bridge.finish(ctx, call, result)
			}
			return outcome, nil
		}
		if call.forms == "" || round == c.rounds {
			return "", t.final(outcomeInputRequired, "it has to ask the person, which this client does not let it",
				"use sequential_questioning and put its questions to the person yourself", nil)
		}
		if failed := c.bridge.elicit(ctx, t, call, client, result, deadline); failed != nil {
			return "", failed
		}
	}
}

// cancel ends the call that a client cancels, at whichever instance it is in
// flight. A client without a session cancels by closing the connection.
func (c *toolCalls) cancel(w http.ResponseWriter, r *http.Request, params json.RawMessage) {
	var named struct {
		ID json.RawMessage `json:"requestId"`
	}
	_ = json.Unmarshal(params, &named) // what cannot be read cancels nothing
	request := requestDigest(r.Context(), r.Header, named.ID)
	if request != nil && len(named.ID) > 0 && !c.inFlight.cancel(request) && takesForms(r.Header) {
		if err := c.bridge.pendings.giveUp(r.Context(), request); err != nil {
			slog.WarnContext(r.Context(), "a cancellation cannot be passed on", "error", err)
		}
	}
	w.WriteHeader(http.StatusAccepted)
}
