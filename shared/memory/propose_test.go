package memory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestWhatWasSaidEarlierIsProposed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answered(t, "local", "ann", map[string]any{"budget": 300.0, "class": "first", "destination": "Rome"})
	later := w.answered(t, "local", "ann", map[string]any{"budget": 800.0})
	cities := func(names ...any) (options []questioning.Option) {
		for _, name := range names {
			options = append(options, questioning.Option{Value: name})
		}
		return options
	}
	for name, c := range map[string]struct {
		slot questioning.Slot
		want any
	}{
		"the latest of the same key":      {questioning.Slot{Key: "budget", Title: "Budget", Type: questioning.Number}, 800.0},
		"what the slot does not accept":   {questioning.Slot{Key: "budget", Title: "Budget", Type: questioning.Number, Maximum: new(float64(500))}, 300.0},
		"another type of the same key":    {questioning.Slot{Key: "budget", Title: "Budget", Type: questioning.Boolean}, nil},
		"words for one of the options":    {questioning.Slot{Key: "destination", Title: "City", Type: questioning.Choice, Options: cities("Rome", "Oslo")}, "Rome"},
		"words for none of the options":   {questioning.Slot{Key: "destination", Title: "City", Type: questioning.Choice, Options: cities("Oslo")}, nil},
		"an option for words":             {questioning.Slot{Key: "class", Title: "Class", Type: questioning.Text}, "first"},
		"another key that asks the same":  {questioning.Slot{Key: "where_to", Title: "Destination", Type: questioning.Text}, "Rome"},
		"another key, the same question":  {questioning.Slot{Key: "where_to", Title: "Where to", Question: "Destination?", Type: questioning.Text}, "Rome"},
		"another key that asks otherwise": {questioning.Slot{Key: "favourite", Title: "Favourite colour", Type: questioning.Text}, nil},
		"words that share one with it":    {questioning.Slot{Key: "alt", Title: "Destination airport parking fee", Type: questioning.Text}, nil},
	} {
		proposed, err := w.memory.Propose(t.Context(), "local", "ann", []questioning.Slot{c.slot})
		require.NoError(t, err)
		if c.want == nil {
			assert.Empty(t, proposed, name)
			continue
		}
		assert.Equal(t, c.want, proposed[c.slot.Key].Value, name)
	}
	proposed, err := w.memory.Propose(t.Context(), "local", "ann", []questioning.Slot{{Key: "budget", Title: "Budget", Type: questioning.Number}})
	require.NoError(t, err)
	assert.Equal(t, later, proposed["budget"].ConversationID)
	assert.Equal(t, 1.0, proposed["budget"].Score)
}

func TestAnAnswerStandsForAnotherTypeThatMeansTheSame(t *testing.T) {
	t.Parallel()
	said := map[questioning.Type]any{
		questioning.Integer: 3.0, questioning.Email: "ann@example.com", questioning.URI: "https://example.com",
		questioning.List: []any{"a"}, questioning.Text: "2026-05-01",
	}
	m, _ := newMemory(t)
	var items []memory.Item
	for kind, value := range said {
		item := budget(time.Now(), 0)
		item.Slot, item.Title, item.Type, item.Value = string(kind), string(kind), kind, value
		items = append(items, item)
	}
	require.NoError(t, m.Upsert(t.Context(), items))
	for to, from := range map[questioning.Type][]questioning.Type{
		questioning.Number:  {questioning.Integer},
		questioning.Text:    {questioning.Email, questioning.URI, questioning.Text},
		questioning.Choices: {questioning.List},
		questioning.Date:    nil, // words that name a day were said on another day
		questioning.Boolean: nil,
	} {
		var got []questioning.Type
		for kind := range said {
			slot := questioning.Slot{Key: string(kind), Title: "as another type", Type: to, Options: []questioning.Option{{Value: "a"}}}
			proposed, err := m.Propose(t.Context(), "local", "", []questioning.Slot{slot})
			require.NoError(t, err)
			if len(proposed) > 0 {
				got = append(got, kind)
			}
		}
		assert.ElementsMatch(t, from, got, to)
	}
}

func TestOfManyEarlierAnswersTheLatestAreRead(t *testing.T) {
	t.Parallel()
	m, _ := newMemory(t)
	var items []memory.Item
	began := time.Now()
	for n := range 300 {
		items = append(items, budget(began.Add(time.Duration(n)*time.Second), float64(n)))
	}
	require.NoError(t, m.Upsert(t.Context(), items))
	proposed, err := m.Propose(t.Context(), "local", "", []questioning.Slot{{Key: "budget", Title: "Budget", Type: questioning.Number}})
	require.NoError(t, err)
	assert.Equal(t, 299.0, proposed["budget"].Value)
}

func TestASecretThatAnEarlierVersionRememberedIsNeitherRecalledNorProposed(t *testing.T) {
	t.Parallel()
	m, _ := newMemory(t)
	asked, written := budget(time.Now(), 0), budget(time.Now(), 0)
	asked.Slot, asked.Title, asked.Type, asked.Value, asked.Words = "host_password", "Host password", questioning.Text, "hunter2", "hunter2"
	written.Slot, written.Title, written.Type, written.Value, written.Words = "note", "Note", questioning.Text, "pay with 4111 1111 1111 1111", "pay with 4111 1111 1111 1111"
	require.NoError(t, m.Upsert(t.Context(), []memory.Item{asked, written, budget(time.Now(), 5)}))
	found, err := m.Recall(t.Context(), "local", "", "host password note pay budget", 10)
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, "budget", found[0].Slot)
	proposed, err := m.Propose(t.Context(), "local", "", []questioning.Slot{
		{Key: "host_password", Title: "Host password", Type: questioning.Text}, {Key: "note", Title: "Note", Type: questioning.Text},
	})
	require.NoError(t, err)
	assert.Empty(t, proposed)
}
