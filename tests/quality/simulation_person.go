package main

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// today is the date of all simulated answers, fixed so that tables can be repeated.
// Dates that people give lie after it, up to 400 days.
var today = time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)

// person is a simulated person with hidden facts who only answers what is asked. Facts
// and habits do not depend on the order of questions.
// A person does not learn, tire or leave.
type person struct {
	chance
	facts    map[string]any // by slot; what does not apply has none
	evasive  bool           // does not know, or does not say, some of it
	mumbling bool           // answers some of it unreadably at first
	chatty   bool           // answers two things at once at times
	wavering bool           // says something else at first, at times
}

// The shares of people with each habit, and of the slots it shows in. They are
// estimates: no data say how often people answer so. They are the same for every way of
// asking.
const (
	evasiveShare, evasiveSlots   = 0.2, 0.2
	mumblingShare, mumblingSlots = 0.15, 0.3
	chattyShare, chattySlots     = 0.25, 0.4
	waveringShare, waveringSlots = 0.15, 0.15
)

// newPerson draws a person of the schema. Each has a persona: a group whose people
// mostly give the same answers, from which statistics can learn.
// Equal seed, schema and name give the same person. Slots must come after those that their
// conditions name.
func newPerson(seed chance, f schema, name string) person {
	ways := seed.of("ways", f.name) // what the schema's people have in common
	c := seed.of("person", f.name, name)
	persona := fmt.Sprint(c.of("persona").below(f.personas))
	p := person{
		chance: c, facts: map[string]any{},
		evasive:  c.of("evasive").float() < evasiveShare,
		mumbling: c.of("mumbling").float() < mumblingShare,
		chatty:   c.of("chatty").float() < chattyShare,
		wavering: c.of("wavering").float() < waveringShare,
	}
	for _, slot := range f.slots {
		if when := slot.When; when != nil {
			on, applies := p.facts[when.Slot]
			if !applies || !when.Holds(on) {
				continue
			}
		}
		loyal := ways.of("loyal", slot.Key).between(f.loyalLow, f.loyalHigh)
		draw := c.of("fact", slot.Key)
		if c.of("loyal", slot.Key).float() < loyal {
			draw = ways.of("usual", persona, slot.Key)
		}
		p.facts[slot.Key] = factOf(slot, draw)
	}
	return p
}

// factOf draws a value that fits the slot. What is not an option is the
// person's own in any case: it says nothing about others.
// Equal chance gives the same value; that is how people of one persona agree.
func factOf(slot questioning.Slot, c chance) any {
	n := float64(1 + c.below(400))
	day := today.AddDate(0, 0, int(n))
	switch slot.Type {
	case questioning.Boolean:
		return c.below(2) == 1
	case questioning.Choice:
		return slot.Options[c.below(len(slot.Options))].Value
	case questioning.Choices:
		return someOptions(slot, c)
	case questioning.Integer, questioning.Number:
		if slot.Minimum != nil {
			n += *slot.Minimum
		}
		if slot.Maximum != nil && n > *slot.Maximum {
			n = *slot.Maximum
		}
		return n
	case questioning.Date:
		return day.Format(time.DateOnly)
	case questioning.Time:
		return day.Add(time.Duration(n) * time.Minute).Format(time.TimeOnly)
	case questioning.DateTime:
		return day.Format(time.RFC3339)
	case questioning.Email:
		return fmt.Sprintf("person%.0f@example.com", n)
	case questioning.URI:
		return fmt.Sprintf("https://example.com/%.0f", n)
	case questioning.List:
		items := []any{fmt.Sprintf("first thing %.0f", n), fmt.Sprintf("second thing %.0f", n)}
		for slot.MinItems != nil && len(items) < *slot.MinItems {
			items = append(items, fmt.Sprintf("thing %d of %.0f", len(items)+1, n))
		}
		return items
	default:
		text := fmt.Sprintf("what %.0f says about the matter", n)
		if slot.MinLength != nil && len(text) < *slot.MinLength {
			text += strings.Repeat(" and more", *slot.MinLength)
		}
		if slot.MaxLength != nil && len(text) > *slot.MaxLength {
			text = fmt.Sprintf("%.0f", n)
		}
		return text
	}
}

// someOptions chooses one option more than the least at most.
func someOptions(slot questioning.Slot, c chance) []any {
	least, most := 1, len(slot.Options)
	if slot.MinItems != nil {
		least = *slot.MinItems
	}
	if slot.MaxItems != nil {
		most = min(most, *slot.MaxItems)
	}
	count := min(most, least+c.of("count").below(2))
	var all []any
	for _, i := range c.of("which").generator().Perm(len(slot.Options))[:count] {
		all = append(all, slot.Options[i].Value)
	}
	return inOrder(slot, all)
}

