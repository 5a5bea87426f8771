package memory

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/memory/remembered"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// collection is the name of Qdrant's collection after the configured prefix. All
// principals share it: every request filters by principal, which each point
// carries.
const collection = "answers"

// The vectors of a point: by stems, by runs of characters, by a model. The first two
// are sparse and need no model. Changing what they contain requires a rebuild.
const (
	wordsVector   = "words"
	gramsVector   = "grams"
	meaningVector = "meaning"
)

// Payload fields that are filtered by.
const (
	byPrincipal    = "principal"
	byUser         = "user_id"
	byConversation = "conversation_id"
	bySlot         = "slot"
	byRebuild      = "rebuild" // the id of the rebuild that wrote the point; "" for none
)

// Bounds on what a point holds, in bytes. What a long answer is found by is mostly
// at its beginning, and the whole text is in the database.
const (
	maxText       = 8 << 10 // of a field
	maxSearchGoal = 300     // of the goal, in what is searched
)

type (
	// Item is what memory takes of an answered slot: see package remembered.
	Item = remembered.Item
	// Found is what memory returns of one.
	Found = remembered.Found
)

// itemOf returns what memory holds of an answered slot.
func itemOf(a store.AnsweredSlot) Item {
	return Item{
		Principal: a.Principal, UserID: a.UserID, SessionID: a.SessionID, ConversationID: a.ConversationID, Goal: a.Goal,
		Slot: a.Slot.Key, Title: a.Slot.Title, Type: a.Slot.Type, Description: a.Slot.Description,
		Question: a.QuestionText, Value: a.Value, Words: a.Words, AnswerNumber: a.AnswerNumber, AnsweredAt: a.AnsweredAt,
	}
}

// idOf returns the same for every answer to a slot of a conversation: a later one
// replaces the earlier. It begins with the conversation's time of opening, which
// its id begins with, inverted: Qdrant pages by id, so that what is read in part
// is read latest first.
func idOf(i Item) string {
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte("sequential-questioning:"+i.ConversationID+"/"+i.Slot))
	if conversation, err := uuid.Parse(i.ConversationID); err == nil && conversation.Version() == 7 {
		for n := range 6 {
			id[n] = ^conversation[n]
		}
		id[6] = id[6]&0x0f | 0x80 // version 8: custom
	}
	return id.String()
}

// textOf returns what an item is searched by. Each part occurs once: repeating a text
// would double the weight of its words. The goal comes last and is short, so that
// it does not outweigh the answer.
func textOf(i Item) string {
	parts := []string{i.Title}
	if i.Question != i.Title {
		parts = append(parts, i.Question)
	}
	parts = append(parts, i.Words)
	if value := questioning.Render(i.Value, messages.English); value != i.Words {
		parts = append(parts, value)
	}
	return plain.Prefix(strings.Join(append(parts, plain.Prefix(i.Goal, maxSearchGoal)), "\n"), maxText)
}

// payloadOf encodes all that item reads. The value is JSON in a string, so that
// lists, numbers and booleans are read as they were written.
func payloadOf(i Item, rebuildID string) (map[string]any, error) {
	value, err := json.Marshal(i.Value)
	if err != nil {
		return nil, fmt.Errorf("encode value of %s: %w", i.Slot, err)
	}
	return map[string]any{
		byPrincipal:     i.Principal,
		byUser:          i.UserID,
		byConversation:  i.ConversationID,
		bySlot:          i.Slot,
		byRebuild:       rebuildID,
		"session_id":    i.SessionID,
		"goal":          plain.Prefix(i.Goal, maxText),
		"title":         i.Title,
		"type":          string(i.Type),
		"question":      plain.Prefix(i.Question, maxText),
		"value":         string(value),
		"words":         plain.Prefix(i.Words, maxText),
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

// found reads hits, except for secrets that an earlier version remembered.
func found(hits []qdrant.Hit) ([]Found, error) {
	all := make([]Found, 0, len(hits))
	for _, hit := range hits {
		one, err := item(hit)
		if err != nil {
			return nil, err
		}
		if !isSecret(one) {
			all = append(all, Found{Item: one, Score: float64(hit.Score)})
		}
	}
	return all, nil
}

func text(hit qdrant.Hit, field string) string {
	s, _ := hit.Payload[field].(string)
	return s
}

func number(hit qdrant.Hit, field string) int {
	n, _ := hit.Payload[field].(int64)
	return int(n)
}
