package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// newRequest returns the call as its function gets it, and the id it goes under. A
// call in the function's own revision is passed on as it came, so that the function
// checks it; an older one is translated and goes under newID, since clients share
// ids. GetBody allows send to repeat the call.
func newRequest(ctx context.Context, t *target, call *toolCall, newID string) (request *http.Request, id string) {
	id, body, header := string(call.id), call.body, t.header.Clone()
	if call.modern {
		for name, values := range call.header {
			if strings.HasPrefix(name, "Mcp-") {
				header[name] = values
			}
		}
		for _, name := range []string{mcp.HeaderProtocolVersion, mcp.HeaderMethod, mcp.HeaderName} {
			if call.header.Get(name) == "" {
				header.Del(name)
			}
		}
	} else {
		id = `"` + newID + `"`
		body = translated(t, call, id)
		if t.mirrored {
			params, _ := json.Marshal(map[string]any{"arguments": call.params.Arguments})
			for name, value := range mcp.GenerateParamHeaders(&t.tool, params) {
				header.Set(name, value)
			}
		}
	}
	if authorization := call.header.Get("Authorization"); authorization != "" {
		header.Set("Authorization", authorization)
	}
	return (&http.Request{
		Method:        http.MethodPost,
		URL:           t.url,
		Host:          t.url.Host,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		ContentLength: int64(len(body)),
		GetBody:       func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}).WithContext(ctx), id
}

// translated writes a call of an older revision as a 2026-07-28 one, by hand:
// encoding/json would rewrite the bytes of the arguments. What such a client
// writes under the names of that revision's metadata is dropped.
func translated(t *target, call *toolCall, id string) []byte {
	b := make([]byte, 0, len(call.body)+512)
	b = append(b, `{"jsonrpc":"2.0","id":`+id+`,"method":"tools/call","params":{"name":`...)
	b = append(b, t.name...)
	if len(call.params.Arguments) > 0 {
		b = append(b, `,"arguments":`...)
		b = append(b, call.params.Arguments...)
	}
	if call.state != "" {
		b = append(b, `,"requestState":`...)
		b = append(b, jsonString(call.state)...)
	}
	if len(call.responses) > 0 {
		b = append(b, `,"inputResponses":`...)
		b = append(b, call.responses...)
	}
	capabilities := `{}`
	if call.forms != "" {
		capabilities = `{"elicitation":{"form":{}}}`
	}
	b = append(b, `,"_meta":{"`+mcp.MetaKeyProtocolVersion+`":"`+mcp.ProtocolVersion20260728+`","`+mcp.MetaKeyClientCapabilities+`":`+capabilities...)
	for _, key := range slices.Sorted(maps.Keys(call.params.Meta)) {
		switch key {
		case mcp.MetaKeyProtocolVersion, mcp.MetaKeyClientInfo, mcp.MetaKeyClientCapabilities:
			continue
		}
		encoded, err := json.Marshal(key)
		if err != nil {
			continue
		}
		b = append(append(append(append(b, ','), encoded...), ':'), call.params.Meta[key]...)
	}
	return append(b, `}}}`...)
}

// jsonString encodes a string, which cannot fail.
func jsonString(s string) []byte {
	encoded, _ := json.Marshal(s) // a string always encodes
	return encoded
}
