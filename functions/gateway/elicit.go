package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
)

// needed is what a function has to know before it can end a call.
type needed struct {
	Requests map[string]struct {
		Method mcp.MCPMethod   `json:"method"`
		Params json.RawMessage `json:"params"`
	} `json:"inputRequests"`
	State string `json:"requestState"`
}

const (
	cancelled = `{"action":"cancel"}`
	waiting   = "Waiting for the person to answer"
)

// elicit has an older client ask the person what the function asks for, and
// puts the answers in the call, which then is to be made again. A client that
// cannot show a form after all is taken for one that never said so.
func (g *gateway) elicit(ctx context.Context, t *target, call *toolCall, to *caller, answered *message, until time.Time) *failure {
	var asked struct {
		Result needed `json:"result"`
	}
	if err := json.Unmarshal(answered.raw, &asked); err != nil {
		return t.final(outcomeBadResponse, "its function asks for something that cannot be read", mismatched, err)
	}
	call.state, call.responses = asked.Result.State, nil
	select {
	case g.waits <- struct{}{}:
		g.meters.waiting.Add(ctx, 1)
		defer func() { <-g.waits; g.meters.waiting.Add(context.WithoutCancel(ctx), -1) }()
	default:
		call.forms = ""
		return nil
	}
	responses := map[string]json.RawMessage{}
	for _, name := range slices.Sorted(maps.Keys(asked.Result.Requests)) {
		request := asked.Result.Requests[name]
		if request.Method != mcp.MethodElicitationCreate {
			return t.final(outcomeBadResponse, fmt.Sprintf("its function asks for %s, which older clients are not asked for", request.Method), mismatched, nil)
		}
		params, err := inRevision(request.Params, call.forms)
		if err != nil {
			return t.final(outcomeBadResponse, "its function asks with a form that cannot be read", mismatched, err)
		}
		answer, failed := g.askPerson(ctx, t, call, to, params, until)
		if failed != nil {
			return failed
		}
		if answer == nil {
			call.forms = ""
			return nil
		}
		responses[name] = answer
	}
	if len(responses) == 0 {
		return t.final(outcomeBadResponse, "its function asks for nothing", mismatched, nil)
	}
	var err error
	if call.responses, err = json.Marshal(responses); err != nil {
		return t.final(outcomeBadResponse, "the client's answer cannot be passed on", mismatched, err)
	}
	return nil
}

// askPerson sends one form on the call's own stream and waits for what becomes
// of it. It returns nil when the client cannot show it.
func (g *gateway) askPerson(ctx context.Context, t *target, call *toolCall, to *caller, params json.RawMessage, until time.Time) (json.RawMessage, *failure) {
	id := askedPrefix + rand.Text()
	seat, err := g.desk.open(ctx, id, until)
	if err != nil {
		return nil, t.retryable(outcomeUnavailable, "the person's answer could not be waited for", 2*time.Second, err)
	}
	defer g.desk.close(ctx, id)
	request, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": id, "method": mcp.MethodElicitationCreate, "params": params,
	})
	if err != nil {
		return nil, t.final(outcomeBadResponse, "its form cannot be passed on", mismatched, err)
	}
	to.send(request)
	began := time.Now()
	answer, err := g.wait(ctx, id, seat, until, func() { to.alive(call.params.Meta["progressToken"], waiting) })
	to.waited += time.Since(began)
	switch {
	case errors.Is(err, errNoAnswer), errors.Is(err, errLeaving):
		return json.RawMessage(cancelled), nil
	case err != nil:
		return nil, g.unanswered(ctx, ctx, t, err)
	case answer.Result == nil:
		return nil, nil
	}
	return answer.Result, nil
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
	plain, err := json.Marshal(schema.For(revision))
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
