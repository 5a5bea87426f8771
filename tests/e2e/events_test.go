package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

func TestAnAnswerIsRecalledFromAnotherPod(t *testing.T) {
	begin(t)
	route := world.Route(Prod)
	p := people(t, 1)[0]
	began := time.Now()
	require.NoError(t, p.converse(t.Context(), route))
	answered := time.Since(began)
	recalled(t, route, p)
	world.Figures.Add("Events", "an answer → found by recall: relay, broker and indexer wake", Seconds(time.Since(began)-answered))

	result, err := Call(t.Context(), route, askTool, map[string]any{"context": "Another trip", "information_needed": trip["information_needed"], "user_id": p.name})
	require.NoError(t, err)
	coverage, _ := result["coverage"].([]any)
	require.Contains(t, states(coverage), "assumed", "what was said before is offered: %v", coverage)
}

func states(coverage []any) (all []any) {
	for _, each := range coverage {
		fields, _ := each.(map[string]any)
		all = append(all, fields["state"])
	}
	return all
}

func TestKillingRelayAndIndexerLosesNoEvent(t *testing.T) {
	begin(t)
	route := world.Route(Prod)
	all := people(t, 12)
	kill := world.Killing(t.Context(), Prod, "relay", "indexer")
	for _, p := range all {
		require.NoError(t, p.converse(t.Context(), route))
	}
	killed := kill.Stop()
	require.NotEmpty(t, killed, "something was killed")
	for _, p := range all {
		recalled(t, route, p)
	}
	world.Figures.Add("Events", "relay and indexer killed during twelve conversations; all were recalled, once", times(len(killed)))
	require.NoError(t, world.Until(t.Context(), "the outbox to be empty", func(ctx context.Context) (bool, error) {
		conn, err := pgx.Connect(ctx, world.URLs[Prod])
		if err != nil {
			return false, err
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, "SELECT set_config('app.role', 'eventing', false)"); err != nil {
			return false, err
		}
		var left int
		err = conn.QueryRow(ctx, "SELECT count(*) FROM outbox").Scan(&left)
		return left == 0, err
	}))
}
