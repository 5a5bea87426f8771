package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

func TestAnExportHasWhatIsHeldOfOneUser(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod").applied("prod")
	s := f.service("prod")
	for _, who := range []struct{ principal, user string }{{"client-7", "ada"}, {"client-7", "bob"}, {"client-8", "ada"}} {
		ctx := principal.With(t.Context(), who.principal)
		turn, err := s.Ask(ctx, conversation.AskInput{Context: "The trip of " + who.user + " at " + who.principal, UserID: who.user, InformationNeeded: trip})
		require.NoError(t, err)
		_, err = s.FollowUp(ctx, conversation.FollowUpInput{ConversationID: turn.ConversationID, UserID: who.user,
			Answers: []conversation.AnswerInput{{Slot: "destination", Value: "Lisbon"}}})
		require.NoError(t, err)
	}
	out := f.must("export", "prod", "--user", "ada", "--principal", "client-7")
	var held map[string][]map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &held), out)
	require.Len(t, held["conversations"], 1)
	assert.Equal(t, "The trip of ada at client-7", held["conversations"][0]["goal"])
	require.Len(t, held["answers"], 1)
	assert.Equal(t, "Lisbon", held["answers"][0]["value"])
	slots := map[any]bool{}
	for _, slot := range held["slots"] {
		slots[slot["key"]] = true
	}
	assert.Len(t, slots, 3, "each row is another: %v", held["slots"])
	assert.NotContains(t, out, "bob")
	assert.NotContains(t, out, "client-8")

	assert.JSONEq(t, `{}`, f.must("export", "prod", "--user", "nobody"))
	f.refused(`required flag(s) "user" not set`, "export", "prod")

	exports := f.must("audit", "prod", "--user", "ada", "--since", "1h", "--json")
	var acts []map[string]any
	require.NoError(t, json.Unmarshal([]byte(exports), &acts), exports)
	require.Len(t, acts, 1, "an export is recorded")
	assert.Equal(t, "exported", acts[0]["action"])
	assert.Equal(t, "client-7", acts[0]["principal"])
	assert.Equal(t, held["conversations"][0]["id"], acts[0]["conversation_id"])
	assert.Contains(t, f.must("audit", "prod", "--principal", "client-7"), "exported")
	assert.NotContains(t, f.must("audit", "prod", "--principal", "client-8"), "exported")
	f.refused("--conversation is", "audit", "prod", "--conversation", "x")
}
