package integration

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestASecretReachesNoOtherConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.conversations.Ask(t.Context(), conversation.AskInput{Context: "A login", UserID: "ann", InformationNeeded: json.RawMessage(`["host", "password"]`)})
	assert.ErrorContains(t, err, "information_needed[1]: asks for a password")

	turn, err := w.conversations.Ask(t.Context(), conversation.AskInput{Context: "A login", UserID: "ann", InformationNeeded: json.RawMessage(`["host", "word", "note"]`)})
	require.NoError(t, err)
	id := turn.ConversationID
	_, err = w.conversations.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, UserID: "ann", Answers: []conversation.AnswerInput{
		{Slot: "host", Value: "example"}, {Slot: "word", Value: "sesame"}, {Slot: "note", Value: "pay with 4111 1111 1111 1111"}}})
	require.NoError(t, err)
	// An earlier version took such a slot …
	postgrestest.Exec(t, w.url, `UPDATE slots SET definition = (definition::jsonb || '{"description": "Your password"}')::json WHERE conversation_id = $1 AND key = 'word'`, id)
	w.remember(t, "local", id, "host", "word", "note")
	require.NoError(t, w.memory.Upsert(t.Context(), []memory.Item{{ // … and remembered it
		Principal: "local", UserID: "ann", ConversationID: id, Slot: "password", Title: "Password", Type: questioning.Text, Value: "sesame", Words: "sesame", AnswerNumber: 9, AnsweredAt: time.Now(),
	}}))

	found, err := w.memory.Recall(t.Context(), "local", "ann", "host word password note pay sesame login", 10)
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, "host", found[0].Slot)
	var slots []questioning.Slot
	for _, key := range []string{"host", "word", "note", "password"} {
		slots = append(slots, questioning.Slot{Key: key, Title: key, Type: questioning.Text})
	}
	proposed, err := w.memory.Propose(t.Context(), "local", "ann", slots)
	require.NoError(t, err)
	assert.Len(t, proposed, 1)
	assert.Contains(t, proposed, "host")
}
