package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/secret"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/slotspec"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// Bounds on a proposal; they are narrower than those on what a caller wants. Below
// minSlots a model has not understood the goal, and more than maxSlots nobody answers.
// The texts are bounded like what people write on forms.
const (
	minSlots     = 3
	maxSlots     = 18
	maxTitle     = 100 // characters
	maxQuestion  = 300 // characters
	maxHint      = 150 // characters of an entry of look_for
	maxHints     = 8
	maxOption    = 80 // characters
	maxOptions   = 24
	maxCondition = 24 // values
)

// proposal is one slot as the model writes it. Marshalled, it is an entry of a
// caller's information_needed.
type proposal struct {
	Key      string           `json:"key"`
	Title    string           `json:"title"`
	Question string           `json:"question,omitempty"`
	Type     questioning.Type `json:"type"`
	Options  []string         `json:"options,omitempty"`
	Required *bool            `json:"required,omitempty"`
	Weight   *float64         `json:"weight,omitempty"`
	LookFor  []string         `json:"look_for,omitempty"`
	Minimum  *float64         `json:"minimum,omitempty"`
	Maximum  *float64         `json:"maximum,omitempty"`
	When     *condition       `json:"when,omitempty"`
}

type condition struct {
	Slot string `json:"slot"`
	In   []any  `json:"in"`
}

var types = []questioning.Type{
	questioning.Text, questioning.Integer, questioning.Number, questioning.Boolean, questioning.Date, questioning.Time,
	questioning.DateTime, questioning.Email, questioning.URI, questioning.Choice, questioning.Choices, questioning.List,
}

// The prompt asks for 4 to 10, and the bounds are wider: a proposal that is a
// little off is better than none.
const proposeTask = `You decide which information has to be gathered from a person for a goal.
The document has the goal, and under "said" what the person said so far, oldest first.
Name 4 to 10 pieces of information without which the goal cannot be served well, the most important first. For each give:
- key: unique, English, lower case, words joined by _
- title: a few words, in the language of the goal
- question: one short question that asks a person for it, in the language of what they said, ending in a question mark
- type: the narrowest that fits; choice and choices need options
- options: 2 to 8 for choice and choices, else null
- required: whether the goal fails without it
- weight: 0.5 to 2, how much it matters beside the others
- look_for: up to 3 things a good answer contains, or null
- minimum, maximum: bounds of a number, or null
- when: null, or that it matters only if another slot holds one of some values
Leave out what the document already answers. Never ask for passwords, keys, card or identity numbers.
Write plain text: no markup, no links.`

// proposeSchema is what OpenAI's strict mode takes: every property is required,
// absent ones are null, and there are no bounds, which accept checks.
var proposeSchema = json.RawMessage(`{
"type":"object","additionalProperties":false,"required":["slots"],
"properties":{"slots":{"type":"array","items":{
"type":"object","additionalProperties":false,
"required":["key","title","question","type","options","required","weight","look_for","minimum","maximum","when"],
"properties":{
"key":{"type":"string"},
"title":{"type":"string"},
"question":{"type":"string"},
"type":{"type":"string","enum":["string","integer","number","boolean","date","time","date-time","email","uri","choice","choices","list"]},
"options":{"type":["array","null"],"items":{"type":"string"}},
"required":{"type":"boolean"},
"weight":{"type":["number","null"]},
"look_for":{"type":["array","null"],"items":{"type":"string"}},
"minimum":{"type":["number","null"]},
"maximum":{"type":["number","null"]},
"when":{"anyOf":[{"type":"null"},{
"type":"object","additionalProperties":false,"required":["slot","in"],
"properties":{"slot":{"type":"string"},"in":{"type":"array","items":{"type":["string","number","boolean"]}}}}]}
}}}}}`)

// ProposeSlots returns 3 to 18 slots to gather for a goal, the most important
// first. said is what the person said so far, oldest first. They are no more
// than what a caller could have asked for.
func (c *Client) ProposeSlots(ctx context.Context, goal string, said []string) ([]questioning.Slot, error) {
	if !c.Asks() {
		return nil, ErrNotConfigured
	}
	goal = plain.Prefix(goal, c.config.Limits.InputBytes/2)
	p := prompt{
		name: "slots", task: proposeTask, schema: proposeSchema,
		data: map[string]any{"goal": goal, "said": latest(said, c.config.Limits.InputBytes-len(goal))},
	}
	return do(ctx, c, proposing, func(ctx context.Context) ([]questioning.Slot, error) {
		var answer struct {
			Slots []proposal `json:"slots"`
		}
		if err := c.complete(ctx, proposing, p, &answer); err != nil {
			return nil, err
		}
		return accept(ctx, answer.Slots, goal+"\n"+strings.Join(said, "\n"))
	})
}

