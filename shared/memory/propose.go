package memory

import (
	"context"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/retrieval"
)

const (
	// similarityThreshold, from 0 to 1, is how much the titles of two slots have to
	// share for the answer of one to be proposed for the other: at three quarters
	// "Destination" is like "destination city" and unlike "Destination airport
	// parking fee".
	similarityThreshold = 0.75
	// maxCandidates bounds how many earlier answers are read for a new conversation,
	// those of the latest conversations: they fit one page of Qdrant.
	maxCandidates = 200
)

// Propose returns, by slot key, what the same user said earlier that answers
// slots of a new conversation, with the value as the new slot takes it: what was
// said about a slot of the same key, else about one whose title or question asks
// the same. The latest answer wins. Without a user it reads the conversations
// that have none. It takes two requests at most.
//
// A proposal is an assumption for the person to confirm, so it takes more than a
// resemblance: the slot must ask for the same, accept the type, and pass its own
// check of the value.
func (m *Memory) Propose(ctx context.Context, principal, userID string, slots []questioning.Slot) (map[string]Found, error) {
	if m.client == nil {
		return nil, ErrNotConfigured
	}
	proposed := map[string]Found{}
	if len(slots) == 0 {
		return proposed, nil
	}
	filter := qdrant.Filter{Must: map[string]string{byPrincipal: principal, byUser: userID}}
	rest, err := m.proposeByKey(ctx, filter, slots, proposed)
	if err != nil || len(rest) == 0 {
		return proposed, err
	}
	return proposed, m.proposeByTitle(ctx, filter, rest, proposed)
}

// proposeByKey adds what was said about slots of the same key, and returns the
// slots for which nothing was.
func (m *Memory) proposeByKey(ctx context.Context, filter qdrant.Filter, slots []questioning.Slot, proposed map[string]Found) ([]questioning.Slot, error) {
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
				m.propose(proposed, slot, f)
			}
		}
		if _, ok := proposed[slot.Key]; !ok {
			rest = append(rest, slot)
		}
	}
	return rest, nil
}

// scroll reads the latest earlier answers that pass a filter, unranked; Item.id
// makes Qdrant's order that of the conversations, latest first.
func (m *Memory) scroll(ctx context.Context, filter qdrant.Filter) ([]Found, error) {
	hits, err := m.client.Scroll(ctx, collection, filter, maxCandidates)
	if err != nil {
		return emptyWithoutCollection("read earlier answers", err)
	}
	return found(hits)
}

// proposeByTitle adds what was said about slots of other keys that ask the same.
// Qdrant narrows the earlier answers down; which of them asks the same is decided
// here, because scores of a search are comparable within it only, and a threshold
// needs a scale.
func (m *Memory) proposeByTitle(ctx context.Context, filter qdrant.Filter, slots []questioning.Slot, proposed map[string]Found) error {
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
	words := plain.Prefix(strings.Join(query, "\n"), maxText)
	earlier, err := m.search(ctx, words, nil, filter, maxCandidates)
	if err != nil {
		return err
	}
	index := retrieval.NewIndex(documents)
	for _, f := range earlier {
		best := Found{}
		key := ""
		for _, text := range []string{f.Title, f.Question} {
			for _, r := range index.Search(text, 1) {
				if r.Score >= similarityThreshold && r.Score > best.Score {
					best, key = Found{Item: f.Item, Score: r.Score}, r.ID
				}
			}
		}
		if slot, ok := byKey[key]; ok {
			m.propose(proposed, slot, best)
		}
	}
	return nil
}

// propose adds an earlier answer for a slot that accepts it, unless a later one
// is proposed already.
func (m *Memory) propose(proposed map[string]Found, slot questioning.Slot, f Found) {
	if at, ok := proposed[slot.Key]; ok && !f.AnsweredAt.After(at.AnsweredAt) {
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
	proposed[slot.Key] = f
}

// compatible reports whether an answer of one type can stand for another's. Words
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
