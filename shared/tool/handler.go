package tool

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// revision is the one protocol revision that needs no session, so that any instance
// can answer any call. The gateway knows the others.
const revision = mcp.ProtocolVersion20260728

// handler is an MCP server of one tool over Streamable HTTP: server/discover,
// tools/list and tools/call. A message is decoded once and a response encoded once.
// mcp-go's server, with which a test compares it, also serves sessions, streams,
// resources, prompts and tasks: 1 MB of a program, and a tenth of a call.
type handler struct {
	tool Tool
	info mcp.Implementation
	meta json.RawMessage // of results: who answers
}

// Handler serves the tool as a whole, stateless MCP server. name and version are the
// server's in the protocol. The caller limits the body and checks the token. It panics
// for a tool with arguments that travel in headers too, which it would have to compare.
func (t Tool) Handler(name, version string) http.Handler {
	if len(mcp.ExtractParamHeaderBindings(&t.Declaration)) > 0 {
		panic("tool " + t.Declaration.Name + " has arguments in headers")
	}
	info := mcp.Implementation{Name: name, Version: version}
	return &handler{t, info, encoded(map[string]any{mcp.MetaKeyServerInfo: info})}
}

// message is a JSON-RPC message. What depends on the method stays encoded.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  mcp.MCPMethod   `json:"method"`
	Params  params          `json:"params"`
}

type params struct {
	Name           string          `json:"name"`
	Arguments      json.RawMessage `json:"arguments"`
	RequestState   string          `json:"requestState"`
	InputResponses json.RawMessage `json:"inputResponses"`
	Meta           meta            `json:"_meta"`
}

// meta is what a request says of its client.
type meta struct {
	Revision     string        `json:"io.modelcontextprotocol/protocolVersion"`
	Capabilities *capabilities `json:"io.modelcontextprotocol/clientCapabilities"`
}

// capabilities are those of a client that a tool asks about.
type capabilities struct {
	Elicitation *mcp.ElicitationCapability `json:"elicitation"`
}

// problem is a request that is answered with a JSON-RPC error.
type problem struct {
	code int
	text string
	data json.RawMessage
}

// status is what the revision gives an error's code.
func (p *problem) status() int {
	if p.code == mcp.METHOD_NOT_FOUND {
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost { // a held GET would keep an instance from scaling to zero
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "use POST", http.StatusMethodNotAllowed)
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		http.Error(w, "Content-Type is not application/json", http.StatusBadRequest)
		return
	}
	body, err := jsonrpc.BodyOf(r)
	if err != nil {
		http.Error(w, "the request broke off", http.StatusBadRequest)
		return
	}
	var m message
	refused := parse(body, &m)
	switch {
	case refused != nil:
	case m.ID == nil: // a notification; without a session none means anything
		w.WriteHeader(http.StatusAccepted)
		return
	default:
		refused = h.check(r.Header, &m)
	}
	var result any
	if refused == nil {
		result, refused = h.answer(withHeader(r.Context(), w.Header()), &m)
	}
	if r.Context().Err() != nil {
		return // nobody is there to read it
	}
	if refused != nil {
		write(w, refused.status(), jsonrpc.NewError(m.ID, refused.code, refused.text, refused.data))
		return
	}
	write(w, http.StatusOK, response{"2.0", m.ID, result})
}

// response is a JSON-RPC response with a result.
type response struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result"`
}

