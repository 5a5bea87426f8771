package automatic_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// namingUsers is a service that has every call name its user.
func namingUsers(t *testing.T) *automatic.Service {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: postgrestest.New(t), MaxConns: 4})
	require.NoError(t, err)
	config := defaults
	config.RequireUser = true
	s := conversation.New(store.New(pool), config)
	a, err := automatic.New(s, automatic.Config{FormSize: 5, RequestStateKeys: "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="})
	require.NoError(t, err)
	t.Cleanup(a.Close)
	return a
}

// TestEveryToolReachesTheNamedUsersConversationsAlone goes through every tool: a
// call without a user is refused by the argument's name, and another user's
// conversation is one that is not there.
func TestEveryToolReachesTheNamedUsersConversationsAlone(t *testing.T) {
	t.Parallel()
	a := namingUsers(t)
	turn, err := a.Service.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)
	id, answers := turn.ConversationID, []conversation.AnswerInput{{Slot: "destination", Value: "Lisbon"}}
	_, err = a.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, UserID: "ann", Answers: answers})
	require.NoError(t, err)

	for name, call := range map[string]struct {
		opens bool // whether it also opens a conversation
		of    func(ctx context.Context, id, user string) error
	}{
		"ask": {true, func(ctx context.Context, id, user string) error {
			_, err := a.Service.Ask(ctx, conversation.AskInput{Context: "x", ConversationID: id, UserID: user})
			return err
		}},
		"follow_up": {false, func(ctx context.Context, id, user string) error {
			_, err := a.FollowUp(ctx, conversation.FollowUpInput{ConversationID: id, UserID: user, Answers: answers})
			return err
		}},
		"follow_up, waiting": {false, func(ctx context.Context, id, user string) error {
			_, err := a.FollowUp(ctx, conversation.FollowUpInput{ConversationID: id, UserID: user})
			return err
		}},
		"follow_up, from messages": {true, func(ctx context.Context, id, user string) error {
			_, err := a.FollowUp(ctx, conversation.FollowUpInput{ConversationID: id, UserID: user,
				PreviousMessages: []conversation.Message{{Role: "user", Content: "Book a trip"}}})
			return err
		}},
		"automatic": {true, func(ctx context.Context, id, user string) error {
			in := automatic.Input{ConversationID: id, UserID: user}
			if id == "" {
				in.Context = "Book a trip"
			}
			_, _, err := a.Ask(ctx, in, elicitation.Exchange{Elicits: true})
			return err
		}},
		"automatic, a state brought": {false, func(ctx context.Context, id, user string) error {
			in := automatic.Input{ConversationID: id, UserID: user}
			if user == "" {
				_, _, err := a.Ask(ctx, in, elicitation.Exchange{Elicits: true, State: "x"})
				return err
			}
			_, ask, err := a.Ask(ctx, automatic.Input{ConversationID: turn.ConversationID, UserID: "ann"}, elicitation.Exchange{Elicits: true})
			require.NoError(t, err)
			if _, _, err = a.Ask(ctx, in, elicitation.Exchange{Elicits: true, State: ask.State}); user != "ann" {
				require.ErrorContains(t, err, "requestState")
				return fault.Invalidf("conversation_id", "there is no conversation %q; sequential_questioning opens one", id)
			}
			return err
		}},
		"report": {false, func(ctx context.Context, id, user string) error {
			_, err := a.Report(ctx, conversation.ReportInput{ConversationID: id, UserID: user, IncludeHistory: true})
			return err
		}},
		"revise": {false, func(ctx context.Context, id, user string) error {
			_, err := a.Revise(ctx, conversation.ReviseInput{ConversationID: id, UserID: user, Slot: "destination", Value: "Porto"})
			return err
		}},
	} {
		var invalid *fault.Invalid
		require.ErrorAs(t, call.of(t.Context(), id, ""), &invalid, name)
		assert.Equal(t, "user_id", invalid.Field, name)
		unknown, foreign := uuid.NewString(), call.of(t.Context(), id, "bob")
		require.ErrorAs(t, foreign, &invalid, name)
		assert.EqualError(t, foreign, `conversation_id: there is no conversation "`+id+`"; sequential_questioning opens one`, name)
		if name != "automatic, a state brought" {
			assert.EqualError(t, call.of(t.Context(), unknown, "bob"), `conversation_id: there is no conversation "`+unknown+`"; sequential_questioning opens one`, name)
		}
		if call.opens {
			require.ErrorAs(t, call.of(t.Context(), "", ""), &invalid, name)
			assert.Equal(t, "user_id", invalid.Field, name)
		}
		assert.NoError(t, call.of(t.Context(), id, "ann"), name)
	}
}

func TestRecallAndForgetAreBoundedByTheNamedUser(t *testing.T) {
	t.Parallel()
	a := namingUsers(t)
	for _, user := range []string{"ann", "bob"} {
		_, err := a.Service.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", UserID: user, InformationNeeded: trip,
			Metadata: map[string]any{"idempotency_key": "the same"}})
		require.NoError(t, err, "a key is its user's own")
	}
	mine, err := a.Service.Ask(t.Context(), conversation.AskInput{Context: "Another trip", UserID: "ann", InformationNeeded: trip})
	require.NoError(t, err)

	var invalid *fault.Invalid
	_, err = a.Recall(t.Context(), conversation.RecallInput{Query: "destination"})
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, "user_id", invalid.Field)
	for _, in := range []conversation.ForgetInput{{Everything: true}, {ConversationID: mine.ConversationID}} {
		_, err = a.Forget(t.Context(), in)
		require.ErrorAs(t, err, &invalid)
		assert.Equal(t, "user_id", invalid.Field)
	}
	none, err := a.Forget(t.Context(), conversation.ForgetInput{ConversationID: mine.ConversationID, UserID: "bob"})
	require.NoError(t, err)
	assert.Zero(t, none.Conversations)
	all, err := a.Forget(t.Context(), conversation.ForgetInput{Everything: true, UserID: "ann"})
	require.NoError(t, err)
	assert.Equal(t, 2, all.Conversations)
	left, err := a.Forget(t.Context(), conversation.ForgetInput{Everything: true, UserID: "bob"})
	require.NoError(t, err)
	assert.Equal(t, 1, left.Conversations)
}
