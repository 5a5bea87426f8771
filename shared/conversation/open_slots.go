package conversation

import (
	"fmt"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// These bound the list of slots that wait, so that a model can afford it whatever the
// caller wants: its size in characters, of which about four are a token, and the options
// named of a slot.
const (
	maxOpenSlots  = 2400
	maxOptions    = 12
	maxOptionText = 40 // characters of an option
)

// openSlots lists the slots that nothing is known of and that no open question asks
// for, each as "key (type or options): title", without a title that only spells the key.
// A list that is too long for its bound goes without titles, and then without its last
// slots, which it counts.
func (c *conversation) openSlots() []string {
	var open []questioning.Slot
	for _, of := range c.State.Coverage() {
		if of.Status == questioning.StatusMissing && !c.asksFor(of.Slot.Key) {
			open = append(open, of.Slot)
		}
	}
	list := make([]string, len(open))
	for _, titled := range []bool{true, false} {
		size := 0
		for i, slot := range open {
			list[i] = openSlot(slot, titled)
			size += len(list[i])
		}
		if size <= maxOpenSlots {
			return list
		}
	}
	size := 0
	for i, line := range list {
		if size += len(line); size > maxOpenSlots {
			return append(list[:i], fmt.Sprintf("%d more", len(list)-i))
		}
	}
	return list
}

// openSlot describes one slot.
func openSlot(slot questioning.Slot, titled bool) string {
	line := plain.Line(slot.Key)
	if kind := shape(slot); kind != "" {
		line += " (" + kind + ")"
	}
	if titled && !strings.EqualFold(strings.ReplaceAll(slot.Key, "_", " "), slot.Title) {
		line += ": " + plain.Line(slot.Title)
	}
	return line
}

// shape is the type of a slot's value, or its options; empty for a text. It names
// values and not titles: they are what a model sends back.
func shape(slot questioning.Slot) string {
	switch slot.Type {
	case questioning.Text:
		return ""
	case questioning.List:
		return "list"
	case questioning.Choice, questioning.Choices:
		options := make([]string, 0, len(slot.Options))
		for i, o := range slot.Options {
			if i == maxOptions {
				options = append(options, "…")
				break
			}
			options = append(options, plain.Line(plain.Excerpt(fmt.Sprint(o.Value), maxOptionText)))
		}
		if slot.Type == questioning.Choices {
			return "any of " + strings.Join(options, "|")
		}
		return strings.Join(options, "|")
	}
	return string(slot.Type)
}
