package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// fillIn runs the conversation with forms that the client shows between calls.
// After a killed client another one calls without the sealed state, which died with
// the first; the server has to show the same form again.
//
// open marks where the statements begin that no success has acknowledged yet; each success
// moves it to the end.
func (sim *simulation) fillIn(ctx context.Context) error {
	first := sim.opening()
	p := params{Name: automaticTool, Arguments: first}
	open := len(sim.Statements) // index of the first unacknowledged statement
	for range mostTurns {
		var result automatic.Result
		answer, err := sim.call(ctx, p, &result)
		switch {
		case errors.Is(err, errKilled):
			open = len(sim.Statements)
			p = params{Name: automaticTool, Arguments: sim.again(first)}
			continue
		case err != nil:
			return err
		}
		sim.acknowledge(open)
		open = len(sim.Statements)
		if answer.Type == "input_required" {
			response, err := sim.fill(answer.InputRequests["form"])
			if err != nil {
				return err
			}
			p = params{Name: automaticTool, Arguments: p.Arguments, RequestState: answer.RequestState, InputResponses: map[string]any{"form": response}}
			open = sim.firstSure(open, response)
			continue
		}
		done, err := sim.ended(ctx, result)
		if done || err != nil {
			return err
		}
		open = len(sim.Statements)
		p = params{Name: automaticTool, Arguments: sim.again(first)}
	}
	return fmt.Errorf("it does not end within %d calls", mostTurns)
}

// again returns the arguments with which another client continues: the conversation's id
// if it is known, otherwise those that opened it.
// Both must lead to the same conversation.
func (sim *simulation) again(first map[string]any) map[string]any {
	if sim.Conversation == "" {
		return first
	}
	return map[string]any{"conversation_id": sim.Conversation, "user_id": sim.user}
}

// ended handles a result. If no form can be shown, the conversation continues with answers
// and words.
// It returns true if the conversation has ended for this client.
func (sim *simulation) ended(ctx context.Context, result automatic.Result) (bool, error) {
	sim.take(result.Turn)
	switch result.Status {
	case automatic.StatusComplete:
		return true, nil
	case automatic.StatusBatch:
		return true, sim.continueByAnswers(ctx)
	case automatic.StatusDeclined:
		return result.Metadata.Complete, nil
	}
	return false, nil
}

// response is the person's response to a form.
type response struct {
	Action  string         `json:"action"`
	Content map[string]any `json:"content,omitempty"`
}

// firstSure returns the index of the first statement that a success acknowledges: a form
// that is declined faster than it can be read is ignored, a slower one counts as declined.
func (sim *simulation) firstSure(open int, r response) int {
	if r.Action == "decline" {
		return len(sim.Statements)
	}
	return open
}

// fill shows a form to the person and records the response.
// The form is decoded as a client would, from the schema alone.
func (sim *simulation) fill(request json.RawMessage) (response, error) {
	var form struct {
		Params struct {
			Schema elicitation.Schema `json:"requestedSchema"`
		} `json:"params"`
	}
	if err := json.Unmarshal(request, &form); err != nil {
		return response{}, fmt.Errorf("read the form: %w", err)
	}
	r := sim.fields(form.Params.Schema)
	sim.log("the person answers", r)
	return r, nil
}

// fields fills in a form's fields. Now and then the person cancels, declines or
// leaves a field empty.
// A cancelled form says nothing about any slot; a declined one declines all that it shows.
func (sim *simulation) fields(schema elicitation.Schema) response {
	var asked []want
	for _, f := range schema.Fields {
		if w, ok := sim.wants[f.Name]; ok {
			asked = append(asked, w)
			// A killed client's answer that counts after all may contradict a later one, and
			// then a form asks which of them holds.
			if sim.settled[w.key] && !sim.unsure(w.key) {
				sim.find(lost, "a form asks for %s, which was answered and acknowledged", w.key)
			}
		}
	}
	switch {
	case sim.random.IntN(cancels) == 0:
		return response{Action: "cancel"}
	case sim.random.IntN(declines) == 0:
		var said []statement
		for _, w := range asked {
			said = append(said, statement{Slot: w.key, Outcome: questioning.Declined})
		}
		sim.say(said...)
		return response{Action: "decline"}
	}
	left := -1
	if len(asked) > 1 && sim.random.IntN(leavesOut) == 0 {
		left = sim.random.IntN(len(asked))
	}
	content := map[string]any{}
	var said []statement
	for i, w := range asked {
		if i != left {
			said = append(said, sim.written(w, content))
		}
	}
	// Own words are recorded after the fields, and a client of an older revision does not
	// preserve the order of fields.
	_, inWords := content[ownWords]
	for i := range said {
		said[i].Together = inWords || sim.Kind == byOlderForm
	}
	sim.say(said...)
	return response{"accept", content}
}

// ownWords is the field of a form for the person's own words.
const ownWords = "in_your_own_words"

// written fills in a form for one slot: its field, or a line in own words.
// It adds to content and returns what was said.
func (sim *simulation) written(w want, content map[string]any) statement {
	if sim.random.IntN(20) == 0 {
		said, _ := content[ownWords].(string)
		content[ownWords] = strings.TrimSpace(said + "\n" + w.key + ": don't know")
		return statement{Slot: w.key, Outcome: questioning.Unknown, Words: "don't know"}
	}
	value, _ := sim.value(w.key)
	content[w.key] = value
	return statement{Slot: w.key, Outcome: questioning.Answered, Value: value, Words: questioning.Render(value, "")}
}
