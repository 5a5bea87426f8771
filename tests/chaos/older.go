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

// olderRevision is what a client speaks that is asked by elicitation/create.
const olderRevision = "2025-11-25"

// older is one client of an older revision: it answers forms within a call.
// Forms that come after the call is over are not shown.
type older struct {
	iv *interview

	mu   sync.Mutex
	over bool
	open int // the first statement that is not acknowledged yet
}

// Elicit shows a form. A further form within one call says that the one before
// was taken.
func (o *older) Elicit(_ context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return nil, errKilled
	}
	o.iv.acknowledge(o.open)
	encoded, err := json.Marshal(request.Params.RequestedSchema)
	if err != nil {
		return nil, err
	}
	var schema elicitation.Schema
	if err := json.Unmarshal(encoded, &schema); err != nil {
		return nil, err
	}
	o.open = len(o.iv.Statements)
	r := o.iv.fields(schema)
	o.iv.tell("the person answers", r)
	o.open = o.iv.firstSure(o.open, r)
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{
		Action: mcp.ElicitationResponseAction(r.Action), Content: r.Content}}, nil
}

// fillInOlder holds the conversation by forms within calls.
func (iv *interview) fillInOlder(ctx context.Context) error {
	first := iv.opening()
	pause := firstPause
	for began := time.Now(); time.Since(began) < callLimit; {
		result, err := iv.olderCall(ctx, iv.again(first))
		var refused *refusal
		switch {
		case err == nil:
			if done, err := iv.ended(ctx, *result); done || err != nil {
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
			iv.tally.repeated()
		}
	}
	return fmt.Errorf("it does not end within %s", callLimit)
}

// olderCall makes one call by a client of its own. Answers that were given in
// it are acknowledged by its result.
func (iv *interview) olderCall(ctx context.Context, arguments map[string]any) (*automatic.Result, error) {
	iv.tell("call "+automaticTool, map[string]any{"arguments": arguments, "revision": olderRevision})
	iv.tally.called()
	attempting, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	attempting, end := iv.mortal(attempting)
	defer end()
	person := &older{iv: iv, open: len(iv.Statements)}
	result, err := person.call(attempting, iv.client.url, arguments)
	person.mu.Lock()
	person.over = true
	person.mu.Unlock()
	switch {
	case context.Cause(attempting) == errKilled:
		iv.tally.killed(clientName)
		iv.tell("the client is killed", nil)
		return nil, errKilled
	case err != nil:
		iv.tell("error", err.Error())
		kind := "older client: " + olderKind(err)
		iv.tally.failed(kind)
		if strings.Contains(err.Error(), "retrying will not help") {
			return nil, &refusal{err.Error()}
		}
		return nil, err
	}
	return iv.olderResult(person, result)
}

func olderKind(err error) string {
	for _, kind := range []string{"retry in", "EOF", "connection re", "deadline exceeded", "502", "503", "404"} {
		if strings.Contains(err.Error(), kind) {
			return map[string]string{"retry in": "retryable error", "EOF": "connection cut", "connection re": "connection cut",
				"deadline exceeded": "timeout", "502": "HTTP 502", "503": "HTTP 503", "404": "HTTP 404"}[kind]
		}
	}
	return "other"
}

// olderResult reads a call's result.
func (iv *interview) olderResult(person *older, result *mcp.CallToolResult) (*automatic.Result, error) {
	if result.IsError {
		text := fmt.Sprint(result.Content)
		iv.tell("tool error", text)
		if result.Meta != nil && result.Meta.AdditionalFields["sequential-questioning/retryable"] == true {
			iv.tally.failed("tool error: unavailable")
			return nil, errors.New(text)
		}
		iv.tally.failed("tool error: final")
		return nil, &refusal{text}
	}
	iv.tell("result", encode(result.StructuredContent))
	iv.acknowledge(person.open)
	var read automatic.Result
	return &read, json.Unmarshal(encode(result.StructuredContent), &read)
}

// call connects, makes the call and leaves.
func (o *older) call(ctx context.Context, address string, arguments map[string]any) (*mcp.CallToolResult, error) {
	// Streams that are cut are what this is about, and stand in the story.
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