// inOrder sorts chosen options in the slot's order. The engine stores chosen
// options in that order, so facts and answers compare equal.
func inOrder(slot questioning.Slot, chosen []any) []any {
	var sorted []any
	for _, o := range slot.Options {
		for _, value := range chosen {
			if reflect.DeepEqual(o.Value, value) {
				sorted = append(sorted, value)
			}
		}
	}
	return sorted
}

// shows reports whether one of the person's habits shows in a slot. A habit shows in
// some slots only, always in the same ones.
// Two habits of one person show independently of each other.
func (p person) shows(habit bool, name, slot string, share float64) bool {
	return habit && p.of(name, slot).float() < share
}

// withheld returns what the person says instead of a fact; "" if they say the fact.
// Such a slot is as likely not known to them as not told.
func (p person) withheld(slot string) questioning.Outcome {
	switch {
	case !p.shows(p.evasive, "withholds", slot, evasiveSlots):
		return ""
	case p.of("declines", slot).float() < 0.5:
		return questioning.Declined
	}
	return questioning.Unknown
}

// wavers reports whether the person first gives another answer for the slot. They
// correct themselves with a later answer, and the engine has to ask which one holds.
func (p person) wavers(slot questioning.Slot) bool {
	return p.withheld(slot.Key) == "" && p.shows(p.wavering, "wavers", slot.Key, waveringSlots)
}

// answers returns the person's answers to a question for a slot. Someone who mumbled
// speaks clearly when the question is put again.
// A question for a slot that does not apply can come from an engine that was told something
// wrong before; it gets an answer that no parser reads as a value.
func (p person) answers(slot questioning.Slot, purpose questioning.Purpose) questioning.Answer {
	fact, applies := p.facts[slot.Key]
	switch {
	case !applies:
		return read(slot, "does not apply")
	case p.withheld(slot.Key) == questioning.Declined:
		return read(slot, "I'd rather not say")
	case p.withheld(slot.Key) == questioning.Unknown:
		return read(slot, "I don't know")
	case purpose == questioning.Ask && typed(slot) && p.shows(p.mumbling, "mumbles", slot.Key, mumblingSlots):
		return read(slot, "hm, the usual I suppose, it depends")
	case purpose == questioning.Ask && p.wavers(slot):
		return stated(slot, p.otherThan(slot, fact))
	}
	return stated(slot, fact)
}

// typed reports whether words may fail to be read as the slot's type. Any words are a
// text, and any words a list of one.
func typed(slot questioning.Slot) bool {
	return slot.Type != questioning.Text && slot.Type != questioning.List
}

// otherThan returns a value for the slot other than the fact, if there is one.
// Twenty draws find one unless the slot has a single value.
func (p person) otherThan(slot questioning.Slot, fact any) any {
	for i := range 20 {
		if other := factOf(slot, p.of("other", slot.Key, fmt.Sprint(i))); !reflect.DeepEqual(other, fact) {
			return other
		}
	}
	return fact
}

// volunteers returns another slot that the person volunteers with an answer; false if there
// is none.
// The slot may be one that was answered already; the caller looks.
func (p person) volunteers(slots []questioning.Slot, asked string) (questioning.Slot, bool) {
	if !p.shows(p.chatty, "chats", asked, chattySlots) {
		return questioning.Slot{}, false
	}
	other := slots[p.of("brings up", asked).below(len(slots))]
	_, applies := p.facts[other.Key]
	return other, applies && other.Key != asked && p.withheld(other.Key) == "" && !p.wavers(other)
}

// stated returns a fact in words, parsed again. What the parser cannot read back is
// passed as a value, so that this measures the engine's questions and not the parser
// once more.
func stated(slot questioning.Slot, fact any) questioning.Answer {
	said := read(slot, inWords(slot, fact))
	if said.Problem != "" || !reflect.DeepEqual(said.Value, fact) {
		said.Value, said.Problem = fact, "" // as a client's structured answer
	}
	return said
}

// read parses words like the service.
// The language is not named, as with a client that names none.
func read(slot questioning.Slot, words string) questioning.Answer {
	r := parse.Read(slot, words, parse.Context{Now: today})
	return questioning.Answer{Slot: slot.Key, Outcome: r.Outcome, Value: r.Value, Words: words, Problem: r.Problem}
}

// inWords returns a value in words.
// They are in English, in the form that a person would write.
func inWords(slot questioning.Slot, fact any) string {
	switch value := fact.(type) {
	case bool:
		if value {
			return "yes, sure"
		}
		return "no"
	case []any:
		words := make([]string, len(value))
		for i, one := range value {
			words[i] = inWords(slot, one)
		}
		return strings.Join(words, "; ")
	}
	for _, o := range slot.Options {
		if reflect.DeepEqual(o.Value, fact) {
			return cmp.Or(o.Title, fmt.Sprint(o.Value))
		}
	}
	return questioning.Render(fact, "")
}
