package gateway

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/mark3labs/mcp-go/mcp"
)

// target is a tool and the function that serves it.
type target struct {
	function string // name of the function
	tool     mcp.Tool
	url      *url.URL
	name     []byte      // the tool's name as a JSON string
	header   http.Header // of every request to the function
	asks     bool        // the person, through the client
	// mirrored says that arguments travel in Mcp-Param-* headers too.
	mirrored bool
}

// newTarget prepares what is the same for every call of a tool: the address of its
// function and the headers of revision 2026-07-28.
func newTarget(config Config, entry catalogueTool) (*target, error) {
	address, err := config.functionURL(entry.function)
	if err != nil {
		return nil, err
	}
	encoded, _ := mcp.EncodeHeaderValue(entry.tool.Name)
	name, err := json.Marshal(entry.tool.Name)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json, text/event-stream")
	header.Set("User-Agent", "sequential-questioning-gateway")
	header.Set(mcp.HeaderProtocolVersion, mcp.ProtocolVersion20260728)
	header.Set(mcp.HeaderMethod, string(mcp.MethodToolsCall))
	header.Set(mcp.HeaderName, encoded)
	// The presence of this header, which is not sent while it has no value, lets
	// net/http repeat a call by itself where it can: see forwarder.send.
	header["Idempotency-Key"] = []string{}
	return &target{
		function: entry.function,
		tool:     entry.tool,
		url:      address,
		name:     name,
		header:   header,
		asks:     entry.asks,
		mirrored: len(mcp.ExtractParamHeaderBindings(&entry.tool)) > 0,
	}, nil
}
