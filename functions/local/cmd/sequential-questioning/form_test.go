package main

import (
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// rpc is a message of either side.
type rpc struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Schema struct {
			Properties map[string]struct{ Enum []string }
		} `json:"requestedSchema"`
	} `json:"params"`
	Result struct {
		Structured struct {
			Status       string
			Values       map[string]any
			Conversation string `json:"conversation_id"`
		} `json:"structuredContent"`
	} `json:"result"`
}

// withForms is a host that shows forms.
func withForms(t *testing.T, data string) *host {
	t.Helper()
	h := newHost(t, data)
	h.initialize(t, map[string]any{"elicitation": map[string]any{}})
	return h
}

func (h *host) send(t *testing.T, message map[string]any) {
	t.Helper()
	message["jsonrpc"] = "2.0"
	line, err := json.Marshal(message)
	require.NoError(t, err)
	_, err = h.in.Write(append(line, '\n'))
	require.NoError(t, err)
}

func (h *host) receive(t *testing.T) (m rpc) {
	t.Helper()
	line, err := h.out.ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, &m), "%s", line)
	return m
}

// asks makes the call that asks the person by forms, and returns its form.
func (h *host) asks(t *testing.T, id string) rpc {
	t.Helper()
	h.send(t, map[string]any{"id": id, "method": "tools/call", "params": map[string]any{"name": "sequential_questioning_automatic", "arguments": map[string]any{
		"context": "Book a trip", "user_id": "ann", "information_needed": map[string]any{"destination": "string", "pets": "boolean"},
	}}})
	form := h.receive(t)
	require.Equal(t, "elicitation/create", form.Method)
	require.Contains(t, form.Params.Schema.Properties, "destination")
	return form
}

// accept answers every question of a form.
func (h *host) accept(t *testing.T, form rpc) {
	t.Helper()
	content := map[string]any{"destination": "Lisbon"}
	if pets, asked := form.Params.Schema.Properties["pets"]; asked {
		content["pets"] = pets.Enum[0]
	}
	h.send(t, map[string]any{"id": form.ID, "result": map[string]any{"action": "accept", "content": content}})
}

var everything = map[string]any{"destination": "Lisbon", "pets": true}

// A person takes their time over a form, and the model goes on meanwhile.
func TestOtherCallsGoOnWhileAPersonThinks(t *testing.T) {
	h := withForms(t, postgrestest.Folder(t))
	form := h.asks(t, "form")
	for until := time.Now().Add(3 * time.Second); time.Now().Before(until); {
		assert.NotEmpty(t, h.begin(t))
	}
	h.accept(t, form)
	result := h.receive(t)
	assert.JSONEq(t, `"form"`, string(result.ID))
	assert.Equal(t, "complete", result.Result.Structured.Status)
	assert.Equal(t, everything, result.Result.Structured.Values)
	assert.Empty(t, h.leave(t))
}

func TestACancelledFormIsShownAgain(t *testing.T) {
	h := withForms(t, postgrestest.Folder(t))
	h.asks(t, "first")
	time.Sleep(1200 * time.Millisecond) // less would say that nobody has seen it
	h.send(t, map[string]any{"method": "notifications/cancelled", "params": map[string]any{"requestId": "first"}})
	h.begin(t)
	again := h.asks(t, "second")
	h.accept(t, again)
	result := h.receive(t)
	assert.JSONEq(t, `"second"`, string(result.ID), "the cancelled call has no result")
	assert.Equal(t, everything, result.Result.Structured.Values)
	assert.Empty(t, h.leave(t))
}

// A host that is closed closes the server's input, and may not read any more.
func TestAHostThatIsClosedLosesNothing(t *testing.T) {
	data := postgrestest.Folder(t)
	t.Run("while the person thinks", func(t *testing.T) {
		h := withForms(t, data)
		h.asks(t, "form")
		require.NoError(t, h.in.Close())
		result := h.receive(t)
		require.NotEmpty(t, result.Result.Structured.Conversation, "the call ends in text")
		rest, err := io.ReadAll(h.out)
		require.NoError(t, err)
		assert.Empty(t, rest)
		require.NoError(t, h.Wait())

		next := started(t, data)
		var turn struct{ Metadata struct{ Complete bool } }
		next.tool(t, "sequential_questioning_follow_up", map[string]any{"conversation_id": result.Result.Structured.Conversation, "answers": []any{
			map[string]any{"slot": "destination", "value": "Lisbon"}, map[string]any{"slot": "pets", "value": true},
		}}, &turn)
		assert.True(t, turn.Metadata.Complete)
		next.leave(t)
	})
	t.Run("as the person has just answered", func(t *testing.T) {
		h := withForms(t, data)
		form := h.asks(t, "form")
		h.accept(t, form)
		require.NoError(t, h.in.Close())
		result := h.receive(t)
		require.NoError(t, h.Wait())
		conversation := result.Result.Structured.Conversation
		require.NotEmpty(t, conversation)

		next := started(t, data)
		var report struct{ Values map[string]any }
		next.tool(t, "sequential_questioning_report", map[string]any{"conversation_id": conversation}, &report)
		assert.Equal(t, everything, report.Values)
		next.leave(t)
	})
}
