package arguments_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation/arguments"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

var reading = parse.Context{Now: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), Language: "en"}

func slotOf(kind questioning.Type, options ...any) questioning.Slot {
	slot := questioning.Slot{Key: "k", Title: "K", Type: kind}
	for _, o := range options {
		slot.Options = append(slot.Options, questioning.Option{Value: o})
	}
	return slot
}

// titled has options that questions show by their titles, so that models send these.
func titled(kind questioning.Type) questioning.Slot {
	slot := slotOf(kind)
	slot.Options = []questioning.Option{{Value: "gift", Title: "Gift wrap"}, {Value: "sms", Title: "Text message"}}
	return slot
}

func TestTheSlotsTypeDecidesWhatAValueIs(t *testing.T) {
	t.Parallel()
	letters, numbers := []any{"a", "b"}, []any{3.0, 5.0, 1.0}
	for _, c := range []struct {
		slot       questioning.Slot
		sent, want any
	}{
		{slotOf(questioning.Integer), 3.0, 3.0},
		{slotOf(questioning.Integer), "3", 3.0},
		{slotOf(questioning.Integer), " 3.0 ", 3.0},
		{slotOf(questioning.Integer), []any{3.0}, 3.0},
		{slotOf(questioning.Number), "2.5", 2.5},
		{slotOf(questioning.Boolean), "true", true},
		{slotOf(questioning.Boolean), true, true},
		{slotOf(questioning.Date), `"2027-05-01"`, "2027-05-01"},
		{slotOf(questioning.Text), 10115.0, "10115"},
		{slotOf(questioning.Text), 1e21, "1e+21"},
		{slotOf(questioning.Text), `["a"]`, `["a"]`},
		{slotOf(questioning.Text), []any{"a"}, "a"},
		{slotOf(questioning.List), `["Ada","Bo, jr."]`, []any{"Ada", "Bo, jr."}},
		{slotOf(questioning.List), []any{"Ada"}, []any{"Ada"}},
		{slotOf(questioning.Choices, letters...), `["b","a"]`, []any{"a", "b"}},
		{slotOf(questioning.Choices, letters...), "a", []any{"a"}},
		{titled(questioning.Choices), []any{"Gift wrap", "sms"}, []any{"gift", "sms"}},
		{titled(questioning.Choices), `["Text message"]`, []any{"sms"}},
		{titled(questioning.Choices), []any{map[string]any{"value": "gift", "label": "Gift wrap"}}, []any{"gift"}},
		{titled(questioning.Choice), []any{"Gift wrap"}, "gift"},
		{slotOf(questioning.List), []any{map[string]any{"value": "Ada"}}, []any{"Ada"}},
		{slotOf(questioning.Text), map[string]any{"value": "Ada"}, "Ada"},
		{slotOf(questioning.Boolean), 1.0, true},
		{slotOf(questioning.Boolean), 0.0, false},
		{slotOf(questioning.Choices, numbers...), 5.0, []any{5.0}},
		{slotOf(questioning.Choice, letters...), `"b"`, "b"},
		{slotOf(questioning.Choice, letters...), []any{"b"}, "b"},
		{slotOf(questioning.Choice, numbers...), "1", 1.0}, // the option, not the first one
		{slotOf(questioning.Choice, numbers...), 1.0, 1.0},
	} {
		got, err := arguments.Value(c.slot, c.sent, reading)
		if assert.NoError(t, err, "%s: %v", c.slot.Type, c.sent) {
			assert.Equal(t, c.want, got, "%s: %v", c.slot.Type, c.sent)
		}
	}
}

func TestAValueOfNoFormIsRefusedAsItWasSent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		slot questioning.Slot
		sent any
	}{
		{slotOf(questioning.Integer), true},
		{slotOf(questioning.Integer), "much"},
		{slotOf(questioning.Integer), []any{3.0, 4.0}},
		{slotOf(questioning.Number), "much"},
		{slotOf(questioning.Boolean), 5.0},
		{slotOf(questioning.Text), true},
		{slotOf(questioning.Choice, "a", "b"), 1.0}, // a number is not the place of an option
		{slotOf(questioning.Choice, 1.0, 2.0), "4"},
		{slotOf(questioning.Choices, "wifi", "meal"), `["sauna"]`},
		{slotOf(questioning.Date), "soon"},
		{slotOf(questioning.Date), `{"day": 1}`},
	} {
		_, err := arguments.Value(c.slot, c.sent, reading)
		assert.Error(t, err, "%s: %v", c.slot.Type, c.sent)
		if c.slot.Type != questioning.Choices { // whose items are looked at one by one
			_, asSent := parse.Check(c.slot, c.sent, reading)
			assert.Equal(t, asSent, err, "%s: %v", c.slot.Type, c.sent)
		}
	}
}

func TestAListInAStringIsRefusedAsTheList(t *testing.T) {
	t.Parallel()
	for _, slot := range []questioning.Slot{slotOf(questioning.Choices, "wifi", "meal"), slotOf(questioning.List)} {
		_, err := arguments.Value(slot, `["wifi", {"a": 1}]`, reading)
		_, ofList := parse.Check(slot, []any{"wifi", map[string]any{"a": 1.0}}, reading)
		assert.Error(t, ofList, slot.Type)
		assert.Equal(t, ofList, err, slot.Type)
	}
}