// accept makes slots of proposals, all of them or none: a set of slots with a
// hole asks for something else than was meant. Its errors name a place and never
// repeat a text.
func accept(ctx context.Context, proposals []proposal, source string) ([]questioning.Slot, error) {
	if len(proposals) < minSlots || len(proposals) > maxSlots {
		return nil, unusable("it proposes %d slots, not %d to %d", len(proposals), minSlots, maxSlots)
	}
	for i := range proposals {
		if err := proposals[i].tidy(source); err != nil {
			return nil, unusable("slots[%d].%v", i, err)
		}
	}
	raw, err := json.Marshal(proposals)
	if err != nil {
		return nil, unusable("its slots cannot be written down")
	}
	wanted, err := slotspec.Read(ctx, raw)
	slots := wanted.Slots
	var problem *slotspec.Error
	switch { // the problem's text could repeat what people said
	case errors.As(err, &problem) && strings.HasPrefix(problem.Path, "["):
		return nil, unusable("slots%s cannot be asked for", problem.Path)
	case err != nil:
		return nil, unusable("the conditions of its slots do not fit together")
	case len(wanted.Warnings) > 0: // such as an option twice, which a caller may be forgiven
		return nil, unusable("parts of its slots cannot be asked for")
	}
	for i, slot := range slots {
		if !canApply(slot, slots) {
			return nil, unusable("slots[%d].when can never hold", i)
		}
	}
	return slots, nil
}

// keyPattern is narrower than what a caller may choose: a model has no reason for
// more.
var keyPattern = lazyregexp.New(`^[a-z][a-z0-9_]{0,62}$`)

// tidy cleans the texts of a proposal and says which part cannot be used. source
// is what the model was given.
func (p *proposal) tidy(source string) error {
	hasOptions := p.Type == questioning.Choice || p.Type == questioning.Choices
	switch {
	case !keyPattern.MatchString(p.Key):
		return errors.New("key is not a name in lower case")
	case len(secret.May(p.Key, false)) > 0:
		return errors.New("key asks for a secret")
	case !slices.Contains(types, p.Type):
		return errors.New("type is not known")
	case hasOptions != (len(p.Options) > 0), hasOptions && len(p.Options) < 2, len(p.Options) > maxOptions:
		return fmt.Errorf("options has %d entries", len(p.Options))
	case len(p.LookFor) > maxHints:
		return fmt.Errorf("look_for has %d entries", len(p.LookFor))
	case p.When != nil && len(p.When.In) > maxCondition:
		return fmt.Errorf("when.in has %d entries", len(p.When.In))
	}
	if err := tidyText("title", &p.Title, maxTitle, source); err != nil {
		return err
	}
	if err := tidyText("question", &p.Question, maxQuestion, source); err != nil {
		return err
	}
	for i := range p.Options {
		if err := tidyText(fmt.Sprintf("options[%d]", i), &p.Options[i], maxOption, source); err != nil {
			return err
		}
		if p.Options[i] == "" {
			return fmt.Errorf("options[%d] is empty", i)
		}
	}
	for i := range p.LookFor {
		if err := tidyText(fmt.Sprintf("look_for[%d]", i), &p.LookFor[i], maxHint, source); err != nil {
			return err
		}
	}
	if p.When != nil {
		for i, value := range p.When.In {
			if text, ok := value.(string); ok {
				if err := tidyText(fmt.Sprintf("when.in[%d]", i), &text, maxOption, source); err != nil {
					return err
				}
				p.When.In[i] = text
			}
		}
	}
	return nil
}

// tidyText makes a text one line, or says which part cannot be used and why.
func tidyText(name string, text *string, limit int, source string) error {
	tidied, problem := written(*text, limit, source)
	if problem != "" {
		return errors.New(name + " " + problem)
	}
	*text = tidied
	return nil
}

// canApply reports whether the values a slot's condition names are ones that
// the other slot can hold.
func canApply(slot questioning.Slot, slots []questioning.Slot) bool {
	if slot.When == nil {
		return true
	}
	at := slices.IndexFunc(slots, func(s questioning.Slot) bool { return s.Key == slot.When.Slot })
	for _, value := range slot.When.In {
		switch _, isBool := value.(bool); {
		case slots[at].Type == questioning.Boolean && !isBool,
			len(slots[at].Options) > 0 && !slices.ContainsFunc(slots[at].Options, func(o questioning.Option) bool { return o.Value == value }):
			return false
		}
	}
	return true
}
