package questioning_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

var kinds = []questioning.Option{{Value: "private_party", Title: "Private party"}, {Value: 2.0, Title: "Two \"halls\""}, {Value: "plain"}, {Value: true}}

func TestAValueIsWrittenForAPerson(t *testing.T) {
	for _, c := range []struct {
		kind             questioning.Type
		options          []questioning.Option
		value            any
		rendered, quoted string
	}{
		{questioning.Choice, kinds, "private_party", "Private party", "Private party"},
		{questioning.Choice, kinds, 2.0, `Two "halls"`, `Two "halls"`},
		{questioning.Choice, kinds, "plain", "plain", "plain"},
		{questioning.Choice, kinds, true, "ja", "ja"},
		{questioning.Choice, kinds, "no option", "no option", `"no option"`},
		{questioning.Choices, kinds, []any{"private_party", "plain"}, "Private party, plain", "Private party, plain"},
		{questioning.Choices, kinds, []any{}, "keine", "keine"},
		{questioning.List, nil, []any{}, "keine", "keine"},
		{questioning.List, nil, []any{"a", "b \"c\""}, `a, b "c"`, `"a", "b \"c\""`},
		{questioning.Boolean, nil, false, "nein", "nein"},
		{questioning.Number, nil, 1234567.5, "1234567,5", "1234567,5"},
		{questioning.Date, nil, "2026-11-30", "2026-11-30", "2026-11-30"},
		{questioning.Time, nil, "14:00:00", "14:00", "14:00"},
		{questioning.Time, nil, "14:00:30", "14:00:30", "14:00:30"},
		{questioning.DateTime, nil, "2026-11-30T14:30:00Z", "2026-11-30 14:30 UTC", "2026-11-30 14:30 UTC"},
		{questioning.DateTime, nil, "2026-11-30T14:30:05-03:30", "2026-11-30 14:30:05-03:30", "2026-11-30 14:30:05-03:30"},
		{questioning.DateTime, nil, "soon", "soon", "soon"},
		{questioning.Text, nil, "14:00:00", "14:00:00", `"14:00:00"`},
		{questioning.Text, nil, nil, "nichts", "nichts"},
	} {
		slot := questioning.Slot{Key: "x", Type: c.kind, Options: c.options}
		assert.Equal(t, c.rendered, slot.Render(c.value, "de"), "%s %v", c.kind, c.value)
		assert.Equal(t, c.quoted, slot.Quote(c.value, "de"), "%s %v", c.kind, c.value)
	}
}

// What a person reads of a value can be said back, in any language.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for _, language := range messages.Languages {
		for kind, values := range map[questioning.Type][]any{
			questioning.Boolean:  {true, false},
			questioning.Integer:  {0.0, 7.0, 1200.0, 1234567.0, -3.0},
			questioning.Number:   {2.5, 1234.5, 0.25},
			questioning.Date:     {"2026-11-30", "2027-02-01"},
			questioning.Time:     {"14:00:00", "00:30:00", "14:00:30"},
			questioning.DateTime: {"2026-11-30T14:30:00Z", "2026-11-30T14:30:05-03:30", "2027-02-01T00:00:00+02:00"},
			questioning.Choice:   {"private_party", "plain"},
			questioning.Choices:  {[]any{"private_party", "plain"}, []any{}},
			questioning.List:     {[]any{"a", "b"}, []any{}},
			questioning.Email:    {"ada@example.com"},
		} {
			slot := questioning.Slot{Key: "x", Title: "X", Type: kind}
			if kind == questioning.Choice || kind == questioning.Choices {
				slot.Options = kinds
			}
			for _, value := range values {
				written := slot.Render(value, language)
				read := parse.Read(slot, written, parse.Context{Now: now, Language: language})
				assert.Equal(t, value, read.Value, "%s: %s %q: %s", language, kind, written, read.Problem)
			}
		}
	}
}
