package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// fillIn holds the conversation by forms that the client shows between calls.
func (iv *interview) fillIn(ctx context.Context) error {
	first := iv.opening()
	p := params{Name: automaticTool, Arguments: first}
	open := len(iv.Statements) // the first statement that is not acknowledged yet
	for range mostTurns {
		var result automatic.Result
		answer, err := iv.call(ctx, p, &result)
		switch {
		case errors.Is(err, errKilled):
			open = len(iv.Statements)
			p = params{Name: automaticTool, Arguments: iv.again(first)}
			continue
		case err != nil:
			return err
		}
		iv.acknowledge(open)
		open = len(iv.Statements)
		if answer.Type == "input_required" {
			response, err := iv.fill(answer.InputRequests["form"])
			if err != nil {
				return err
			}
			p = params{Name: automaticTool, Arguments: p.Arguments, RequestState: answer.RequestState, InputResponses: map[string]any{"form": response}}
			open = iv.firstSure(open, response)
			continue
		}
		done, err := iv.ended(ctx, result)
		if done || err != nil {
			return err
		}
		open = len(iv.Statements)
		p = params{Name: automaticTool, Arguments: iv.again(first)}
	}
	return fmt.Errorf("it does not end within %d calls", mostTurns)
}

// again is the arguments with which another client goes on: the conversation's
// id where it is known, else those that opened it.
func (iv *interview) again(first map[string]any) map[string]any {
	if iv.Conversation == "" {
		return first
	}
	return map[string]any{"conversation_id": iv.Conversation, "user_id": iv.user}
}

// ended looks at a result. Where no form can be shown, the conversation goes on
// by answers and words.
func (iv *interview) ended(ctx context.Context, result automatic.Result) (bool, error) {
	iv.take(result.Turn)
	switch result.Status {
	case automatic.StatusComplete:
		return true, nil
	case automatic.StatusBatch:
		return true, iv.goOn(ctx)
	case automatic.StatusDeclined:
		return result.Metadata.Complete, nil
	}
	return false, nil
}

// response is what became of a form.
type response struct {
	Action  string         `json:"action"`
	Content map[string]any `json:"content,omitempty"`
}

// firstSure is the first statement that a success acknowledges: a form declined
// faster than it can be read counts for nothing, and a slower one as declined.
func (iv *interview) firstSure(open int, r response) int {
	if r.Action == "decline" {
		return len(iv.Statements)
	}
	return open
}

// fill shows a form to the person, and notes what the person says on it.
func (iv *interview) fill(request json.RawMessage) (response, error) {
	var form struct {
		Params struct {
			Schema elicitation.Schema `json:"requestedSchema"`
		} `json:"params"`
	}
	if err := json.Unmarshal(request, &form); err != nil {
		return response{}, fmt.Errorf("read the form: %w", err)
	}
	r := iv.fields(form.Params.Schema)
	iv.tell("the person answers", r)
	return r, nil
}

// fields fills in a form's fields.
func (iv *interview) fields(schema elicitation.Schema) response {
	var asked []want
	for _, f := range schema.Fields {
		if w, ok := iv.wants[f.Name]; ok {
			asked = append(asked, w)
			if iv.settled[w.key] {
				iv.find(lost, "a form asks for %s, which was answered and acknowledged", w.key)
			}
		}
	}
	switch {
	case iv.random.IntN(cancels) == 0:
		return response{Action: "cancel"}
	case iv.random.IntN(declines) == 0:
		var said []statement
		for _, w := range asked {
			said = append(said, statement{Slot: w.key, Outcome: questioning.Declined})
		}
		iv.say(said...)
		return response{Action: "decline"}
	}
	left := -1
	if len(asked) > 1 && iv.random.IntN(leavesOut) == 0 {
		left = iv.random.IntN(len(asked))
	}
	content := map[string]any{}
	var said []statement
	for i, w := range asked {
		if i != left {
			said = append(said, iv.written(w, content))
		}
	}
	iv.say(said...)
	return response{"accept", content}
}

// written is what the person writes in the fields of one slot.
func (iv *interview) written(w want, content map[string]any) statement {
	together := iv.Kind == byOlderForm // its client does not keep the order of fields
	if iv.random.IntN(20) == 0 {
		field := w.key
		if w.kind != "string" {
			field += "_instead"
		}
		content[field] = "don't know"
		return statement{Slot: w.key, Outcome: questioning.Unknown, Words: "don't know", Together: together}
	}
	value, _ := iv.value(w.key)
	content[w.key] = value
	return statement{Slot: w.key, Outcome: questioning.Answered, Value: value, Words: questioning.Render(value, ""), Together: together}
}
