package conversation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/memory/memorytest"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// remembering is a service with a memory, and that memory as the indexer has it.
func remembering(t *testing.T) (*conversation.Service, *memory.Memory) {
	t.Helper()
	url := qdranttest.URL(t)
	return serviceOn(t, postgrestest.New(t), 4, conversation.WithMemory(memoryAt(t, url))), memorytest.Open(t, url)
}

// memoryAt returns a memory that a service will own.
func memoryAt(t *testing.T, url string) *memory.Memory {
	t.Helper()
	m, err := memory.Open(qdrant.Config{URL: url, Timeout: 2 * time.Second})
	require.NoError(t, err)
	return m
}

// answered holds a trip of a user's, and puts the answers into memory as the
// indexer does.
func answered(t *testing.T, s *conversation.Service, m *memory.Memory, user string, values map[string]any) string {
	t.Helper()
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: user, InformationNeeded: trip})
	require.NoError(t, err)
	id := turn.ConversationID
	answerSlots(t, s, id, values)
	index(t, s, m, id, user)
	return id
}

func index(t *testing.T, s *conversation.Service, m *memory.Memory, id, user string) {
	t.Helper()
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
	require.NoError(t, err)
	var items []memory.Item
	for _, c := range report.Coverage {
		for _, cited := range report.Citations[c.Slot] {
			items = append(items, memory.Item{
				Principal: principal.Local, UserID: user, ConversationID: id, Goal: report.Goal, Slot: c.Slot, Title: c.Title, Type: questioning.Text,
				Question: cited.QuestionText, Value: c.Value, Words: cited.Words, AnswerNumber: cited.AnswerNumber, AnsweredAt: cited.AnsweredAt,
			})
		}
	}
	require.NoError(t, m.Upsert(t.Context(), items))
}

func recall(t *testing.T, s *conversation.Service, user, query string) []conversation.RecalledAnswer {
	t.Helper()
	found, err := s.Recall(t.Context(), conversation.RecallInput{Query: query, UserID: user})
	require.NoError(t, err)
	require.Equal(t, conversation.MemoryConsulted, found.Memory)
	return found.Found
}

func TestAServiceWithoutAMemorySaysSo(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]conversation.Option{"none given": nil, "nil": {conversation.WithMemory(nil)}} {
		s := serviceOn(t, postgrestest.New(t), 2, options...)
		recalled, err := s.Recall(t.Context(), conversation.RecallInput{Query: "Lisbon"})
		require.NoError(t, err, name)
		assert.Empty(t, recalled.Found, name)
		assert.Contains(t, recalled.Memory, "not consulted: there is none", name)
		turn := openTrip(t, s)
		assert.Empty(t, turn.Metadata.Memory, name)
		forgotten, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
		require.NoError(t, err, name)
		assert.Equal(t, conversation.MemoryNone, forgotten.Memory, name)
	}
}

func TestWhatAUserSaidIsAssumedInTheNextConversation(t *testing.T) {
	t.Parallel()
	s, m := remembering(t)
	answered(t, s, m, "ann", map[string]any{"destination": "Lisbon", "class": "business"})
	open := func(user string) conversation.Turn {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book another trip", UserID: user, InformationNeeded: trip})
		require.NoError(t, err)
		return turn
	}
	next := open("ann")
	assert.Equal(t, conversation.MemoryConsulted, next.Metadata.Memory)
	slots := standing(next)
	for slot, value := range map[string]any{"destination": "Lisbon", "class": "business"} {
		assert.Equal(t, questioning.StatusAssumed, slots[slot].State, slot)
		assert.Equal(t, value, slots[slot].Value, slot)
		assert.Contains(t, slots[slot].Source, "in another conversation", slot)
	}
	assert.Contains(t, next.Text(), `Destination "Lisbon" (said on`)
	corrected := standing(answerSlots(t, s, next.ConversationID, map[string]any{"destination": "Porto"}))
	assert.Equal(t, questioning.StatusAnswered, corrected["destination"].State, "a correction is no contradiction")

	for slot, c := range standing(open("bob")) {
		assert.NotEqual(t, questioning.StatusAssumed, c.State, "nobody else's answers: %s", slot)
	}
	stranger := open("")
	assert.Equal(t, conversation.MemoryNoUser, stranger.Metadata.Memory, "nobody can tell whose they would be")
	for slot, c := range standing(stranger) {
		assert.NotEqual(t, questioning.StatusAssumed, c.State, slot)
	}
}

