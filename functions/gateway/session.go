package gateway

import (
	"crypto/rand"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
)

// showsForms ends the session id of a client that declared at initialize that
// it shows forms: nothing else is known of a session, so that any instance can
// answer. It is not sealed, since a client can only deceive itself with it.
const showsForms = ".forms"

// newSession is the session id that answers an initialize request.
func newSession(params json.RawMessage) string {
	id := rand.Text()
	var declared struct {
		Capabilities mcp.ClientCapabilities `json:"capabilities"`
	}
	if json.Unmarshal(params, &declared) == nil && elicitation.Supported(declared.Capabilities.Elicitation) {
		id += showsForms
	}
	return id
}

// takesForms says whether the session is one of a client that shows forms.
func takesForms(header http.Header) bool {
	return strings.HasSuffix(header.Get(mcp.HeaderSessionID), showsForms)
}

// formsOf is the revision in whose words a caller of an older revision can be
// sent forms, empty when it cannot.
func formsOf(header http.Header) string {
	revision := header.Get(mcp.HeaderProtocolVersion)
	if !takesForms(header) || !elicitation.Known(revision) {
		return ""
	}
	for accepted := range strings.SplitSeq(header.Get("Accept"), ",") {
		mediaType, _, _ := mime.ParseMediaType(accepted)
		switch mediaType {
		case "text/event-stream", "text/*", "*/*":
			return revision
		}
	}
	return ""
}
