// Package form puts questions on a form and reads what the person filled in.
// It is pure. What clients make of a form is in docs/elicitation_session.md, and
// form_test.go holds every form against it.
package form

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// Item is one thing on a form: a question, or an assumption to confirm. Its text and
// its title may be anything, and are put on one line.
type Item struct {
	Slot     questioning.Slot
	Question int    // the question's number; 0 for an assumption
	Text     string // the question
	Assumed  any    // the assumption's value
	Source   string // where an assumption comes from, in the form's language
}

// New puts items on a form for a goal, in a language given as a BCP 47 tag. Each item
// has one field, named after its slot. The last field takes the person's own words:
// what fits no other field, and that one does not know, does not want to say, or is not
// concerned. No field is required: who leaves one out has not answered it. There has to
// be an item. The same items make the same form, byte for byte, since Read finds by it
// what a label means.
func New(goal string, items []Item, language string) elicitation.Form {
	say := messages.In(language)
	var schema elicitation.Schema
	for _, item := range items {
		schema.Fields = append(schema.Fields, item.field(say, len(items) > 1))
	}
	schema.Fields = append(schema.Fields, ownWords(items, say))
	form := elicitation.Form{Message: message(goal, items, say), Schema: schema}
	if say.Language() != messages.English {
		form.Language = say.Language()
	}
	return form
}

// MaxWords is how long, in characters, what the person says in own words may be.
const MaxWords = 2000

// wordsName is the name of the field for own words, which no slot has.
func wordsName(items []Item) string {
	name := "in_your_own_words"
	for taken(items, name) {
		name += "_"
	}
	return name
}

// taken reports a name that a slot's field has.
func taken(items []Item, name string) bool {
	for _, item := range items {
		if item.Slot.Key == name {
			return true
		}
	}
	return false
}

// ownWords is the last field. What it offers to say refers to a question by its number,
// or to the only item by its name. It is the one place where a person can say that they
// do not know: an enum or a number field has no value for that, and a second field for
// each question made forms twice as long.
func ownWords(items []Item, say *messages.Printer) elicitation.Field {
	most := MaxWords
	f := elicitation.Field{Name: wordsName(items), Type: "string", Title: say.Text(messages.OwnWords), MaxLength: &most}
	of := items[0] // better one whose own field takes no words
	for _, item := range items {
		if item.Question > 0 && of.takesWords() && !item.takesWords() {
			of = item
		}
	}
	// Half a title leaves room for what is said of it.
	name := plain.Excerpt(of.Slot.Title, maxTitle/2)
	if of.Question > 0 && len(items) > 1 {
		name = strconv.Itoa(of.Question)
	}
	f.Description = say.Text(messages.OwnWordsSuch, name)
	return f
}

// takesWords says that the item's field takes any words.
func (item Item) takesWords() bool {
	switch item.Slot.Type {
	case questioning.Text, questioning.List, questioning.Time:
		return true
	}
	return false
}

// field is the one that takes the item's value. Only what every client draws is used:
// the flat schema of MCP's elicitation, with enums as plain strings. Bounds are for the
// client to check early; Read and the slot check again.
func (item Item) field(say *messages.Printer, numbered bool) elicitation.Field {
	slot := item.Slot
	title, more := item.title(say, numbered)
	f := elicitation.Field{Name: slot.Key, Type: "string", Title: title}
	switch slot.Type {
	case questioning.Integer, questioning.Number:
		f.Type, f.Minimum, f.Maximum = string(slot.Type), shownBound(slot.Minimum, math.Inf(-1)), shownBound(slot.Maximum, math.Inf(1))
	case questioning.Date, questioning.DateTime, questioning.Email, questioning.URI:
		f.Format = string(slot.Type)
	case questioning.Text:
		f.MaxLength = slot.MaxLength
	case questioning.Boolean, questioning.Choice:
		f.Enum = labels(slot, say)
	case questioning.Choices:
		f.Type, f.Items = "array", &elicitation.Items{Type: "string", Enum: labels(slot, say)}
		f.MinItems, f.MaxItems = slot.MinItems, slot.MaxItems
	}
	value := slot.Default
	// An assumption's value is what the form shows for confirmation; a question's is
	// the slot's own default.
	if item.Question == 0 {
		value, more = item.Assumed, item.assumed(say)
	} else {
		more = strings.TrimSpace(more + " " + item.hint(title+" "+more, say))
	}
	f.Default, f.Description = preset(slot, value, say), more
	return f
}

// shownBound is a bound that clients show: 0 for the least number above it. The slot
// checks what is exact.
func shownBound(bound *float64, toward float64) *float64 {
	if bound == nil {
		return nil
	}
	shown, _ := questioning.ShownBound(*bound, toward)
	return &shown
}

// maxTitle is how many characters of a title clients show on one line beside the
// value, in a terminal of 80 columns.
const maxTitle = 60

