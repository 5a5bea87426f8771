package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
)

func TestPlaybooksAreReadInEveryRevisionWithEveryFunctionDown(t *testing.T) {
	r := newRouteTo(t, down(t))
	for _, revision := range append(legacyRevisions, mcp.ProtocolVersion20260728) {
		listed := r.inRevision(t, revision, "resources/list", `{}`)
		require.Equal(t, http.StatusOK, listed.status, listed.body)
		require.Contains(t, listed.body, `"uri":"playbook://travel-insurance"`)
		read := r.inRevision(t, revision, "resources/read", `{"uri":"playbook://travel"}`)
		require.Contains(t, string(read.result(t)["contents"]), "Where to?")
		require.Contains(t, r.inRevision(t, revision, "resources/read", `{"uri":"playbook://none"}`).body, `"error"`)

		require.Contains(t, r.inRevision(t, revision, "prompts/list", `{}`).body, `"interview"`)
		prompt := r.inRevision(t, revision, "prompts/get", `{"name":"interview","arguments":{"goal":"Book a trip"}}`)
		require.Contains(t, string(prompt.result(t)["messages"]), "Book a trip")
	}
}

func TestMcpGoClientsReadPlaybooksAndStartByThePrompt(t *testing.T) {
	r := newRouteTo(t, down(t))
	for _, revision := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		c := r.client(t, revision)
		resources, err := c.ListResources(t.Context(), mcp.ListResourcesRequest{})
		require.NoError(t, err)
		require.Len(t, resources.Resources, 3)
		require.Equal(t, "Travel", resources.Resources[1].Title)
		read := mcp.ReadResourceRequest{}
		read.Params.URI = resources.Resources[1].URI
		contents, err := c.ReadResource(t.Context(), read)
		require.NoError(t, err)
		require.Equal(t, mcp.TextResourceContents{URI: "playbook://travel", MIMEType: "text/markdown", Text: "# Travel\n\n- destination: Where to?"}, contents.Contents[0])

		prompts, err := c.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
		require.NoError(t, err)
		require.Len(t, prompts.Prompts, 1)
		require.Equal(t, "goal", prompts.Prompts[0].Arguments[0].Name)
		require.True(t, prompts.Prompts[0].Arguments[0].Required)

		get := mcp.GetPromptRequest{}
		get.Params.Name, get.Params.Arguments = "interview", map[string]string{"goal": "Two weeks in Peru", "playbook": "travel"}
		prompt, err := c.GetPrompt(t.Context(), get)
		require.NoError(t, err)
		require.Len(t, prompt.Messages, 1)
		text := prompt.Messages[0].Content.(mcp.TextContent).Text
		for _, part := range []string{"Two weeks in Peru", `playbook "travel"`, "sequential_questioning_follow_up", "metadata.complete"} {
			require.Contains(t, text, part)
		}
		get.Params.Arguments = map[string]string{"goal": " "}
		_, err = c.GetPrompt(t.Context(), get)
		require.ErrorContains(t, err, "goal: is empty")
		get.Params.Arguments = map[string]string{"goal": strings.Repeat("x", maxGoal+1)}
		_, err = c.GetPrompt(t.Context(), get)
		require.ErrorContains(t, err, "goal: has 65537 bytes")
	}
}

func TestNamesOfPlaybooksAreCompleted(t *testing.T) {
	r := newRouteTo(t, down(t))
	c := r.client(t, "2025-11-25")
	for typed, want := range map[string][]string{
		"":    {"bug-report", "travel", "travel-insurance"},
		"TR":  {"travel", "travel-insurance"},
		"ins": {"travel-insurance"},
		"zzz": {},
	} {
		request := mcp.CompleteRequest{}
		request.Params.Ref = mcp.PromptReference{Type: "ref/prompt", Name: "interview"}
		request.Params.Argument = mcp.CompleteArgument{Name: "playbook", Value: typed}
		completed, err := c.Complete(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, want, completed.Completion.Values, typed)
		request.Params.Argument.Name = "goal"
		completed, err = c.Complete(t.Context(), request)
		require.NoError(t, err)
		require.Empty(t, completed.Completion.Values)
	}
}

func TestACatalogueWithAPlaybookThatCannotBeServedIsRefused(t *testing.T) {
	_, err := parseCatalogue([]byte(strings.Replace(testCatalogue, `"# Bug report"`, `""`, 1)))
	require.ErrorContains(t, err, "playbook 0: needs a name and a text")
}
