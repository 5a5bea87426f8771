package tool

import (
	"context"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// CalledNext is a header of the response to a call: the names of the tools that are
// probably called next, separated by commas. Whoever forwards the call can have
// their functions started meanwhile.
const CalledNext = "Sequential-Questioning-Called-Next"

// Foretelling is a result that knows which tools are probably called next.
type Foretelling interface{ CalledNext() []string }

type headerKey struct{}

// withHeader lets a call add to the header of its response.
func withHeader(ctx context.Context, header http.Header) context.Context {
	return context.WithValue(ctx, headerKey{}, header)
}

// sayNext adds what the result knows.
func sayNext(ctx context.Context, result *mcp.CallToolResult) {
	header, ok := ctx.Value(headerKey{}).(http.Header)
	if !ok || result == nil {
		return
	}
	if foretelling, ok := result.StructuredContent.(Foretelling); ok {
		if next := foretelling.CalledNext(); len(next) > 0 {
			header.Set(CalledNext, strings.Join(next, ","))
		}
	}
}