// title is what is asked in one line, and what more the question says. On a form of
// several items a question has its number, by which the person can refer to it.
func (item Item) title(say *messages.Printer, numbered bool) (title, more string) {
	number, name := "", plain.Line(item.Slot.Title)
	if numbered && item.Question > 0 {
		number = fmt.Sprintf("%d. ", item.Question)
	}
	room := maxTitle - utf8.RuneCountInString(number)
	fits := func(text string) bool { return text != "" && utf8.RuneCountInString(text) <= room }
	asked := cmp.Or(plain.Line(item.Text), name)
	if asked == say.Text(messages.AskFor, name) {
		asked = name // the label of a field asks without a question mark
	}
	// A question with a remark behind it is cut where the remark begins.
	question, rest, _ := strings.Cut(asked, "? ")
	switch {
	case fits(asked):
		return number + asked, ""
	case rest != "" && fits(question+"?"):
		return number + question + "?", rest
	case fits(name):
		return number + name, asked
	}
	return number + plain.Excerpt(asked, room), asked
}

// roomyText is how many characters leave room for what people write in a field, so that
// a limit need not be said; the field has it all the same.
const roomyText = 100

// hint is the form of the answer, or what a good one contains, where neither the field
// nor what is said already shows it. A pattern is not shown, since it is written for
// programs.
func (item Item) hint(said string, say *messages.Printer) string {
	slot, language := item.Slot, say.Language()
	switch slot.Type {
	case questioning.Text:
		var more []string
		for _, hint := range slot.LookFor {
			if !strings.Contains(strings.ToLower(said), strings.ToLower(strings.TrimRight(hint, ".?"))) {
				more = append(more, hint)
			}
		}
		roomy := slot.MaxLength == nil || *slot.MaxLength >= roomyText
		if len(more) > 0 || roomy && (slot.MinLength == nil || *slot.MinLength <= 1) || slot.Pattern != "" {
			return strings.Join(more, "; ")
		}
	case questioning.Boolean, questioning.Choice, questioning.Choices, questioning.Email:
		return ""
	}
	expected := plain.Line(parse.Hint(slot, language))
	if expected == say.Text(messages.WholeNumber) || expected == say.Text(messages.Number) {
		return ""
	}
	return upperFirst(expected) + "."
}

// assumed says where an assumption comes from. Its value is the field's default, or
// is said where a field cannot have it.
func (item Item) assumed(say *messages.Printer) string {
	text := say.Text(messages.AssumedOnForm, cmp.Or(item.Source, say.Text(messages.FromContext)))
	if preset(item.Slot, item.Assumed, say) == nil {
		text += " " + say.Text(messages.Suggested, item.Slot.Quote(item.Assumed, say.Language()))
	}
	return text
}

// labels are what a person reads of each option, each of them once. Clients send back
// the label and not the value, so two options with one title need two labels: the
// second gets its value, and then stars.
func labels(slot questioning.Slot, say *messages.Printer) []string {
	values := valuesOf(slot)
	all, seen := make([]string, len(values)), map[string]bool{}
	for i, value := range values {
		label := slot.Render(value, say.Language())
		if slot.Type == questioning.Boolean {
			label = upperFirst(label)
		}
		// An empty label cannot be chosen in some clients.
		label = cmp.Or(label, say.Text(messages.None))
		if seen[label] {
			label += " (" + plain.Line(questioning.Render(value, say.Language())) + ")"
		}
		for seen[label] {
			label += "*"
		}
		seen[label], all[i] = true, label
	}
	return all
}

// valuesOf are the values that a field offers.
func valuesOf(slot questioning.Slot) []any {
	if slot.Type == questioning.Boolean {
		return []any{true, false}
	}
	all := make([]any, len(slot.Options))
	for i, o := range slot.Options {
		all[i] = o.Value
	}
	return all
}

// preset is a value as a field's default, nil where the field cannot have it. A default
// that the field does not offer, or not in its format, is no default by MCP's schema.
func preset(slot questioning.Slot, value any, say *messages.Printer) any {
	if value == nil {
		return nil
	}
	switch slot.Type {
	case questioning.Integer, questioning.Number:
		return value
	case questioning.Boolean, questioning.Choice:
		if label, ok := labelOf(slot, value, say); ok {
			return label
		}
		return nil
	case questioning.Choices:
		many, _ := value.([]any)
		var all []string
		for _, one := range many {
			if label, ok := labelOf(slot, one, say); ok {
				all = append(all, label)
			}
		}
		if len(all) == 0 || len(all) < len(many) {
			return nil
		}
		return all
	case questioning.Date, questioning.DateTime:
		return value // in the form that the field's format has
	}
	if many, ok := value.([]any); ok && len(many) == 0 {
		return nil
	}
	return slot.Render(value, say.Language())
}

// labelOf is the label of a value that the field offers.
func labelOf(slot questioning.Slot, value any, say *messages.Printer) (string, bool) {
	for i, one := range valuesOf(slot) {
		if one == value {
			return labels(slot, say)[i], true
		}
	}
	return "", false
}

// longestGoal is how much of the goal, in characters, the message repeats: what a
// dialog shows without scrolling.
const longestGoal = 200 // characters

// message says what the form is for and how much is on it, before a person decides to
// fill it in.
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

// upperFirst raises an ASCII letter. Texts in other scripts begin as they are written.
func upperFirst(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
