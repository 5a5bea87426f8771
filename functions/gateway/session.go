package gateway

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// showsForms ends the session id of a client that declared at initialize that
// it shows forms: nothing else is known of a session, so that any instance can
// answer. It is not sealed, since a client can only deceive itself with it.
const showsForms = ".forms"

// newSession returns the session id that answers an initialize request.
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

// formsOf returns the revision in whose words a caller of an older revision can be
// sent forms; empty when it cannot.
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

// requestDigest identifies a request of a session; nil when the client has no
// session, and therefore cannot be distinguished from others.
func requestDigest(ctx context.Context, header http.Header, id json.RawMessage) []byte {
	session := header.Get(mcp.HeaderSessionID)
	if session == "" {
		return nil
	}
	return digest([]byte(principal.From(ctx)), []byte(session), id)
}

// digest returns a SHA-256 of the parts, each preceded by its length so that parts
// that are cut elsewhere have another digest.
func digest(parts ...[]byte) []byte {
	hash := sha256.New()
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		hash.Write(length[:])
		hash.Write(part)
	}
	return hash.Sum(nil)
}
