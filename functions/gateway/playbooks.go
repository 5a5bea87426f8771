package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// playbookURI is the stable URI of a playbook.
const playbookURI = "playbook://"

// interviewPrompt starts a conversation in hosts that show prompts.
const interviewPrompt = "interview"

// Bounds on what the prompt and its completion take and return.
const (
	maxGoal        = 64 << 10 // bytes, as of a call's context
	maxCompletions = 100      // by the protocol
)

// servePlaybooks lists the playbooks as resources and offers the prompt. Both are
// answered from the catalogue: no function wakes.
func servePlaybooks(s *server.MCPServer, playbooks []cataloguePlaybook) {
	for _, p := range playbooks {
		s.AddResource(mcp.NewResource(playbookURI+p.Name, p.Name, mcp.WithResourceTitle(p.Title),
			mcp.WithResourceDescription(p.Description), mcp.WithMIMEType("text/markdown")),
			func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return []mcp.ResourceContents{mcp.TextResourceContents{URI: playbookURI + p.Name, MIMEType: "text/markdown", Text: p.Text}}, nil
			})
	}
	s.AddPrompt(mcp.NewPrompt(interviewPrompt, mcp.WithPromptTitle("Be interviewed"),
		mcp.WithPromptDescription("Have everything asked that is needed for a goal, a few well-chosen questions at a time."),
		mcp.WithArgument("goal", mcp.RequiredArgument(), mcp.ArgumentDescription("What the information is for, and what is known so far")),
		mcp.WithArgument("playbook", mcp.ArgumentDescription("The playbook to ask by; left out, the goal tells")),
	), names(playbooks).interview)
}

// names are the playbooks to complete, sorted.
type names []cataloguePlaybook

// interview words the prompt.
func (n names) interview(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	goal, chosen := strings.TrimSpace(request.Params.Arguments["goal"]), strings.TrimSpace(request.Params.Arguments["playbook"])
	switch {
	case goal == "":
		return nil, errors.New("goal: is empty; say what the information is for")
	case len(goal) > maxGoal:
		return nil, fmt.Errorf("goal: has %d bytes, at most %d are allowed", len(goal), maxGoal)
	}
	named := ""
	if chosen != "" {
		// One of an operator's own is not in the catalogue: the tool knows it.
		named = fmt.Sprintf(" and playbook %q", chosen)
	}
	text := "Interview me, so that you know what you need for this goal:\n\n" + goal + "\n\n" +
		"Call sequential_questioning with the goal as context, and what this chat already tells of it as known" + named + ". " +
		"Do what each result's next says: put the questions to me, wait for my reply and send it with sequential_questioning_follow_up, " +
		"until metadata.complete is true. Do not ask for what I said already, and answer nothing in my place. " +
		"At the end read what was gathered with sequential_questioning_report and continue with the goal."
	return mcp.NewGetPromptResult("Interview for a goal", []mcp.PromptMessage{
		mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text)),
	}), nil
}

// CompletePromptArgument completes names of playbooks, by what they or their
// titles begin with or hold.
func (n names) CompletePromptArgument(_ context.Context, prompt string, argument mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	if prompt != interviewPrompt || argument.Name != "playbook" {
		return &mcp.Completion{Values: []string{}}, nil
	}
	typed := strings.ToLower(strings.TrimSpace(argument.Value))
	var begin, hold []string
	for _, p := range n {
		switch {
		case strings.HasPrefix(p.Name, typed):
			begin = append(begin, p.Name)
		case strings.Contains(p.Name, typed) || strings.Contains(strings.ToLower(p.Title), typed):
			hold = append(hold, p.Name)
		}
	}
	all := append(begin, hold...)
	return &mcp.Completion{Values: all[:min(len(all), maxCompletions)], Total: len(all), HasMore: len(all) > maxCompletions}, nil
}
