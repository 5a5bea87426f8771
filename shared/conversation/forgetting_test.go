package conversation_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

func openFor(t *testing.T, s *conversation.Service, user string) conversation.Turn {
	t.Helper()
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: user, InformationNeeded: trip,
		PreviousMessages: []conversation.Message{{Role: "user", Content: "I want to travel"}}})
	require.NoError(t, err)
	return answerSlots(t, s, turn.ConversationID, map[string]any{"destination": "Lisbon"})
}

func TestForgettingAConversationErasesItWhole(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	gone, kept := openFor(t, s, "ann"), openFor(t, s, "bob")
	rows, asked := stored(t, url), count(t, url, `SELECT count(*) FROM questions`)
	forgotten, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: gone.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, 1, forgotten.Conversations)
	assert.Equal(t, asked/2, forgotten.Questions)
	assert.Equal(t, 1, forgotten.Answers)
	assert.Equal(t, 1, forgotten.Messages)
	assert.Equal(t, rows/2, stored(t, url), "the other one is whole, and nothing of this one is left")

	_, err = s.Report(t.Context(), conversation.ReportInput{ConversationID: gone.ConversationID})
	assert.ErrorContains(t, err, "there is no conversation")
	_, err = s.Report(t.Context(), conversation.ReportInput{ConversationID: kept.ConversationID})
	assert.NoError(t, err)

	again, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: gone.ConversationID})
	require.NoError(t, err)
	assert.Zero(t, again.Conversations)
	assert.Contains(t, again.Text(), "nothing to forget")
}

func TestForgettingEverythingOfAUserLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	openFor(t, s, "ann")
	openFor(t, s, "ann")
	openFor(t, s, "bob")
	elsewhere := principal.With(t.Context(), "elsewhere")
	_, err := s.Ask(elsewhere, conversation.AskInput{Context: "Book a trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)

	forgotten, err := s.Forget(t.Context(), conversation.ForgetInput{Everything: true, UserID: "ann"})
	require.NoError(t, err)
	assert.LessOrEqual(t, 1, forgotten.Conversations)
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM sessions WHERE user_id = 'bob'`))
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM sessions WHERE principal = 'elsewhere'`), "another caller's user of that name")
	assert.Zero(t, count(t, url, `SELECT count(*) FROM sessions WHERE user_id = 'ann' AND principal = 'local'`))

	forgotten, err = s.Forget(t.Context(), conversation.ForgetInput{Everything: true})
	require.NoError(t, err)
	assert.Equal(t, 1, forgotten.Conversations)
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM conversations`))
}

// noted is a memory that notes what is deleted from it.
type noted struct {
	conversation.Memory
	deleted []string
}

func (*noted) Configured() bool { return false }
func (*noted) Close() error     { return nil }
func (n *noted) Delete(_ context.Context, _ string, ids ...string) error {
	n.deleted = append(n.deleted, ids...)
	return nil
}

// Much is forgotten in batches. What was forgotten before an error is gone everywhere, and
// the same call again forgets the rest.
func TestForgettingThatFailsHalfwayContinuesWithTheSameCall(t *testing.T) {
	t.Parallel()
	url, memory := postgrestest.New(t), &noted{}
	s := serviceOn(t, url, 4, conversation.WithMemory(memory))
	const all = 101
	for i := range all {
		_, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: "ann", SessionID: fmt.Sprintf("s%03d", i), InformationNeeded: trip})
		require.NoError(t, err)
	}
	storetest.Exec(t, url, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused''; END'`)
	storetest.Exec(t, url, `CREATE TRIGGER refuse BEFORE DELETE ON conversations FOR EACH ROW WHEN (OLD.session_id = 's100') EXECUTE FUNCTION refuse()`)
	everything := conversation.ForgetInput{Everything: true, UserID: "ann"}
	_, err := s.Forget(t.Context(), everything)
	require.ErrorContains(t, err, "refused")
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM conversations`))
	assert.Len(t, memory.deleted, all-1)

	storetest.Exec(t, url, `DROP TRIGGER refuse ON conversations`)
	forgotten, err := s.Forget(t.Context(), everything)
	require.NoError(t, err)
	assert.Equal(t, 1, forgotten.Conversations)
	assert.Zero(t, stored(t, url))
	assert.Len(t, memory.deleted, all)
}

func TestAnotherCallersConversationIsNotForgotten(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn := openFor(t, s, "ann")
	for name, forget := range map[string]func() (conversation.Forgotten, error){
		"principal": func() (conversation.Forgotten, error) {
			return s.Forget(principal.With(t.Context(), "mallory"), conversation.ForgetInput{ConversationID: turn.ConversationID})
		},
		"user": func() (conversation.Forgotten, error) {
			return s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID, UserID: "bob"})
		},
	} {
		forgotten, err := forget()
		require.NoError(t, err, name)
		assert.Zero(t, forgotten.Conversations, name)
	}
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM conversations`))
}

func TestWhatToForgetIsNamed(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for says, in := range map[string]conversation.ForgetInput{
		"conversation_id: is missing":             {UserID: "ann"},
		"everything: goes without":                {ConversationID: "01a206b4-8c21-733d-a3c7-f61776e251b8", Everything: true},
		`conversation_id: "x" is no conversation`: {ConversationID: "x"},
	} {
		_, err := s.Forget(t.Context(), in)
		assert.ErrorContains(t, err, says)
	}
}

func TestForgettingWhileOthersAnswerLosesNothingOfTheirs(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			in := conversation.AskInput{Context: "Book a trip", SessionID: "shared", InformationNeeded: trip,
				Metadata: map[string]any{"idempotency_key": string(rune('a' + i))}}
			turn, err := s.Ask(t.Context(), in)
			if !assert.NoError(t, err) || i%2 == 0 {
				return
			}
			_, err = s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
			assert.NoError(t, err)
		})
	}
	work.Wait()
	assert.Equal(t, 4, count(t, url, `SELECT count(*) FROM conversations`))
}
