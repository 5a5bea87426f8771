package e2e

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

const (
	recallTool    = "sequential_questioning_recall"
	automaticTool = "sequential_questioning_automatic"
)

// person is a simulated person with unique answers.
type person struct {
	name         string
	travellers   int
	conversation any
	failures     []error
}

func people(t *testing.T, n int) []*person {
	var all []*person
	for i := range n {
		all = append(all, &person{name: fmt.Sprintf("%s-%d-%d", t.Name(), time.Now().UnixNano(), i), travellers: i + 1})
	}
	return all
}

func (p *person) destination() string { return "Harbour " + p.name }

// insist retries a call until it succeeds.
func (p *person) insist(ctx context.Context, route, tool string, arguments map[string]any) (map[string]any, error) {
	result, failures, err := Insist(ctx, route, tool, arguments)
	p.failures = append(p.failures, failures...)
	return result, err
}

func (p *person) open(ctx context.Context, route string) error {
	arguments := maps.Clone(trip)
	arguments["user_id"] = p.name
	opened, err := p.insist(ctx, route, askTool, arguments)
	if err == nil {
		p.conversation = opened["conversation_id"]
	}
	return err
}

func (p *person) answer(ctx context.Context, route, slot string) error {
	value := any(p.travellers)
	if slot == "destination" {
		value = p.destination()
	}
	_, err := p.insist(ctx, route, followUpTool, map[string]any{
		"user_id": p.name, "conversation_id": p.conversation, "answers": []any{map[string]any{"slot": slot, "value": value}},
	})
	return err
}

// converse runs a whole conversation and retries failed calls.
func (p *person) converse(ctx context.Context, route string) error {
	if err := p.open(ctx, route); err != nil {
		return err
	}
	for _, slot := range []string{"destination", "travellers"} {
		if err := p.answer(ctx, route, slot); err != nil {
			return err
		}
	}
	report, err := p.insist(ctx, route, reportTool, map[string]any{"user_id": p.name, "conversation_id": p.conversation})
	if err != nil {
		return err
	}
	values, _ := report["values"].(map[string]any)
	if values["destination"] != p.destination() || values["travellers"] != float64(p.travellers) || report["complete"] != true {
		return fmt.Errorf("%s said %q and %d, and the report says %v", p.name, p.destination(), p.travellers, report)
	}
	return nil
}

// together runs do for all people concurrently.
func together(t *testing.T, all []*person, do func(*person) error) {
	t.Helper()
	var group sync.WaitGroup
	failed := make(chan error, len(all))
	for _, p := range all {
		group.Go(func() {
			if err := do(p); err != nil {
				failed <- fmt.Errorf("%s: %w", p.name, err)
			}
		})
	}
	group.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	require.False(t, t.Failed())
}

func failures(all []*person) (n int) {
	for _, p := range all {
		n += len(p.failures)
	}
	return n
}

// stored requires that the database has each person's conversation once, with each answer
// once.
func stored(t *testing.T, environment Environment, all []*person) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), deployment.URLs[environment])
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "SELECT set_config('app.principal', 'local', false)")
	require.NoError(t, err)
	for _, p := range all {
		var conversations, answers int
		require.NoError(t, conn.QueryRow(t.Context(), `
			SELECT count(DISTINCT c.id), count(a.number) FROM sessions s JOIN conversations c ON c.session_id = s.id
			LEFT JOIN answers a ON a.conversation_id = c.id WHERE s.user_id = $1`, p.name).Scan(&conversations, &answers))
		require.Equal(t, []int{1, 2}, []int{conversations, answers}, "conversations and answers of %s", p.name)
	}
}

// recalled waits until recall returns a person's destination, exactly once.
func recalled(t *testing.T, route string, p *person) {
	t.Helper()
	require.NoError(t, deployment.Until(t.Context(), "the answer of "+p.name+" to be recalled", func(ctx context.Context) (bool, error) {
		result, err := Call(ctx, route, recallTool, map[string]any{"query": "destination", "user_id": p.name})
		if err != nil {
			return false, err
		}
		found, _ := result["found"].([]any)
		n := 0
		for _, each := range found {
			fields, _ := each.(map[string]any)
			if fields["slot"] != "destination" {
				continue
			}
			if fields["value"] != p.destination() || fields["conversation_id"] != p.conversation {
				return false, fmt.Errorf("%s is returned %v", p.name, fields)
			}
			n++
		}
		if n > 1 {
			return false, fmt.Errorf("%s said it once; recall returns it %d times", p.name, n)
		}
		return n == 1, nil
	}))
}
