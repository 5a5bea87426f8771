package e2e

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

// Number of concurrent conversations, and rounds of each person.
const (
	concurrent = 100
	rounds     = 3
)

func TestAHundredConversationsScaleFunctionsOutAndBackIn(t *testing.T) {
	begin(t)
	route := deployment.Route(Staging)
	require.NoError(t, deployment.Asleep(t.Context(), string(Staging)))
	watching, cancel := context.WithCancel(t.Context())
	defer cancel()
	instances := mostInstances(watching)
	connections := mostConnections(watching, t)

	var all []*person
	began := time.Now()
	for range rounds {
		crowd := people(t, concurrent)
		together(t, crowd, func(p *person) error { return p.converse(t.Context(), route) })
		all = append(all, crowd...)
	}
	took := time.Since(began)
	cancel()
	most := instances()
	stored(t, Staging, all)
	require.Greater(t, most, 1, "a tool was served by more than one instance")
	database, err := deployment.Get(t.Context(), ConfigMaps, string(Staging), "database")
	require.NoError(t, err)
	fields, _ := database.Object["data"].(map[string]any)
	allowed, err := strconv.Atoi(fields["max-connections"].(string))
	require.NoError(t, err)
	reserved, err := strconv.Atoi(fields["reserved-connections"].(string))
	require.NoError(t, err)
	used := connections()
	require.LessOrEqual(t, used, allowed-reserved, "connections stay within the budget")

	asleep, err := Took(func() error { return deployment.Asleep(t.Context(), string(Staging)) })
	require.NoError(t, err)
	const section = "A hundred conversations at once"
	deployment.Figures.Add(section, fmt.Sprintf("%d conversations from zero, none lost or doubled", len(all)), Seconds(took))
	deployment.Figures.Add(section, "the most instances of one function", fmt.Sprint(most))
	deployment.Figures.Add(section, "calls repeated", fmt.Sprint(failures(all)))
	deployment.Figures.Add(section, "the most connections to PostgreSQL, of those allowed", fmt.Sprintf("%d of %d", used, allowed-reserved))
	deployment.Figures.Add(section, "the last result → every function at zero", Seconds(asleep))
}

// mostInstances samples the largest number of ready instances of one function.
func mostInstances(ctx context.Context) func() int {
	return most(ctx, func() (n int, err error) {
		count, err := deployment.Instances(ctx, string(Staging))
		for _, each := range count {
			n = max(n, each)
		}
		return n, err
	})
}

func mostConnections(ctx context.Context, t *testing.T) func() int {
	conn, err := pgx.Connect(ctx, deployment.URLs[Staging])
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return most(ctx, func() (n int, err error) {
		err = conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").Scan(&n)
		return n, err
	})
}

// most samples a number until the context ends and returns the maximum.
func most(ctx context.Context, sample func() (int, error)) func() int {
	var largest atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			if n, err := sample(); err == nil {
				largest.Store(max(largest.Load(), int64(n)))
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func() int { <-ended; return int(largest.Load()) }
}
