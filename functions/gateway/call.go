package gateway

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// toolCall is a tools/call as it came in, and what is added to it for a client of
// an older revision as the call goes back to the function with a person's response.
type toolCall struct {
	id     json.RawMessage
	body   []byte // the whole message
	header http.Header
	modern bool // speaks 2026-07-28
	// forms is the revision in whose words an older client is sent forms; empty
	// when it is sent none.
	forms string
	// Digests of an older client's session, of the call and of its request.
	session, digest, request []byte
	// patience is how long the client is known to wait, if it may show no forms; 0
	// when nobody knows.
	patience time.Duration
	// conversation is the one that the person is asked in, state and responses are
	// what goes back to the function, and used is the pending elicitation that the
	// responses are from.
	conversation string
	state        string
	responses    json.RawMessage
	used         string
	params       struct {
		Name      string                     `json:"name"`
		Arguments json.RawMessage            `json:"arguments"`
		Meta      map[string]json.RawMessage `json:"_meta"`
	}
}

// parseToolCall returns the call of a known tool and the tool, and false for
// everything that mcp-go answers: other methods, unknown tools, revisions that
// nobody speaks.
func parseToolCall(r *http.Request, parsed envelope, body []byte, targets map[string]*target) (*toolCall, *target, bool) {
	call := &toolCall{id: parsed.ID, body: body, header: r.Header}
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if parsed.Method != string(mcp.MethodToolsCall) || len(parsed.ID) == 0 || mediaType != "application/json" ||
		json.Unmarshal(parsed.Params, &call.params) != nil {
		return nil, nil, false
	}
	t, known := targets[call.params.Name]
	var declared string
	_ = json.Unmarshal(call.params.Meta[mcp.MetaKeyProtocolVersion], &declared)
	stated := r.Header.Get(mcp.HeaderProtocolVersion)
	call.modern = mcp.IsModernProtocol(declared) || mcp.IsModernProtocol(stated)
	if !call.modern {
		call.forms = formsOf(r.Header)
		call.session = digest([]byte(r.Header.Get(mcp.HeaderSessionID)))
		call.digest = callDigest(call.params.Name, call.params.Arguments)
		call.request = requestDigest(r.Context(), r.Header, call.id)
	}
	return call, t, known && (call.modern || stated == "" || mcp.IsValidProtocolVersion(stated))
}

// callDigest returns the same for calls of a tool that differ only in how their
// arguments are written.
func callDigest(tool string, arguments json.RawMessage) []byte {
	decoder := json.NewDecoder(bytes.NewReader(arguments))
	decoder.UseNumber()
	var decoded any
	if decoder.Decode(&decoded) == nil {
		if canonical, err := json.Marshal(decoded); err == nil {
			arguments = canonical
		}
	}
	return digest([]byte(tool), arguments)
}
