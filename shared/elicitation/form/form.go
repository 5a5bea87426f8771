// Package form puts questions on a form and reads what the person filled in.
// It is pure.
package form

import (
	"cmp"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/reply"
)

// Item is one thing on a form: a question, or an assumption to confirm.
type Item struct {
	Slot     questioning.Slot
	Question int    // the question's number; 0 for an assumption
	Text     string // the question
	Assumed  any    // the assumption's value
	Source   string // where an assumption comes from, in the form's language
}

// New puts items on a form for a goal, in a language given as a BCP 47 tag. A question that takes free text has one
// field, named after its slot. Any other has a second one for own words, and for
// saying that one does not know, does not want to say, or is not concerned.
func New(goal string, items []Item, language string) elicitation.Form {
	names, say := namesOf(items), messages.In(language)
	var schema elicitation.Schema
	for i, item := range items {
		schema.Fields = append(schema.Fields, item.field(names[i].value, say))
		if !item.free() {
			schema.Fields = append(schema.Fields, elicitation.Field{
				Name: names[i].instead, Type: "string", Title: say.Text(messages.Instead, item.Slot.Title),
				Description: say.Text(messages.OwnWords),
			})
		}
	}
	form := elicitation.Form{Message: message(goal, items, say), Schema: schema}
	if say.Language() != messages.English {
		form.Language = say.Language()
	}
	return form
}

// field is the one that takes the value.
func (item Item) field(name string, say *messages.Printer) elicitation.Field {
	slot := item.Slot
	f := elicitation.Field{Name: name, Type: "string", Title: item.title(), Description: item.description(say)}
	var value any = slot.Default
	if item.Question == 0 {
		value = item.Assumed
	}
	switch slot.Type {
	case questioning.Integer, questioning.Number:
		f.Type, f.Minimum, f.Maximum = string(slot.Type), slot.Minimum, slot.Maximum
	case questioning.Boolean:
		f.Type = "boolean"
	case questioning.Date, questioning.DateTime, questioning.Email, questioning.URI:
		f.Format = string(slot.Type)
	case questioning.Choice:
		f.OneOf = choices(slot.Options, say)
	case questioning.Choices:
		f.Type, f.Items = "array", &elicitation.Items{AnyOf: choices(slot.Options, say)}
		f.MinItems, f.MaxItems = slot.MinItems, slot.MaxItems
	}
	f.Default = preset(slot, value)
	return f
}

// title is what is asked, as a label.
func (item Item) title() string {
	if item.Question == 0 {
		return item.Slot.Title
	}
	return plain.Line(item.Text)
}

func (item Item) description(say *messages.Printer) string {
	if item.Question == 0 {
		return say.Text(messages.AssumedOnForm,
			cmp.Or(item.Source, say.Text(messages.FromContext)), questioning.Quote(item.Assumed, say.Language()))
	}
	if item.free() && item.Slot.Type == questioning.Text {
		return strings.Join(item.Slot.LookFor, "; ")
	}
	if len(item.Slot.Options) > 0 || item.Slot.Type == questioning.Boolean {
		return ""
	}
	return upperFirst(plain.Line(reply.Expected(item.Slot, say.Language()))) + "."
}

// free says that the value's field takes any words.
func (item Item) free() bool {
	switch item.Slot.Type {
	case questioning.Text, questioning.List, questioning.Time:
		return true
	}
	return false
}

func choices(options []questioning.Option, say *messages.Printer) []elicitation.Choice {
	all := make([]elicitation.Choice, len(options))
	for i, o := range options {
		all[i] = elicitation.Choice{Const: constant(o.Value), Title: cmp.Or(o.Title, questioning.Render(o.Value, say.Language()))}
	}
	return all
}

// constant is an option's value as a form's choice, which has to be a string.
func constant(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return questioning.Render(value, messages.English)
}

// preset is a value as a field's default.
func preset(slot questioning.Slot, value any) any {
	if value == nil {
		return nil
	}
	switch slot.Type {
	case questioning.Choices:
		many, _ := value.([]any)
		all := make([]string, len(many))
		for i, one := range many {
			all[i] = constant(one)
		}
		return all
	case questioning.Integer, questioning.Number, questioning.Boolean:
		return value
	}
	return constant(value)
}

// names of an item's two fields.
type names struct{ value, instead string }

// namesOf gives every field a name of its own.
func namesOf(items []Item) []names {
	taken := map[string]bool{}
	for _, item := range items {
		taken[item.Slot.Key] = true
	}
	all := make([]names, len(items))
	for i, item := range items {
		instead := item.Slot.Key + "_instead"
		for taken[instead] {
			instead += "_"
		}
		taken[instead] = true
		all[i] = names{item.Slot.Key, instead}
	}
	return all
}

const longestGoal = 200 // characters

func message(goal string, items []Item, say *messages.Printer) string {
	questions := 0
	for _, item := range items {
		if item.Question > 0 {
			questions++
		}
	}
	var parts []string
	if questions > 0 {
		parts = append(parts, say.Text(messages.QuestionCount, questions))
	}
	if confirm := len(items) - questions; confirm > 0 {
		parts = append(parts, say.Text(messages.AssumptionCount, confirm))
	}
	counts := parts[0]
	if len(parts) == 2 {
		counts = say.Text(messages.And, parts[0], parts[1])
	}
	return say.Text(messages.FormMessage, plain.Quote(plain.Excerpt(goal, longestGoal)), upperFirst(counts))
}

func upperFirst(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
