// Package form puts questions on a form and reads what the person filled in.
// It is pure.
package form

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// Item is one thing on a form: a question, or an assumption to confirm.
type Item struct {
	Slot     questioning.Slot
	Question int    // the question's number; 0 for an assumption
	Text     string // the question
	Assumed  any    // the assumption's value
	Source   string // where an assumption comes from, in words
}

// New puts items on a form for a goal. A question that takes free text has one
// field, named after its slot. Any other has a second one for own words, and for
// saying that one does not know, does not want to say, or is not concerned.
func New(goal string, items []Item) elicitation.Form {
	names := namesOf(items)
	var schema elicitation.Schema
	for i, item := range items {
		schema.Fields = append(schema.Fields, item.field(names[i].value))
		if !item.free() {
			schema.Fields = append(schema.Fields, elicitation.Field{
				Name: names[i].instead, Type: "string", Title: item.Slot.Title + ", or instead",
				Description: "Your own words, or: don't know, does not apply, rather not say.",
			})
		}
	}
	return elicitation.Form{Message: message(goal, items), Schema: schema}
}

// field is the one that takes the value.
func (item Item) field(name string) elicitation.Field {
	slot := item.Slot
	f := elicitation.Field{Name: name, Type: "string", Title: item.title(), Description: item.description()}
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
		f.OneOf = choices(slot.Options)
	case questioning.Choices:
		f.Type, f.Items = "array", &elicitation.Items{AnyOf: choices(slot.Options)}
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
	return item.Text
}

func (item Item) description() string {
	if item.Question == 0 {
		return fmt.Sprintf("Assumed, %s: %s. Correct it if that is wrong.",
			cmp.Or(item.Source, "from the context"), questioning.Render(item.Assumed))
	}
	if item.free() && item.Slot.Type == questioning.Text {
		return strings.Join(item.Slot.LookFor, "; ")
	}
	if len(item.Slot.Options) > 0 || item.Slot.Type == questioning.Boolean {
		return ""
	}
	return upperFirst(parse.Expected(item.Slot)) + "."
}

// free says that the value's field takes any words.
func (item Item) free() bool {
	switch item.Slot.Type {
	case questioning.Text, questioning.List, questioning.Time:
		return true
	}
	return false
}

func choices(options []questioning.Option) []elicitation.Choice {
	all := make([]elicitation.Choice, len(options))
	for i, o := range options {
		name := constant(o.Value)
		all[i] = elicitation.Choice{Const: name, Title: cmp.Or(o.Title, name)}
	}
	return all
}

// constant is an option's value as a form's choice, which has to be a string.
func constant(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return questioning.Render(value)
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

func message(goal string, items []Item) string {
	questions := 0
	for _, item := range items {
		if item.Question > 0 {
			questions++
		}
	}
	var parts []string
	if questions > 0 {
		parts = append(parts, counted(questions, "question"))
	}
	if confirm := len(items) - questions; confirm > 0 {
		parts = append(parts, counted(confirm, "assumption")+" to confirm")
	}
	return fmt.Sprintf("%s\n\n%s. Leave out what you like. Instead of an answer you can say: don't know, does not apply, rather not say.",
		shortened(goal), upperFirst(strings.Join(parts, " and ")))
}

func counted(n int, noun string) string {
	if n == 1 {
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func shortened(goal string) string {
	goal, _, _ = strings.Cut(strings.TrimSpace(goal), "\n")
	if utf8.RuneCountInString(goal) > longestGoal {
		return string([]rune(goal)[:longestGoal]) + "…"
	}
	return goal
}

func upperFirst(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