func TestARecallTellsWhatWasSaidAndWhere(t *testing.T) {
	t.Parallel()
	s, m := remembering(t)
	id := answered(t, s, m, "ann", map[string]any{"destination": "Lisbon", "class": "business"})
	found, err := s.Recall(t.Context(), conversation.RecallInput{Query: "destination", UserID: "ann", Limit: 1})
	require.NoError(t, err)
	require.Len(t, found.Found, 1)
	best := found.Found[0]
	assert.Equal(t, "destination", best.Slot)
	assert.Equal(t, "Lisbon", best.Value)
	assert.Equal(t, id, best.ConversationID)
	assert.Equal(t, "Book a trip", best.Goal)
	assert.Positive(t, best.AnswerNumber)
	assert.WithinDuration(t, time.Now(), best.AnsweredAt, time.Minute)
	assert.Regexp(t, `^1\. Destination: "Lisbon" \(\d+ \w+ \d{4}, for "Book a trip", conversation `+id+`\)$`, found.Text())

	assert.Empty(t, recall(t, s, "bob", "destination"), "nobody else's answers")
	nothing, err := s.Recall(t.Context(), conversation.RecallInput{Query: "the quarterly finances", UserID: "ann"})
	require.NoError(t, err)
	assert.Empty(t, nothing.Found)
	assert.Equal(t, "Nothing that was said earlier is about this.", nothing.Text())
}

// Memory hears of a change later: the database says what still holds.
func TestWhatWasRevisedIsNeitherRecalledNorAssumed(t *testing.T) {
	t.Parallel()
	s, m := remembering(t)
	id := answered(t, s, m, "ann", map[string]any{"destination": "Lisbon"})
	require.Len(t, recall(t, s, "ann", "destination"), 1)
	_, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: "destination", Value: "Madrid"})
	require.NoError(t, err)
	assert.Empty(t, recall(t, s, "ann", "destination"))
	next, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book another trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)
	assert.NotContains(t, standing(next), "destination")
	index(t, s, m, id, "ann")
	found := recall(t, s, "ann", "destination")
	require.Len(t, found, 1)
	assert.Equal(t, "Madrid", found[0].Value)
}

func TestWhatIsForgottenLeavesMemoryAtOnce(t *testing.T) {
	t.Parallel()
	s, m := remembering(t)
	gone := answered(t, s, m, "ann", map[string]any{"destination": "Lisbon"})
	answered(t, s, m, "bob", map[string]any{"destination": "Rome"})
	forgotten, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: gone})
	require.NoError(t, err)
	assert.Equal(t, conversation.MemoryErased, forgotten.Memory)
	assert.Regexp(t, `^Erased 1 conversation with \d+ questions, 1 answer and 0 messages\. Nothing of it is remembered either\.$`, forgotten.Text())
	for user, left := range map[string]int{"ann": 0, "bob": 1} {
		found, err := m.Recall(t.Context(), principal.Local, user, "destination", 10)
		require.NoError(t, err)
		assert.Len(t, found, left, user)
	}
}

func TestWithoutMemoryEveryToolSaysSo(t *testing.T) {
	t.Parallel()
	s := serviceOn(t, postgrestest.New(t), 2, conversation.WithMemory(memoryAt(t, "")))
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)
	assert.Empty(t, turn.Metadata.Memory)
	found, err := s.Recall(t.Context(), conversation.RecallInput{Query: "destination", UserID: "ann"})
	require.NoError(t, err)
	assert.Empty(t, found.Found)
	assert.Equal(t, "Memory was not consulted: there is none (QDRANT_URL is not set).", found.Text())
	forgotten, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, conversation.MemoryNone, forgotten.Memory)
	assert.Regexp(t, `^Erased 1 conversation with 3 questions, 0 answers and 0 messages\.$`, forgotten.Text())
}

func TestAMemoryThatIsDownHoldsNothingUp(t *testing.T) {
	t.Parallel()
	s := serviceOn(t, postgrestest.New(t), 2, conversation.WithMemory(memoryAt(t, "http://127.0.0.1:1")))
	began := time.Now()
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)
	assert.Equal(t, conversation.MemoryNotConsulted, turn.Metadata.Memory)
	assert.Contains(t, turn.Text(), "Memory could not be consulted")
	answerSlots(t, s, turn.ConversationID, map[string]any{"destination": "Lisbon"})
	found, err := s.Recall(t.Context(), conversation.RecallInput{Query: "destination", UserID: "ann"})
	require.NoError(t, err)
	assert.Equal(t, conversation.MemoryNotConsulted, found.Memory)
	assert.Equal(t, "Memory was not consulted: it cannot be reached at the moment.", found.Text())
	forgotten, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, conversation.MemoryPending, forgotten.Memory)
	assert.Contains(t, forgotten.Text(), "it is erased there as soon as it can be")
	assert.Less(t, time.Since(began), 10*time.Second, "four calls, each bounded")
}

func TestARecallThatCannotBeAnsweredNamesTheField(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for query, says := range map[string]string{"  ": "query: is empty", strings.Repeat("x", 4<<10+1): "query: has 4097 bytes, at most 4096"} {
		_, err := s.Recall(t.Context(), conversation.RecallInput{Query: query})
		assert.ErrorContains(t, err, says)
	}
}
