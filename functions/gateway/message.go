package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// batchRevision is the one revision of MCP that knows JSON-RPC batches. It has no
// header for the revision: a request without one is taken to be of it.
const batchRevision = "2025-03-26"

// envelope is a client's JSON-RPC message, decoded as far as it takes to choose who
// answers it.
type envelope struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// parseEnvelope returns a JSON-RPC error code and text for what is no single
// JSON-RPC message.
func parseEnvelope(body []byte) (parsed envelope, code int, text string) {
	start := bytes.TrimLeft(body, " \t\r\n")
	if len(start) > 0 && start[0] != '{' && json.Valid(body) {
		if start[0] == '[' {
			return parsed, jsonrpc.InvalidRequest, "only revision " + batchRevision + " has batches: send one message per request"
		}
		return parsed, jsonrpc.InvalidRequest, "the request is not a JSON-RPC message"
	}
	if err := json.Unmarshal(body, &parsed); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return parsed, jsonrpc.ParseError, "the request is not JSON: " + err.Error()
		}
		return parsed, jsonrpc.InvalidRequest, "the request is not a JSON-RPC message"
	}
	if len(parsed.ID) > 0 && !strings.ContainsRune(`"-0123456789`, rune(parsed.ID[0])) {
		return parsed, jsonrpc.InvalidRequest, "id must be a string or a number"
	}
	return parsed, 0, ""
}

// formResponseID returns the id of the gateway's request that a message responds to.
func (e envelope) formResponseID() (id string, ok bool) {
	if e.Method != "" || json.Unmarshal(e.ID, &id) != nil {
		return "", false
	}
	return id, strings.HasPrefix(id, pendingIDPrefix)
}

// functionMessage is one JSON-RPC message of a function, decoded as far as the gateway
// has to know it.
type functionMessage struct {
	raw    []byte
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result *toolResult     `json:"result"`
	Error  *functionError  `json:"error"`
}

// toolResult is a function's result, of which only these members matter here: the
// rest is passed on as it came.
type toolResult struct {
	ResultType mcp.ResultType `json:"resultType"`
	Content    *anyList       `json:"content"`
	IsError    bool           `json:"isError"`
	Meta       struct {
		// Conversation is the one that the result belongs to, as long as it is open.
		Conversation string `json:"sequential-questioning/conversation"`
		// StateRefused says that the call's state does not open, and never will.
		StateRefused bool `json:"sequential-questioning/state_refused"`
	} `json:"_meta"`
}

// anyList is a list whose items do not matter.
type anyList struct{}

func (*anyList) UnmarshalJSON(data []byte) error {
	if data[0] != '[' {
		return errors.New("content is not a list")
	}
	return nil
}

// functionError is a JSON-RPC error object.
type functionError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// malformed is the error of what is not JSON-RPC.
type malformed struct{ error }

// Unwrap returns what the decoder said.
func (m malformed) Unwrap() error { return m.error }

// parseMessage returns an error of type malformed for what is not JSON-RPC.
func parseMessage(raw []byte) (*functionMessage, error) {
	parsed := &functionMessage{raw: raw}
	if err := json.Unmarshal(raw, parsed); err != nil {
		return nil, malformed{err}
	}
	return parsed, nil
}

// outcome classifies a tool's result; it returns an error when it is none.
func (r *toolResult) outcome() (string, error) {
	switch {
	case r.ResultType == mcp.ResultTypeInputRequired:
		return outcomeInputRequired, nil
	case r.Content == nil:
		return "", errors.New("tool result: content is missing")
	case r.IsError:
		return outcomeToolError, nil
	}
	return outcomeOK, nil
}
