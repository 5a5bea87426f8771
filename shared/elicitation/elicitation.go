// Package elicitation holds the forms by which a server asks the person behind
// a client (MCP, elicitation in form mode). It is pure and knows nothing of
// what a form asks for.
package elicitation

import (
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// Exchange is what a call has besides its arguments.
type Exchange struct {
	// Elicits says that the client shows forms to the person.
	Elicits bool
	// State is what the server gave the client to send back; empty in a first call.
	State string
	// Response is what became of the form that came with the state, if anything.
	Response *mcp.ElicitationResponse
}

// Ask is a form to be answered before a call can end.
type Ask struct {
	Form  Form
	State string // the client sends it back with the answer
	// Conversation is the id of the one that the form belongs to.
	Conversation string
}

// Form is the params of an elicitation/create request in form mode.
type Form struct {
	Message string
	Schema  Schema
	// Language is what the form is worded in, as an ISO 639-1 code; English where
	// it is empty.
	Language string
}

// LanguageKey is where the params' _meta names the form's language, for who has to
// word the form for an older revision.
const LanguageKey = "sequential-questioning/language"

// Params is the form as mcp-go sends it.
func (f Form) Params() mcp.ElicitationParams {
	params := mcp.ElicitationParams{Mode: mcp.ElicitationModeForm, Message: f.Message, RequestedSchema: f.Schema}
	if f.Language != "" {
		params.Meta = &mcp.Meta{AdditionalFields: map[string]any{LanguageKey: f.Language}}
	}
	return params
}

// ShownAfter is the least time in which a person can have read a form. A client
// that declines or cancels one sooner did not show it.
const ShownAfter = time.Second

// Supported says whether a client that declared this shows forms: what names
// no mode means form mode.
func Supported(declared *mcp.ElicitationCapability) bool {
	return declared != nil && (declared.Form != nil || declared.URL == nil)
}

// Content is the fields of an accepted form, nil when it has none.
func Content(response *mcp.ElicitationResponse) map[string]any {
	fields, _ := response.Content.(map[string]any)
	return fields
}
