package main

import (
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// schema is what one kind of conversation wants to know, and how the hidden facts of
// the people in it are related. It is a caller's information_needed together with a
// population that answers it. The engine sees goal and slots only.
type schema struct {
	name, family string
	goal         string
	slots        []questioning.Slot
	personas     int
	// A person gives a slot's usual answer of their persona with a likelihood that
	// is the slot's own, between these two; otherwise any answer.
	loyalLow, loyalHigh float64
}

// family is a kind of generated schema.
// The bounds are those of schema.
type family struct {
	name                string
	personas            int
	loyalLow, loyalHigh float64
}

// families differ in how much one answer says about others, from which an engine
// with statistics gains. The last one has nothing to learn: there the engine must
// not do worse than without statistics.
var families = []family{
	{"closely linked", 4, 0.92, 1},
	{"loosely linked", 4, 0.6, 0.95},
	{"independent", 1, 0, 0},
}

// generatedSchemas makes schemas with every type of slot, some conditional, the
// optional ones among the required. They guard against tuning the engine for a handful
// of playbooks.
// Names and chance depend on the family and the number alone: more of them leave the first as
// they are.
func generatedSchemas(seed chance, perFamily int) []schema {
	var all []schema
	for _, kind := range families {
		for n := range perFamily {
			name := fmt.Sprintf("%s %d", kind.name, n+1)
			all = append(all, schema{
				name: name, family: kind.name, goal: "a generated goal", personas: kind.personas,
				loyalLow: kind.loyalLow, loyalHigh: kind.loyalHigh,
				slots: generatedSlots(seed.of("form", name)),
			})
		}
	}
	return all
}

// freeTypes are the types without few options; text is listed twice, so that it is
// twice as likely.
var (
	freeTypes = []questioning.Type{
		questioning.Text, questioning.Text, questioning.Integer, questioning.Date, questioning.Number,
		questioning.List, questioning.Choices, questioning.Email,
	}
	weights = []float64{0.5, 0.8, 1, 1, 1.2, 1.5, 2}
)

// generatedSlots makes 12 to 21 slots, 60 % of them required, and a fifth of the
// later ones conditional.
func generatedSlots(seed chance) []questioning.Slot {
	slots := make([]questioning.Slot, 12+seed.of("length").below(10))
	for i := range slots {
		key := fmt.Sprintf("slot_%d", i+1)
		c := seed.of(key)
		s := questioning.Slot{
			Key: key, Title: fmt.Sprintf("Slot %d", i+1), Required: c.of("required").float() < 0.6,
			Weight: weights[c.of("weight").below(len(weights))],
		}
		switch kind := c.of("kind").float(); {
		case kind < 0.25:
			s.Type = questioning.Boolean
		case kind < 0.7:
			s.Type, s.Options = questioning.Choice, generatedOptions(2+c.of("options").below(5))
		default:
			s.Type = freeTypes[c.of("type").below(len(freeTypes))]
			if s.Type == questioning.Choices {
				s.Options = generatedOptions(4)
			}
		}
		if i > 2 && c.of("conditional").float() < 0.2 {
			s.When = generatedCondition(c, slots[:i])
		}
		slots[i] = s
	}
	return slots
}

// generatedOptions are words that no other slot's options resemble, at most six.
// Options with common words would measure the parser.
func generatedOptions(n int) []questioning.Option {
	options := make([]questioning.Option, n)
	for i := range options {
		name := []string{"amber", "birch", "coral", "delta", "ember", "fjord"}[i]
		options[i] = questioning.Option{Value: name}
	}
	return options
}

// generatedCondition hangs a slot on an earlier one with options, if there is any. If
// there is none, the slot stays unconditional.
// A condition never names a later slot, so conditions have no cycles.
func generatedCondition(c chance, earlier []questioning.Slot) *questioning.Condition {
	on := earlier[c.of("on").below(len(earlier))]
	switch on.Type {
	case questioning.Boolean:
		return &questioning.Condition{Slot: on.Key, In: []any{true}}
	case questioning.Choice:
		in := []any{on.Options[0].Value}
		if len(on.Options) > 3 {
			in = append(in, on.Options[1].Value)
		}
		return &questioning.Condition{Slot: on.Key, In: in}
	}
	return nil
}
