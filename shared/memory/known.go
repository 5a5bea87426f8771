package memory

import (
	"context"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/retrieval"
)

// Known returns, by slot key, what the same user said earlier that answers slots
// of a new conversation, with the value as the new slot takes it: what was said
// about a slot of the same key, else about one whose title or question says the
// same. The latest answer wins. Without a user it goes by conversations that
// have none. It takes two requests at most.
func (m *Memory) Known(ctx context.Context, principal, userID string, slots []questioning.Slot) (map[string]Found, error) {
	if m.client == nil {
		return nil, ErrNotConfigured
	}
	known := map[string]Found{}
	if len(slots) == 0 {
		return known, nil
	}
	filter := qdrant.Filter{Must: map[string]string{byPrincipal: principal, byUser: userID}}
	rest, err := m.sameKey(ctx, filter, slots, known)
	if err != nil || len(rest) == 0 || m.config.Similarity > 1 {
		return known, err
	}
	return known, m.sameMeaning(ctx, filter, rest, known)
}

// sameKey adds what was said about slots of the same key, and returns the slots
// for which nothing was.
func (m *Memory) sameKey(ctx context.Context, filter qdrant.Filter, slots []questioning.Slot, known map[string]Found) ([]questioning.Slot, error) {
	filter.Any = map[string][]string{bySlot: {}}
	for _, slot := range slots {
		filter.Any[bySlot] = append(filter.Any[bySlot], slot.Key)
	}
	earlier, err := m.scroll(ctx, filter)
	if err != nil {
		return nil, err
	}
	var rest []questioning.Slot
	for _, slot := range slots {
		for _, f := range earlier {
			if f.Slot == slot.Key {
				f.Score = 1
				m.take(known, slot, f)
			}
		}
		if _, ok := known[slot.Key]; !ok {
			rest = append(rest, slot)
		}
	}
	return rest, nil
}

func (m *Memory) scroll(ctx context.Context, filter qdrant.Filter) ([]Found, error) {
	hits, err := m.client.Scroll(ctx, collection, filter, m.config.Candidates)
	if err != nil {
		return nothingYet("look up earlier answers", err)
	}
	return found(hits)
}

// sameMeaning adds what was said about slots of other keys that ask the same.
func (m *Memory) sameMeaning(ctx context.Context, filter qdrant.Filter, slots []questioning.Slot, known map[string]Found) error {
	var query []string
	documents := make([]retrieval.Document, len(slots))
	byKey := map[string]questioning.Slot{}
	for i, slot := range slots {
		documents[i] = retrieval.Document{ID: slot.Key, Texts: []string{slot.Title}}
		if slot.Question != "" {
			documents[i].Texts = append(documents[i].Texts, slot.Question)
		}
		query = append(query, documents[i].Texts...)
		byKey[slot.Key] = slot
	}
	words := clip(strings.Join(query, "\n"), maxText)
	earlier, err := m.search(ctx, words, nil, filter, m.config.Candidates)
	if err != nil {
		return err
	}
	index := retrieval.NewIndex(documents)
	for _, f := range earlier {
		best := Found{}
		key := ""
		for _, text := range []string{f.Title, f.Question} {
			for _, r := range index.Search(text, 1) {
				if r.Score >= m.config.Similarity && r.Score > best.Score {
					best, key = Found{Item: f.Item, Score: r.Score}, r.ID
				}
			}
		}
		if slot, ok := byKey[key]; ok {
			m.take(known, slot, best)
		}
	}
	return nil
}

// take notes an earlier answer for a slot that accepts it, unless a later one
// is noted already.
func (m *Memory) take(known map[string]Found, slot questioning.Slot, f Found) {
	if at, ok := known[slot.Key]; ok && !f.AnsweredAt.After(at.AnsweredAt) {
		return
	}
	if !compatible(f.Type, slot.Type) {
		return
	}
	value, err := parse.Check(slot, f.Value, parse.Context{Now: m.now()})
	if err != nil {
		return
	}
	f.Value = value
	known[slot.Key] = f
}

// compatible says that an answer of one type can stand for another's. Words
// that name a day are not among them: they were said on another day.
func compatible(from, to questioning.Type) bool {
	switch {
	case from == to:
		return true
	case to == questioning.Number:
		return from == questioning.Integer
	case to == questioning.Choice:
		return from == questioning.Text
	case to == questioning.Text:
		return from == questioning.Choice || from == questioning.Email || from == questioning.URI
	case to == questioning.Choices:
		return from == questioning.List
	}
	return false
}