// write sends a message whole, with its length.
func write(w http.ResponseWriter, status int, message any) {
	body, err := json.Marshal(message)
	if err != nil {
		http.Error(w, "the response cannot be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // or the client has gone
}

// parse reads a message. One whose id cannot be read has the id null.
func parse(body []byte, m *message) *problem {
	err := json.Unmarshal(body, m)
	if string(m.ID) == "null" {
		m.ID = nil
	}
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		code := mcp.INVALID_REQUEST
		if strings.HasPrefix(wrong.Field, "params.") {
			code = mcp.INVALID_PARAMS
		}
		return &problem{code: code, text: fmt.Sprintf("%s cannot be a JSON %s", cmp.Or(wrong.Field, "the message"), wrong.Value)}
	case err != nil:
		return &problem{code: mcp.PARSE_ERROR, text: "request body is not valid json"}
	case m.Version != mcp.JSONRPC_VERSION:
		return &problem{code: mcp.INVALID_REQUEST, text: "Invalid JSON-RPC version"}
	case m.Method == "":
		return &problem{code: mcp.INVALID_REQUEST, text: "method is missing; this server sends no requests that could be responded to"}
	}
	if len(m.ID) > 0 && bytes.IndexByte([]byte("{[tf"), m.ID[0]) >= 0 {
		m.ID = nil
		return &problem{code: mcp.INVALID_REQUEST, text: "id is neither a string nor a number"}
	}
	return nil
}

// check applies the rules of the revision to what every request says of itself, in its
// headers and in its body (SEP-2575, SEP-2243): intermediaries decide by the headers.
func (h *handler) check(header http.Header, m *message) *problem {
	sent, client := header.Get(mcp.HeaderProtocolVersion), m.Params.Meta
	mismatch := func(name, reason string) *problem {
		return &problem{code: mcp.HEADER_MISMATCH, text: mcp.HeaderMismatchError{Header: name, Reason: reason}.Error()}
	}
	switch modern := mcp.IsModernProtocol(sent) || mcp.IsModernProtocol(client.Revision); {
	case !modern:
		return unsupported(cmp.Or(client.Revision, sent))
	case sent == "":
		return mismatch(mcp.HeaderProtocolVersion, "missing required header")
	case client.Revision == "":
		return &problem{code: mcp.INVALID_PARAMS, text: "missing or invalid _meta field " + mcp.MetaKeyProtocolVersion}
	case sent != client.Revision:
		return mismatch(mcp.HeaderProtocolVersion, fmt.Sprintf("header value %q does not match body value %q", sent, client.Revision))
	case sent != revision:
		return unsupported(sent)
	case client.Capabilities == nil:
		return &problem{code: mcp.INVALID_PARAMS, text: "missing or invalid _meta field " + mcp.MetaKeyClientCapabilities}
	case header.Get(mcp.HeaderLastEventID) != "":
		return mismatch(mcp.HeaderLastEventID, "streams cannot be resumed: repeat the request with a new id")
	}
	switch method := header.Get(mcp.HeaderMethod); {
	case method == "":
		return mismatch(mcp.HeaderMethod, "missing required header")
	case method != string(m.Method):
		return mismatch(mcp.HeaderMethod, fmt.Sprintf("header value %q does not match body value %q", method, m.Method))
	case m.Method != mcp.MethodToolsCall:
		return nil
	}
	switch name, ok := mcp.DecodeHeaderValue(header.Get(mcp.HeaderName)); {
	case header.Get(mcp.HeaderName) == "":
		return mismatch(mcp.HeaderName, fmt.Sprintf("missing required header for method %q", m.Method))
	case !ok:
		return mismatch(mcp.HeaderName, "invalid Base64 encoding")
	case name != m.Params.Name:
		return mismatch(mcp.HeaderName, fmt.Sprintf("header value %q does not match body value %q", name, m.Params.Name))
	}
	return nil
}

// unsupported names the revision that there is to who asked for another, or for none.
func unsupported(version string) *problem {
	said := mcp.UnsupportedProtocolVersionError{Version: version, Supported: []string{revision}}
	return &problem{mcp.UNSUPPORTED_PROTOCOL_VERSION, said.Error(), encoded(said.JSONRPCError().Error.Data)}
}

// answer runs a request that is as the revision has it.
func (h *handler) answer(ctx context.Context, m *message) (any, *problem) {
	switch m.Method {
	case mcp.MethodToolsCall:
		if m.Params.Name != h.tool.Declaration.Name {
			return nil, &problem{code: mcp.INVALID_PARAMS, text: fmt.Sprintf("there is no tool %q here", m.Params.Name)}
		}
		return h.called(h.tool.handle(ctx, &m.Params)), nil
	case mcp.MethodToolsList:
		return listed{h.meta, mcp.ResultTypeComplete, []mcp.Tool{h.tool.Declaration}, 0, mcp.CacheScopePrivate}, nil
	case mcp.MethodServerDiscover:
		return discovered{h.meta, mcp.ResultTypeComplete, []string{revision}, map[string]struct{}{"tools": {}}, 0, mcp.CacheScopePrivate}, nil
	}
	return nil, &problem{code: mcp.METHOD_NOT_FOUND, text: fmt.Sprintf("Method %s not found", m.Method)}
}

// listed is the result of tools/list, discovered of server/discover. A client may keep
// neither: the next release changes them.
type listed struct {
	Meta       json.RawMessage `json:"_meta"`
	ResultType mcp.ResultType  `json:"resultType"`
	Tools      []mcp.Tool      `json:"tools"`
	TTL        int64           `json:"ttlMs"`
	CacheScope mcp.CacheScope  `json:"cacheScope"`
}

type discovered struct {
	Meta              json.RawMessage     `json:"_meta"`
	ResultType        mcp.ResultType      `json:"resultType"`
	SupportedVersions []string            `json:"supportedVersions"`
	Capabilities      map[string]struct{} `json:"capabilities"`
	TTL               int64               `json:"ttlMs"`
	CacheScope        mcp.CacheScope      `json:"cacheScope"`
}

// calledResult is the result of tools/call. mcp.CallToolResult encodes itself by way
// of a map.
type calledResult struct {
	Meta              any               `json:"_meta"`
	ResultType        mcp.ResultType    `json:"resultType"`
	Content           []mcp.Content     `json:"content"`
	StructuredContent any               `json:"structuredContent,omitempty"`
	IsError           bool              `json:"isError,omitempty"`
	InputRequests     mcp.InputRequests `json:"inputRequests,omitempty"`
	RequestState      string            `json:"requestState,omitempty"`
}

func (h *handler) called(r *mcp.CallToolResult) calledResult {
	result := calledResult{h.meta, r.ResultType, r.Content, r.StructuredContent, r.IsError, r.InputRequests, r.RequestState}
	if r.Meta != nil {
		fields := map[string]any{mcp.MetaKeyServerInfo: h.info}
		maps.Copy(fields, r.Meta.AdditionalFields)
		result.Meta = fields
	}
	if result.ResultType == "" {
		result.ResultType = mcp.ResultTypeComplete
	}
	if result.Content == nil {
		result.Content = []mcp.Content{}
	}
	return result
}

// encoded encodes what is part of the program or was decoded from JSON.
func encoded(value any) json.RawMessage {
	data, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", value, err))
	}
	return data
}
