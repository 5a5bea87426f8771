package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

func TestPromotion(t *testing.T) {
	begin(t)
	route := deployment.Route(Prod)
	before, err := Version(t.Context(), route)
	require.NoError(t, err)
	schema := schemaVersion(t, Prod)
	require.NoError(t, deployment.Change(t.Context(), "0.2.0"))

	pushed := time.Now()
	_, err = deployment.Push(t.Context(), "main")
	require.NoError(t, err)
	require.NoError(t, deployment.Serves(t.Context(), Staging, "0.2.0"))
	deployment.Figures.Add("Promotion", "push to main → staging serves it", Seconds(time.Since(pushed)))
	now, err := Version(t.Context(), route)
	require.NoError(t, err)
	require.Equal(t, before, now, "production waits for its promotion")

	stop := callThroughout(t, route)
	deployment.Figures.Mark("release promote")
	promoted := time.Now()
	output, err := deployment.Release(t.Context(), "promote", "--yes", "--follow")
	took := time.Since(promoted)
	require.NoError(t, err)
	require.NoError(t, deployment.Serves(t.Context(), Prod, "0.2.0"))
	calls := stop()
	deployment.Figures.Add("Promotion", "`release promote --follow`: checks, push → every function serves it", Seconds(took))
	deployment.Figures.Add("Promotion", "calls by a client meanwhile, none failed", fmt.Sprint(calls))
	require.Contains(t, output, "gateway")
	require.Contains(t, output, "90020_release_0_2_0")
	require.Greater(t, schemaVersion(t, Prod), schema, "migrations ran")
	converse(t.Context(), t, route)
}

// callThroughout runs conversations until stop is called, which returns the number of
// calls. Every call must succeed.
func callThroughout(t *testing.T, route string) (stop func() int) {
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var calls int
	var failed []error
	note := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		if err != nil {
			failed = append(failed, fmt.Errorf("call %d at %s: %w", calls, time.Now().Format(time.TimeOnly), err))
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			opened, err := Call(t.Context(), route, askTool, trip)
			if note(err); err != nil {
				continue
			}
			conversation := opened["conversation_id"]
			_, err = Call(t.Context(), route, followUpTool, map[string]any{"user_id": family, "conversation_id": conversation, "answers": answers("destination")})
			note(err)
			_, err = Call(t.Context(), route, reportTool, map[string]any{"user_id": family, "conversation_id": conversation})
			note(err)
		}
	}()
	return func() int {
		cancel()
		<-ended
		require.Empty(t, failed)
		require.NotZero(t, calls)
		return calls
	}
}
