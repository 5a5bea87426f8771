package e2e

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

func times(n int) string { return fmt.Sprintf("%d times", n) }

// talking runs conversations in a few goroutines, each one after the other, until the
// returned function is called. That function returns the people.
func talking(t *testing.T, route string) (stop func() []*person) {
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var all []*person
	var failed []error
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for ctx.Err() == nil {
				p := people(t, 1)[0]
				err := p.converse(t.Context(), route) // to its end
				mu.Lock()
				all = append(all, p)
				failed = append(failed, err)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	return func() []*person {
		cancel()
		group.Wait()
		require.NoError(t, errors.Join(failed...))
		require.NotEmpty(t, all)
		return all
	}
}

func TestPostgreSQLRestartsDuringConversations(t *testing.T) {
	begin(t)
	route := deployment.Route(Prod)
	before := people(t, 1)[0] // whose conversation starts the functions, so that the faults meet calls
	require.NoError(t, before.converse(t.Context(), route))
	stop := talking(t, route)
	const restarts = 3
	for i := range restarts {
		time.Sleep(2 * time.Second)
		if i == restarts-1 {
			require.NoError(t, deployment.Database.Kill())
			// How many of the others' calls fail depends on how long a function waits for a
			// connection; a call that gives up while the database is down must fail.
			down := time.After(3 * time.Second)
			impatient, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			_, err := Call(impatient, route, reportTool, map[string]any{"user_id": before.name, "conversation_id": before.conversation})
			cancel()
			require.Error(t, err, "no report without a database")
			<-down
		}
		require.NoError(t, deployment.Database.Restart(t.Context()))
	}
	time.Sleep(2 * time.Second)
	all := append(stop(), before)
	stored(t, Prod, all)
	deployment.Figures.Add("Faults", "PostgreSQL restarted three times, once killed: conversations, none lost or doubled", fmt.Sprintf("%d, %d calls repeated", len(all), failures(all)))
}

func TestPodsAreKilledDuringConversations(t *testing.T) {
	begin(t)
	stop := talking(t, deployment.Route(Prod))
	kill := deployment.Killing(t.Context(), Prod, "gateway", "ask", "follow-up", "report")
	time.Sleep(30 * time.Second)
	killed := kill.Stop()
	all := stop()
	require.Greater(t, len(killed), 5)
	stored(t, Prod, all)
	deployment.Figures.Add("Faults", "pods killed one by one, "+times(len(killed))+": conversations, none lost or doubled", fmt.Sprintf("%d, %d calls repeated", len(all), failures(all)))
}

func TestConversationsContinueWithoutQdrant(t *testing.T) {
	begin(t)
	route := deployment.Route(Prod)
	before, during := people(t, 1)[0], people(t, 1)[0]
	require.NoError(t, before.converse(t.Context(), route))
	recalled(t, route, before)

	deployment.Qdrant.Stop()
	defer func() {
		if t.Failed() {
			_ = deployment.Qdrant.Start() // for the tests that follow
		}
	}()
	require.NoError(t, during.converse(t.Context(), route))
	require.Empty(t, during.failures, "no call failed")
	result, err := Call(t.Context(), route, recallTool, map[string]any{"query": "destination", "user_id": before.name})
	require.NoError(t, err)
	require.Empty(t, result["found"])
	require.Contains(t, fmt.Sprint(result["memory"]), "not consulted")

	require.NoError(t, deployment.Qdrant.Start()) // empty
	took, err := Took(func() error { rebuildMemory(t); return nil })
	require.NoError(t, err)
	began := time.Now()
	recalled(t, route, before)
	deployment.Figures.Add("Faults", "Qdrant came back empty: `operate memory rebuild prod`", Seconds(took))
	deployment.Figures.Add("Faults", "… until recall finds what was said before", Seconds(time.Since(began)))
	recalled(t, route, during)
	stored(t, Prod, []*person{before, during})
}

// rebuildMemory rebuilds memory from the database, as an operator does.
func rebuildMemory(t *testing.T) {
	t.Helper()
	_, err := deployment.Operate(t.Context(), Prod, "memory", "rebuild", "prod")
	require.NoError(t, err)
}

func TestADestroyedDatabaseIsRestored(t *testing.T) {
	begin(t)
	route := deployment.Route(Prod)
	saved := people(t, 5)
	together(t, saved, func(p *person) error { return p.converse(t.Context(), route) })
	open := people(t, 1)[0]
	require.NoError(t, open.open(t.Context(), route))
	require.NoError(t, open.answer(t.Context(), route, "destination"))
	output, err := deployment.Operate(t.Context(), Prod, "database", "backup", "prod")
	require.NoError(t, err, output)

	conn, err := pgx.Connect(t.Context(), deployment.URLs[Prod])
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "DROP TABLE answers CASCADE; DROP TABLE conversations CASCADE")
	require.NoError(t, errors.Join(err, conn.Close(t.Context())))
	_, err = Call(t.Context(), route, reportTool, map[string]any{"user_id": open.name, "conversation_id": open.conversation})
	require.Error(t, err)

	took, err := Took(func() error {
		output, err = deployment.Operate(t.Context(), Prod, "database", "restore", "prod", "latest", "--yes")
		return err
	})
	require.NoError(t, err, output)
	deployment.Figures.Add("Faults", "`operate database restore prod latest`, under running functions", Seconds(took))
	require.NoError(t, open.answer(t.Context(), route, "travellers"))
	stored(t, Prod, append(saved, open))
	for _, p := range saved {
		report, err := p.insist(t.Context(), route, reportTool, map[string]any{"user_id": p.name, "conversation_id": p.conversation})
		require.NoError(t, err)
		require.Equal(t, map[string]any{"destination": p.destination(), "travellers": float64(p.travellers)}, report["values"])
	}
}
