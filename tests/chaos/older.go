package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
)

// olderRevision is the revision of clients that receive elicitation/create.
const olderRevision = "2025-11-25"

// older is a client of an older revision: it answers forms during a call. It does not show
// forms that arrive after the call.
// mu is needed because the library calls Elicit from its own goroutine.
type older struct {
	sim *simulation

	mu   sync.Mutex
	over bool
	open int // index of the first unacknowledged statement
}

// Elicit shows a form. Another form during the call means that the previous one was
// accepted.
// A form that arrives after the end of its call is refused: nobody is there to see it.
func (o *older) Elicit(_ context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return nil, errKilled
	}
	o.sim.acknowledge(o.open)
	encoded, err := json.Marshal(request.Params.RequestedSchema)
	if err != nil {
		return nil, err
	}
	var schema elicitation.Schema
	if err := json.Unmarshal(encoded, &schema); err != nil {
		return nil, err
	}
	o.open = len(o.sim.Statements)
	r := o.sim.fields(schema)
	o.sim.log("the person answers", r)
	o.open = o.sim.firstSure(o.open, r)
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{
		Action: mcp.ElicitationResponseAction(r.Action), Content: r.Content}}, nil
}

// fillInOlder runs the conversation with forms during calls.
// Its limit is for the whole conversation, since one call contains all its forms.
func (sim *simulation) fillInOlder(ctx context.Context) error {
	first := sim.opening()
	pause := firstPause
	for began := time.Now(); time.Since(began) < callLimit; {
		result, err := sim.olderCall(ctx, sim.again(first))
		var refused *refusal
		switch {
		case err == nil:
			if done, err := sim.ended(ctx, *result); done || err != nil {
				return err
			}
			pause = firstPause
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &refused):
			return err
		case !errors.Is(err, errKilled):
			time.Sleep(pause)
			pause = min(2*pause, longestPause)
			sim.tally.repeated()
		}
	}
	return fmt.Errorf("it does not end within %s", callLimit)
}

// olderCall makes one call with a new client. The result acknowledges the answers given
// during it.
//
// Answers of forms before the last one are acknowledged by the next form, so a call that dies
// leaves at most one form's answers uncertain.
func (sim *simulation) olderCall(ctx context.Context, arguments map[string]any) (*automatic.Result, error) {
	sim.log("call "+automaticTool, map[string]any{"arguments": arguments, "revision": olderRevision})
	sim.tally.called()
	attempting, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	attempting, end := sim.mortal(attempting)
	defer end()
	person := &older{sim: sim, open: len(sim.Statements)}
	result, err := person.call(attempting, sim.client.url, arguments)
	person.mu.Lock()
	person.over = true
	person.mu.Unlock()
	switch {
	case errors.Is(context.Cause(attempting), errKilled):
		sim.tally.killed(clientName)
		sim.log("the client is killed", nil)
		return nil, errKilled
	case err != nil:
		sim.log("error", err.Error())
		kind := "older client: " + olderKind(err)
		sim.tally.failed(kind)
		if strings.Contains(err.Error(), "retrying will not help") {
			return nil, &refusal{err.Error()}
		}
		return nil, err
	}
	return sim.olderResult(person, result)
}

// olderKind sorts errors of the foreign client library, which has no types for
// them, by their texts.
// An unknown text counts as other; it is in the story.
func olderKind(err error) string {
	for _, kind := range []string{"retry in", "EOF", "connection re", "deadline exceeded", "502", "503", "404"} {
		if strings.Contains(err.Error(), kind) {
			return map[string]string{"retry in": "retryable error", "EOF": "connection cut", "connection re": "connection cut",
				"deadline exceeded": "timeout", "502": "HTTP 502", "503": "HTTP 503", "404": "HTTP 404"}[kind]
		}
	}
	return "other"
}

// olderResult reads a call's result. The structured content is decoded again, since
// the library has it as maps.
func (sim *simulation) olderResult(person *older, result *mcp.CallToolResult) (*automatic.Result, error) {
	if result.IsError {
		text := fmt.Sprint(result.Content)
		sim.log("tool error", text)
		if result.Meta != nil && result.Meta.AdditionalFields["sequential-questioning/retryable"] == true {
			sim.tally.failed("tool error: unavailable")
			return nil, errors.New(text)
		}
		sim.tally.failed("tool error: final")
		return nil, &refusal{text}
	}
	sim.log("result", encode(result.StructuredContent))
	sim.acknowledge(person.open)
	var read automatic.Result
	return &read, json.Unmarshal(encode(result.StructuredContent), &read)
}

// call connects, makes the call and disconnects. Each call has its own session, as
// if each came from another process.
func (o *older) call(ctx context.Context, address string, arguments map[string]any) (*mcp.CallToolResult, error) {
	// Broken streams are expected here and are recorded in the story.
	c, err := mcpclient.NewStreamableHttpClient(address, transport.WithHTTPLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	mcpclient.WithElicitationHandler(o)(c)
	defer c.Close()
	if err := c.Start(ctx); err != nil {
		return nil, err
	}
	var init mcp.InitializeRequest
	init.Params.ProtocolVersion = olderRevision
	init.Params.ClientInfo = mcp.Implementation{Name: "chaos", Version: "1"}
	init.Params.Capabilities.Elicitation = &mcp.ElicitationCapability{Form: &struct{}{}}
	if _, err := c.Initialize(ctx, init); err != nil {
		return nil, err
	}
	var request mcp.CallToolRequest
	request.Params.Name, request.Params.Arguments = automaticTool, arguments
	return c.CallTool(ctx, request)
}
