package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// told is what somebody said, every word with a mark of its own, in each place
// where words are taken.
type told struct {
	first, second, third string // conversations
	ofFirst, ofOthers    string // marks
}

// on is a service with the memory at an address.
func (w *world) on(t *testing.T, qdrantURL string) *automatic.Service {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: w.url, MaxConns: 4})
	require.NoError(t, err)
	m, err := memory.Open(qdrant.Config{URL: qdrantURL, Timeout: time.Second})
	require.NoError(t, err)
	a, err := automatic.New(conversation.New(store.New(pool), defaults, conversation.WithMemory(m)), automatic.Config{
		FormSize: 10, RequestStateKeys: "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	})
	require.NoError(t, err)
	t.Cleanup(a.Close)
	return a
}

// tells holds three conversations as a user of a principal.
func (w *world) tells(t *testing.T, as, user, mark string) told {
	t.Helper()
	a, ctx := w.on(t, w.qdrant), principal.With(t.Context(), as)
	said := told{ofFirst: mark + "first", ofOthers: mark + "others"}
	needed := func(mark string) json.RawMessage {
		raw, err := json.Marshal([]any{
			map[string]any{"key": "name", "title": "Name"}, map[string]any{"key": mark, "title": "Of " + mark, "question": "Which " + mark + "?"},
			map[string]any{"key": "plan", "title": "Plan", "type": "choice", "options": []any{mark + "-a", mark + "-b"}},
			map[string]any{"key": "count", "title": "Count", "type": "integer"}, map[string]any{"key": "notes", "title": "Notes"},
		})
		require.NoError(t, err)
		return raw
	}
	opening := func(mark string, message string) conversation.AskInput {
		return conversation.AskInput{
			Context: "The goal of " + mark + "\nNotes: noted " + mark, UserID: user, SessionID: "session " + mark, InformationNeeded: needed(mark), BatchSize: 10,
			Metadata: map[string]any{"of " + mark: mark}, PreviousMessages: []conversation.Message{{Role: "user", Content: message + mark}, {Role: "assistant", Content: mark}},
		}
	}
	turn, err := a.Service.Ask(ctx, opening(said.ofFirst, "A message of "))
	require.NoError(t, err)
	said.first = turn.ConversationID
	m := said.ofFirst
	for _, answers := range [][]conversation.AnswerInput{
		{{Slot: "name", Text: "I am " + m}, {Slot: m, Value: "value " + m}, {Slot: "plan", Value: m + "-a", Text: "words " + m}, {Slot: "count", Text: "some " + m}},
		{{Slot: "name", Value: "contradicting " + m}, {Slot: "count", Outcome: "declined", Text: "not " + m}},
	} {
		_, err = a.FollowUp(ctx, conversation.FollowUpInput{ConversationID: said.first, Answers: answers})
		require.NoError(t, err)
	}
	_, err = a.FollowUp(ctx, conversation.FollowUpInput{ConversationID: said.first, PreviousMessages: []conversation.Message{{Role: "user", Content: "typed by " + m}}})
	require.NoError(t, err)
	_, err = a.Revise(ctx, conversation.ReviseInput{ConversationID: said.first, Slot: "name", Value: "revised " + m})
	require.NoError(t, err)
	w.leasesEnd(t)
	w.drain(t)

	// Another conversation assumes what was said in the first.
	turn, err = a.Service.Ask(ctx, opening(said.ofOthers, "A message of "))
	require.NoError(t, err)
	require.Contains(t, turn.Text(), "revised "+m)
	said.second = turn.ConversationID

	// A form is filled in.
	in := automatic.Input{Context: "By form, " + said.ofOthers, UserID: user, SessionID: "form " + said.ofOthers, InformationNeeded: needed(said.ofOthers)}
	_, asked, err := a.Ask(ctx, in, elicitation.Exchange{Elicits: true})
	require.NoError(t, err)
	response := &mcp.ElicitationResponse{}
	response.Action = mcp.ElicitationResponseActionAccept
	response.Content = map[string]any{"name": "on the form " + said.ofOthers, "plan": said.ofOthers + "-b", "in_your_own_words": "Count: instead " + said.ofOthers, said.ofOthers: "x" + said.ofOthers}
	result, _, err := a.Ask(ctx, in, elicitation.Exchange{Elicits: true, State: asked.State, Response: response})
	require.NoError(t, err)
	said.third = result.ConversationID
	// Some events wait, one is given up: whatever comes of them, they are found.
	postgrestest.Exec(t, w.url, `UPDATE outbox SET parked_at = now(), problem = 'refused' WHERE id = (SELECT id FROM outbox ORDER BY position DESC LIMIT 1)`)
	return said
}

// found lists where a mark is: every table of the database that there is, and
// every point of Qdrant.
func (w *world) found(t *testing.T, mark string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, w.url))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	rows, _ := conn.Query(t.Context(), `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Subset(t, tables, []string{"outbox", "elicitations", "counted_conversations", "shared_statistics", "erasures", "slots"})
	var where []string
	for _, table := range tables {
		// Also what bytes say: text that was stored as bytea is no secret.
		var row *string
		err := conn.QueryRow(t.Context(), fmt.Sprintf(`SELECT min(left(t::text, 300)) FROM %s t
			WHERE position($1 IN lower(t::text)) > 0 OR position(encode($1::text::bytea, 'hex') IN t::text) > 0`, table), mark).Scan(&row)
		require.NoError(t, err)
		if row != nil {
			where = append(where, table+": "+*row)
		}
	}
	points, err := qdrant.Open(qdrant.Config{URL: w.qdrant, Timeout: 2 * time.Second})
	require.NoError(t, err)
	defer points.Close()
	hits, err := points.Scroll(t.Context(), "answers", qdrant.Filter{}, 10_000)
	if !errors.Is(err, qdrant.ErrNoCollection) {
		require.NoError(t, err)
	}
	for _, hit := range hits {
		if strings.Contains(strings.ToLower(fmt.Sprint(hit.Payload)), mark) {
			where = append(where, fmt.Sprint("Qdrant: ", hit.Payload))
		}
	}
	return where
}

// TestNothingOfWhatIsForgottenIsFoundAnywhere looks for what somebody said in
// every table, the outbox and Qdrant, after every kind of forgetting: with the
// memory there, with the memory down, and with the process that erases killed at
// every step. What others said is still there.
func TestNothingOfWhatIsForgottenIsFoundAnywhere(t *testing.T) {
	t.Parallel()
	type kind struct {
		forget func(told) conversation.ForgetInput
		left   bool // whether the others of the same person's conversations stay
	}
	kinds := map[string]kind{
		"one conversation": {func(s told) conversation.ForgetInput { return conversation.ForgetInput{ConversationID: s.first} }, true},
		"a user": {func(told) conversation.ForgetInput {
			return conversation.ForgetInput{Everything: true, UserID: "user zqxann"}
		}, false},
		"everything": {func(told) conversation.ForgetInput { return conversation.ForgetInput{Everything: true} }, false},
	}
	for name, k := range kinds {
		for _, trouble := range []string{"", "memory is down", claimed, erased, indexedStep} {
			t.Run(name+", "+trouble, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				ann := w.tells(t, "app", "user zqxann", "zqxann")
				w.tells(t, "elsewhere", "user zqxbob", "zqxbob")
				for _, mark := range []string{ann.ofFirst, ann.ofOthers} {
					require.Greater(t, len(w.found(t, mark)), 8, "it is found before")
				}
				bob := len(w.found(t, "zqxbob"))

				address := w.qdrant
				if trouble != "" {
					address = "http://127.0.0.1:1" // the call itself cannot erase
				}
				ctx := principal.With(t.Context(), "app")
				forgotten, err := w.on(t, address).Forget(ctx, k.forget(ann))
				require.NoError(t, err)
				require.Positive(t, forgotten.Conversations)
				if trouble == claimed || trouble == erased || trouble == indexedStep {
					w.killed(t, trouble)
				}
				w.leasesEnd(t)
				w.drain(t)
				assert.Empty(t, w.found(t, ann.ofFirst))
				if k.left {
					assert.NotEmpty(t, w.found(t, ann.ofOthers))
				} else {
					assert.Empty(t, w.found(t, "zqxann"))
				}
				assert.GreaterOrEqual(t, len(w.found(t, "zqxbob")), bob-1, "the outbox is drained, and all else is there")
				w.comesBack(t, ctx, ann)
				assert.Empty(t, w.found(t, ann.ofFirst), "nothing comes back")
			})
		}
	}
}

// killed runs a process that delivers what waits, and dies at a step.
func (w *world) killed(t *testing.T, step string) {
	t.Helper()
	w.leasesEnd(t)
	kill := exec.Command(os.Args[0], "-test.run=^TestTheProcessThatIsKilled$")
	kill.Env = append(os.Environ(), stepVariable+"="+step, urlVariable+"="+w.url, qdrantEnv+"="+w.qdrant)
	output, err := kill.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", output)
	require.Equal(t, exitKilled, exit.ExitCode(), "%s", output)
}

// comesBack delivers events late that were on their way when all was forgotten.
func (w *world) comesBack(t *testing.T, ctx context.Context, s told) {
	t.Helper()
	for _, slot := range []string{"name", "plan"} {
		_, err := w.indexer.Index(ctx, sent(t, eventtest.Recorded("app", s.first, slot)))
		require.NoError(t, err)
	}
	_, err := w.indexer.Index(ctx, sent(t, completed("app", s.first)))
	require.NoError(t, err)
}
