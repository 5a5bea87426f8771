package testbed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

const (
	askTool       = "sequential_questioning"
	followUpTool  = "sequential_questioning_follow_up"
	automaticTool = "sequential_questioning_automatic"
	reportTool    = "sequential_questioning_report"
	reviseTool    = "sequential_questioning_revise"
	recallTool    = "sequential_questioning_recall"
	forgetTool    = "sequential_questioning_forget"

	// forms is the newest revision in which the gateway sends forms to clients.
	forms = "2025-11-25"

	callLimit = 20 * time.Second
)

// goals fit the built-in playbooks, most of them, so that metrics by playbook have
// several values.
var goals = []string{
	"Plan a trip to Japan", "Hire a backend developer", "Report a bug in the app", "Buy a laptop for school",
	"Plan a birthday party", "Learn Spanish until summer", "Requirements of a new feature", "Ask for help with an order",
}

// Talk runs simulated people concurrently, each for a number of rounds (0 means until ctx
// ends) with a pause after each conversation.
// It returns the errors of all people, joined. The end of ctx during a conversation is none.
func (s *Testbed) Talk(ctx context.Context, people, rounds int, pause time.Duration) error {
	var wg sync.WaitGroup
	errs := make([]error, people)
	for i := range people {
		wg.Go(func() { errs[i] = s.talk(ctx, i, rounds, pause) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// talk is one person's time. Refused calls are part of it and no error.
// The pause varies by half, so that people do not call in step.
func (s *Testbed) talk(ctx context.Context, number, rounds int, pause time.Duration) error {
	p, err := s.newPerson(ctx, number)
	if err != nil {
		return err
	}
	defer p.close()
	for round := 0; (rounds == 0 || round < rounds) && ctx.Err() == nil; round++ {
		if err := p.piece(ctx, round); err != nil && ctx.Err() == nil {
			return fmt.Errorf("person %d, round %d: %w", number, round, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(float64(pause) * (0.5 + p.random.Float64()))):
		}
	}
	return nil
}

// person is a simulated person with a client of an older revision that shows forms.
// It draws from its own generator, so that a run with as many people is the same
// again up to timing.
type person struct {
	number int
	calm   int
	random *rand.Rand
	client *client.Client
}

// newPerson connects with the newest revision in which a client is asked during a
// call.
func (s *Testbed) newPerson(ctx context.Context, number int) (*person, error) {
	p := &person{number: number, calm: s.calm, random: rand.New(rand.NewPCG(1, uint64(number)))}
	wire, err := transport.NewStreamableHTTP(s.URL)
	if err != nil {
		return nil, err
	}
	p.client = client.NewClient(wire, client.WithElicitationHandler(p))
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = forms
	hello.Params.ClientInfo = mcp.Implementation{Name: "testbed", Version: "1"}
	if err := p.client.Start(ctx); err != nil {
		return nil, err
	}
	if _, err := p.client.Initialize(ctx, hello); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// close ends the client's session and streams.
func (p *person) close() { _ = p.client.Close() }

// call makes one call. If the service refuses it, or it fails on purpose, the result is nil
// and there is no error.
// Metrics count refused calls; their texts are for other tests.
func (p *person) call(ctx context.Context, tool string, arguments map[string]any) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var request mcp.CallToolRequest
	request.Params.Name, request.Params.Arguments = tool, arguments
	result, err := p.client.CallTool(ctx, request)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", tool, ctx.Err())
	}
	if err != nil || result.IsError {
		return nil, nil
	}
	structured, _ := result.StructuredContent.(map[string]any)
	return structured, nil
}

// piece is one round of a person. It calls every tool now and then, among them one
// with an unknown conversation, so that each metric gets each of its labels.
func (p *person) piece(ctx context.Context, round int) error {
	user := fmt.Sprintf("person-%d", p.number)
	goal := goals[(p.number+round)%len(goals)]
	turn, err := p.call(ctx, askTool, map[string]any{"context": goal, "user_id": user})
	if err != nil {
		return err
	}
	// A bound, because unreadable answers are asked again.
	for range 8 {
		if turn == nil || p.random.IntN(12) == 0 {
			break
		}
		var answers []map[string]any
		questions, _ := turn["questions"].([]any)
		for _, q := range questions {
			if question, ok := q.(map[string]any); ok {
				answers = append(answers, p.answer(question))
			}
		}
		if len(answers) == 0 {
			break
		}
		conversation := turn["conversation_id"]
		if turn, err = p.call(ctx, followUpTool, map[string]any{"conversation_id": conversation, "user_id": user, "answers": answers}); err != nil {
			return err
		}
		if p.random.IntN(4) == 0 {
			if _, err := p.call(ctx, reportTool, map[string]any{"conversation_id": conversation, "user_id": user}); err != nil {
				return err
			}
		}
		if p.random.IntN(5) == 0 {
			if _, err := p.call(ctx, reviseTool, map[string]any{"conversation_id": conversation, "user_id": user, "slot": answers[0]["slot"], "text": "something else"}); err != nil {
				return err
			}
		}
		if p.random.IntN(15) == 0 {
			if _, err := p.call(ctx, forgetTool, map[string]any{"conversation_id": conversation, "user_id": user}); err != nil {
				return err
			}
			break
		}
	}
	if _, err := p.call(ctx, automaticTool, map[string]any{"context": goal, "user_id": user, "max_rounds": 2}); err != nil {
		return err
	}
	if p.random.IntN(p.calm) == 0 { // a well-formed id that no conversation has
		if _, err := p.call(ctx, reportTool, map[string]any{"conversation_id": "01a20889-b474-71f1-a3f6-6855412e7019", "user_id": user}); err != nil {
			return err
		}
	}
	if round%(6*p.calm) == 5 {
		return p.impatient(ctx)
	}
	_, err = p.call(ctx, recallTool, map[string]any{"query": goal, "user_id": user})
	return err
}

// impatient makes more concurrent calls than the gateway accepts. Twelve are more than
// the eight that the testbed's gateway takes (MAX_CONCURRENT_CALLS), and fewer than
// would stop the others for long.
func (p *person) impatient(ctx context.Context) error {
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() { _, errs[i] = p.call(ctx, recallTool, map[string]any{"query": "what was said"}) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// answer replies to a question, mostly with a valid answer.
// One in seven has no value and one in fourteen cannot be read.
func (p *person) answer(question map[string]any) map[string]any {
	a := map[string]any{"slot": question["slot"]}
	switch p.random.IntN(14) {
	case 0:
		a["outcome"] = "unknown"
	case 1:
		a["outcome"] = "declined"
	case 2:
		a["text"] = "well, you see"
	default:
		a["text"] = p.words(question)
	}
	return a
}

// words are an answer to the question's type or one of its options. They are what the
// parser reads without doubt; other answers come from answer.
func (p *person) words(question map[string]any) string {
	if options, ok := question["options"].([]any); ok && len(options) > 0 {
		return fmt.Sprint(options[p.random.IntN(len(options))]) // titles
	}
	about, _ := question["metadata"].(map[string]any)
	switch about["type"] {
	case "boolean":
		return []string{"yes", "no"}[p.random.IntN(2)]
	case "integer", "number":
		return fmt.Sprint(1 + p.random.IntN(9))
	case "date":
		return fmt.Sprintf("2027-%02d-%02d", 1+p.random.IntN(12), 1+p.random.IntN(28))
	case "time":
		return fmt.Sprintf("%02d:30", 8+p.random.IntN(10))
	case "datetime", "date-time":
		return fmt.Sprintf("2027-%02d-01T14:30:00Z", 1+p.random.IntN(12))
	case "email":
		return "somebody@example.com"
	case "uri":
		return "https://example.com"
	}
	return []string{"the usual", "something small", "as soon as possible", "for two of us"}[p.random.IntN(4)]
}

// Elicit fills in a form after a moment, or dismisses it. The moment is shorter than
// elicitation.ShownAfter, so that a form which it dismisses counts as not shown.
func (p *person) Elicit(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(300 * time.Millisecond):
	}
	result := &mcp.ElicitationResult{}
	switch p.random.IntN(8) {
	case 0:
		result.Action = mcp.ElicitationResponseActionDecline
		return result, nil
	case 1:
		result.Action = mcp.ElicitationResponseActionCancel
		return result, nil
	}
	content := map[string]any{}
	schema, _ := request.Params.RequestedSchema.(map[string]any)
	fields, _ := schema["properties"].(map[string]any)
	for name, f := range fields {
		if field, _ := f.(map[string]any); field["type"] == "string" && field["enum"] == nil && field["format"] == nil && name != "in_your_own_words" {
			content[name] = "the usual"
		}
	}
	result.Action, result.Content = mcp.ElicitationResponseActionAccept, content
	return result, nil
}
