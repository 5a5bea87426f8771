package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

func TestAnAnswerIsRecalledFromAnotherPod(t *testing.T) {
	begin(t)
	route := deployment.Route(Prod)
	p := people(t, 1)[0]
	began := time.Now()
	require.NoError(t, p.converse(t.Context(), route))
	answered := time.Since(began)
	recalled(t, route, p)
	deployment.Figures.Add("Events", "an answer → found by recall: relay, broker and indexer wake", Seconds(time.Since(began)-answered))

	result, err := Call(t.Context(), route, askTool, map[string]any{"context": "Another trip", "information_needed": trip["information_needed"], "user_id": p.name})
	require.NoError(t, err)
	coverage, _ := result["coverage"].([]any)
	require.Contains(t, states(coverage), "assumed", "an earlier answer is proposed: %v", coverage)
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
	route := deployment.Route(Prod)
	patched(t, "prod", everyMinute, "Wake the relay each minute")
	var all []*person
	kill := deployment.Killing(t.Context(), Prod, "relay", "indexer")
	for until := time.Now().Add(2 * time.Minute); kill.Killed() < 8 && time.Now().Before(until); {
		p := people(t, 1)[0]
		require.NoError(t, p.converse(t.Context(), route))
		all = append(all, p)
	}
	killed := kill.Stop()
	require.GreaterOrEqual(t, len(killed), 8)
	for _, p := range all {
		recalled(t, route, p)
	}
	deployment.Figures.Add("Events", fmt.Sprintf("relay and indexer killed %s; conversations, all recalled, once", times(len(killed))), fmt.Sprint(len(all)))
	require.NoError(t, deployment.Until(t.Context(), "the outbox to be empty", func(ctx context.Context) (bool, error) {
		waiting, deadLetters, err := outbox(ctx)
		return waiting == 0 && deadLetters == 0, err
	}))
}

// outbox counts production's waiting events and dead letters.
func outbox(ctx context.Context) (waiting, deadLetters int, err error) {
	conn, err := pgx.Connect(ctx, deployment.URLs[Prod])
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT set_config('app.role', 'eventing', false)"); err != nil {
		return 0, 0, err
	}
	err = conn.QueryRow(ctx, "SELECT count(*) FILTER (WHERE parked_at IS NULL), count(*) FILTER (WHERE parked_at IS NOT NULL) FROM outbox").Scan(&waiting, &deadLetters)
	return waiting, deadLetters, err
}

// The timer wakes the relay each minute, in place of each quarter of an hour. Here the
// relay sleeps after seconds, also while it or a killed one has events to try again.
const everyMinute = `
  - target: {kind: PingSource, name: sweep}
    patch: |-
      - {op: replace, path: /spec/schedule, value: "* * * * *"}
`

// The indexer verifies events with other keys than the relay signs with, and so refuses
// every one of them permanently.
const refusing = everyMinute + `
  - target: {group: serving.knative.dev, kind: Service, name: indexer}
    patch: |-
      - op: test
        path: /spec/template/spec/containers/0/env/4/name
        value: EVENT_SIGNING_KEYS
      - op: replace
        path: /spec/template/spec/containers/0/env/4/valueFrom/secretKeyRef/name
        value: sequential-questioning-request-state
`

// patched adds patches to an overlay, and waits until both environments serve the commit.
func patched(t *testing.T, overlay, patches, message string) {
	t.Helper()
	require.NoError(t, deployment.Clone.Append("gitops/overlays/"+overlay+"/kustomization.yaml", patches))
	_, err := deployment.Clone.Commit(t.Context(), message)
	require.NoError(t, err)
	require.NoError(t, deployment.PushBoth(t.Context()))
}

func TestAnUndeliverableEventBecomesADeadLetterAndCanBeReplayed(t *testing.T) {
	begin(t)
	route := deployment.Route(Prod)
	patched(t, "prod", refusing, "Make the indexer refuse all events")
	all := people(t, 2)
	p := all[0]
	require.NoError(t, p.converse(t.Context(), route))
	require.NoError(t, deployment.Until(t.Context(), "the refused event to be a dead letter", func(ctx context.Context) (bool, error) {
		waiting, deadLetters, err := outbox(ctx)
		return waiting == 0 && deadLetters > 0, err
	}))

	require.NoError(t, deployment.Reset(t.Context()))
	require.NoError(t, deployment.Until(t.Context(), "the outbox to have only dead letters", func(ctx context.Context) (bool, error) {
		waiting, _, err := outbox(ctx)
		return waiting == 0, err
	}))
	output, err := deployment.Operate(t.Context(), Prod, "events", "replay", "prod")
	require.NoError(t, err, output)
	require.NoError(t, all[1].converse(t.Context(), route)) // wakes the relay, which else sleeps until its timer
	recalled(t, route, p)
}
