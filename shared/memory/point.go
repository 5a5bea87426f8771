package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/retrieval"
)

// Bounds on what a point holds, in bytes.
const (
	maxText  = 8 << 10 // of a field
	maxAbout = 300     // of the goal, in what is searched
)

// points encodes items.
func (m *Memory) points(ctx context.Context, items []Item, rebuild string) ([]qdrant.Point, error) {
	texts := make([]string, len(items))
	points := make([]qdrant.Point, len(items))
	for i, item := range items {
		texts[i] = item.text()
		payload, err := item.payload(rebuild)
		if err != nil {
			return nil, err
		}
		points[i] = qdrant.Point{ID: item.id(), Sparse: sparse(retrieval.Encode(texts[i])), Payload: payload}
	}
	for i, vector := range m.embed(ctx, texts) {
		points[i].Dense = map[string][]float32{meaningVector: vector}
	}
	return points, nil
}

// embed returns the texts' vectors by the model, none without one or while it
// is away.
func (m *Memory) embed(ctx context.Context, texts []string) [][]float32 {
	if m.embedder == nil || len(texts) == 0 {
		return nil
	}
	vectors, err := m.embedder.Embed(ctx, texts)
	if err != nil || len(vectors) != len(texts) {
		slog.WarnContext(ctx, "memory goes by words alone: no embeddings", "error", err)
		return nil
	}
	return vectors
}

func sparse(v retrieval.Vectors) map[string]qdrant.Sparse {
	return map[string]qdrant.Sparse{
		wordsVector: {Indices: v.Words.Indices, Values: v.Words.Values},
		gramsVector: {Indices: v.Grams.Indices, Values: v.Grams.Values},
	}
}

// id is the same for every answer to a slot of a conversation: a later one
// replaces the earlier. It begins with the conversation's time of opening, which
// its id begins with, turned round: Qdrant pages by id, so that what is looked at
// in part is looked at latest first.
func (i Item) id() string {
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte("sequential-questioning:"+i.ConversationID+"/"+i.Slot))
	if conversation, err := uuid.Parse(i.ConversationID); err == nil && conversation.Version() == 7 {
		for n := range 6 {
			id[n] = ^conversation[n]
		}
		id[6] = id[6]&0x0f | 0x80 // version 8, of one's own making
	}
	return id.String()
}

// text is what an item is found by.
func (i Item) text() string {
	parts := []string{i.Title}
	if i.Question != i.Title {
		parts = append(parts, i.Question)
	}
	parts = append(parts, i.Words)
	if value := questioning.Render(i.Value, messages.English); value != i.Words {
		parts = append(parts, value)
	}
	return clip(strings.Join(append(parts, clip(i.Goal, maxAbout)), "\n"), maxText)
}

func (i Item) payload(rebuild string) (map[string]any, error) {
	value, err := json.Marshal(i.Value)
	if err != nil {
		return nil, fmt.Errorf("encode value of %s: %w", i.Slot, err)
	}
	return map[string]any{
		byPrincipal:     i.Principal,
		byUser:          i.UserID,
		byConversation:  i.ConversationID,
		bySlot:          i.Slot,
		byRebuild:       rebuild,
		"session_id":    i.SessionID,
		"goal":          clip(i.Goal, maxText),
		"title":         i.Title,
		"type":          string(i.Type),
		"question":      clip(i.Question, maxText),
		"value":         string(value),
		"words":         clip(i.Words, maxText),
		"answer_number": int64(i.AnswerNumber),
		"answered_at":   i.AnsweredAt.UTC().Format(time.RFC3339Nano),
	}, nil
}

// item reads a point's payload.
func item(hit qdrant.Hit) (Item, error) {
	i := Item{
		Principal:      text(hit, byPrincipal),
		UserID:         text(hit, byUser),
		ConversationID: text(hit, byConversation),
		Slot:           text(hit, bySlot),
		SessionID:      text(hit, "session_id"),
		Goal:           text(hit, "goal"),
		Title:          text(hit, "title"),
		Type:           questioning.Type(text(hit, "type")),
		Question:       text(hit, "question"),
		Words:          text(hit, "words"),
		AnswerNumber:   number(hit, "answer_number"),
	}
	var err error
	if i.AnsweredAt, err = time.Parse(time.RFC3339Nano, text(hit, "answered_at")); err != nil {
		return Item{}, fmt.Errorf("point %s: answered_at: %w", hit.ID, err)
	}
	if err := json.Unmarshal([]byte(text(hit, "value")), &i.Value); err != nil {
		return Item{}, fmt.Errorf("point %s: value: %w", hit.ID, err)
	}
	return i, nil
}

func text(hit qdrant.Hit, field string) string {
	s, _ := hit.Payload[field].(string)
	return s
}

func number(hit qdrant.Hit, field string) int {
	switch n := hit.Payload[field].(type) {
	case int64:
		return int(n)
	case int:
		return n
	case float64:
		return int(n)
	}
	return 0
}

// clip cuts a text to at most so many bytes, between characters.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}
