package model_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/model/modeltest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// odd are values that a model may put anywhere.
var odd = []any{
	nil, true, false, 0, -1, 1e308, 0.5, 3, 12, "", " ", "x", "A", "choice", "choices", "boolean", "list", "string", "has_pet", "destination",
	"\x00\x1b[31m", "\u202eevil", "<b>x</b>", "https://evil.example", strings.Repeat("ü", 101), strings.Repeat("long ", 500),
	[]any{}, []any{"a", "b"}, []any{"a", "a"}, []any{1, true}, []any{nil}, map[string]any{}, map[string]any{"slot": "has_pet", "in": []any{true}},
	map[string]any{"slot": "pet_name", "in": []any{"Rex"}}, map[string]any{"slot": "guests", "in": []any{3}},
}

// TestWhateverAModelWritesIsRefusedOrCanBeAskedFor is the promise that a hostile
// answer does at worst what a caller could have done.
func TestWhateverAModelWritesIsRefusedOrCanBeAskedFor(t *testing.T) {
	server := modeltest.NewServer(t)
	client := asking(t, server.URL, settings{"MODEL_MAX_ATTEMPTS": "1"})
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		slots := trip()
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			slot := slots[rapid.IntRange(0, len(slots)-1).Draw(t, "slot")]
			names := []string{"key", "title", "question", "type", "options", "required", "weight", "look_for", "minimum", "maximum", "when", "more"}
			slot[rapid.SampledFrom(names).Draw(t, "name")] = rapid.SampledFrom(odd).Draw(t, "value")
		}
		raw, err := json.Marshal(map[string]any{"slots": slots})
		require.NoError(t, err)
		if rapid.IntRange(0, 3).Draw(t, "broken") == 0 {
			raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] = rapid.SampledFrom([]byte(`{}[]",:0 x`)).Draw(t, "byte")
		}
		server.Then(modeltest.Writes(string(raw)))
		got, err := client.ProposeSlots(t.Context(), "a trip", nil)
		if err != nil {
			require.ErrorIs(t, err, model.ErrUnusable)
			return
		}
		accepted++
		askable(t, got)
	})
	require.Positive(t, accepted, "some of it is good")
}

// askable verifies that slots are well formed, and that an interview for them ends.
func askable(t *rapid.T, slots []questioning.Slot) {
	require.True(t, len(slots) >= 3 && len(slots) <= 18)
	for _, slot := range slots {
		require.Regexp(t, `^[a-z][a-z0-9_]*$`, slot.Key)
		require.NotEmpty(t, slot.Title)
		require.Equal(t, slot.Type == questioning.Choice || slot.Type == questioning.Choices, len(slot.Options) > 0)
		texts := append([]string{slot.Title, slot.Question}, slot.LookFor...)
		for _, option := range slot.Options {
			text, ok := option.Value.(string)
			require.True(t, ok)
			texts = append(texts, text)
		}
		for _, text := range texts {
			require.LessOrEqual(t, utf8.RuneCountInString(text), 300)
			require.False(t, strings.ContainsFunc(text, unicode.IsControl), "%q", text)
			require.NotContains(t, text, "<b>")
			require.NotContains(t, text, "http")
		}
		require.Empty(t, slot.Pattern)
		require.Nil(t, slot.Default)
	}
	interview := questioning.New("goal", slots, questioning.Limits{BatchSize: 5})
	for range 3 * len(slots) {
		batch := interview.Next()
		if batch.Stop != nil {
			return
		}
		for _, q := range batch.Questions {
			_, err := interview.Record(questioning.Said{Slot: q.Slot, Outcome: questioning.Unknown})
			require.NoError(t, err)
		}
	}
	t.Fatal("does not end")
}
