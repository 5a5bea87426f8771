package integration

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
	"github.com/sequential-questioning/sequential-questioning/shared/event/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// The steps at which the process that relays and indexes is killed.
const (
	claimed     = "events are claimed"
	noted       = "the indexer has noted the event"
	written     = "Qdrant is written, nothing committed"
	erased      = "Qdrant is erased, nothing committed"
	indexedStep = "the indexer has committed, the relay does not know"
	published   = "some are published, none is marked"
)

const (
	stepVariable = "EVENT_KILL_STEP"
	consumeEnv   = "EVENT_KILL_CONSUMES"
	urlVariable  = "EVENT_KILL_DATABASE"
	qdrantEnv    = "EVENT_KILL_QDRANT"
	exitKilled   = 77
)

// dying ends its process at a step, as a kill does: nothing is undone by it.
type dying struct {
	*memory.Memory
	step string
}

func (d dying) at(step string) {
	if d.step == step {
		os.Exit(exitKilled)
	}
}

func (d dying) Sync(ctx context.Context, tx *store.Tx, slots map[string][]string) ([]string, error) {
	d.at(noted)
	exist, err := d.Memory.Sync(ctx, tx, slots)
	d.at(written)
	return exist, err
}

func (d dying) Delete(ctx context.Context, principal string, ids ...string) error {
	err := d.Memory.Delete(ctx, principal, ids...)
	d.at(erased)
	return err
}

// TestTheProcessThatIsKilled is that process; by itself it does nothing.
func TestTheProcessThatIsKilled(t *testing.T) {
	step := os.Getenv(stepVariable)
	if step == "" {
		return
	}
	w := worldOn(t, os.Getenv(urlVariable), os.Getenv(qdrantEnv))
	d := dying{w.memory, step}
	if os.Getenv(consumeEnv) != "" {
		_, _, err := w.relay(t, consuming{w.indexing(d), d}).Drain(t.Context())
		require.NoError(t, err)
		return
	}
	into := deliver(w.indexing(d))
	n := 0
	relay := w.relay(t, eventtest.Publisher(func(ctx context.Context, e cloudevents.Event) error {
		d.at(claimed)
		err := into(ctx, e)
		if n++; e.Type() != string(event.TypeQuestionAsked) {
			d.at(indexedStep)
		}
		if n == 3 {
			d.at(published)
		}
		return err
	}), func(c *delivery.RelayConfig) { c.Concurrency = 1 })
	_, _, err := relay.Drain(t.Context())
	require.NoError(t, err)
}

// answeredAndErased queues the events of an answered trip, and of one that was remembered
// and then erased.
func (w *world) answeredAndErased(t *testing.T) {
	t.Helper()
	gone := w.answeredTrip(t, "local", "", map[string]any{"budget": 1.0})
	w.queued(t, eventtest.Recorded("local", gone, "budget"))
	w.drain(t)
	w.erase(t, "local", gone)
	id := w.answeredTrip(t, "local", "", tripValues)
	var events []event.Event
	for slot := range tripValues {
		events = append(events, eventtest.Recorded("local", id, slot))
	}
	w.queued(t, append(events, completed("local", id), erasedEvent("local", gone))...)
}

// killedAt runs TestTheProcessThatIsKilled on this world, which must end at the step.
func (w *world) killedAt(t *testing.T, step string, environment ...string) {
	t.Helper()
	kill := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheProcessThatIsKilled$")
	kill.Env = append(append(os.Environ(), stepVariable+"="+step, urlVariable+"="+w.url, qdrantEnv+"="+w.qdrant), environment...)
	output, err := kill.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", output)
	require.Equal(t, exitKilled, exit.ExitCode(), "%s", output)
}

func TestKilledBetweenAnyTwoStepsNothingIsLostAndNothingIndexedTwice(t *testing.T) {
	t.Parallel()
	for _, step := range []string{claimed, noted, written, erased, indexedStep, published} {
		t.Run(strings.ReplaceAll(step, " ", "_"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answeredAndErased(t)
			waiting := w.waiting(t)

			w.killedAt(t, step)
			assert.Equal(t, waiting, w.waiting(t), "what nobody settled waits")

			assert.Zero(t, w.drain(t).Published, "until the lease of the one that died is over")
			w.leasesEnd(t)
			assert.Equal(t, waiting, w.drain(t).Published)
			assert.Zero(t, w.waiting(t))
			assert.Equal(t, tripValues, w.values(t, "local"), "and nothing of what was forgotten")
			assert.Equal(t, 1, w.statistics(t).Conversations)
			assert.Zero(t, count(t, w.url, `SELECT count(*) FROM erasures`))
		})
	}
}

// consuming is the publisher of a program in which the indexer takes events from the outbox.
type consuming struct {
	*indexer.Indexer
	dying
}

func (c consuming) Publish(ctx context.Context, e cloudevents.Event) error {
	return deliver(c.Indexer)(ctx, e)
}

func (c consuming) Consume(ctx context.Context, waiting []delivery.Entry) ([]delivery.Entry, error) {
	c.at(claimed)
	processed, _, err := c.Indexer.Consume(ctx, waiting)
	c.at(indexedStep)
	return processed, err
}

func TestKilledWhileItTakesEventsFromTheOutboxNothingIsLostAndNothingWaitsForALease(t *testing.T) {
	t.Parallel()
	for _, step := range []string{claimed, noted, written, erased, indexedStep} {
		t.Run(strings.ReplaceAll(step, " ", "_"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answeredAndErased(t)
			waiting := w.waiting(t)
			if step == indexedStep {
				waiting = 0
			}

			w.killedAt(t, step, consumeEnv+"=1")

			// The server notices by itself that the process has gone, and undoes what it had begun.
			published := 0
			for range 100 {
				done, _, err := w.relay(t, consuming{w.indexer, dying{Memory: w.memory}}).Drain(t.Context())
				require.NoError(t, err)
				if published += done.Published; w.waiting(t) == 0 {
					break
				}
				time.Sleep(50 * time.Millisecond)
			}
			assert.Zero(t, w.waiting(t))
			assert.Equal(t, waiting, published)
			assert.Equal(t, tripValues, w.values(t, "local"), "and nothing of what was forgotten")
			assert.Equal(t, 1, w.statistics(t).Conversations)
			assert.Zero(t, count(t, w.url, `SELECT count(*) FROM erasures`))
			assert.Zero(t, count(t, w.url, `SELECT count(*) FROM processed_events WHERE at > (SELECT min(at) FROM processed_events)`), "the outbox says what was processed")
		})
	}
}

func TestEventsPublishedWhileTheDatabaseGoesAwayAreNotIndexedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.answeredTrip(t, "local", "", tripValues)
	w.queued(t, eventtest.Recorded("local", id, "budget"), completed("local", id))
	into := deliver(w.indexer)
	_, _, err := w.relay(t, eventtest.Publisher(func(ctx context.Context, e cloudevents.Event) error {
		err := into(ctx, e)
		if e.Type() == string(event.TypeConversationCompleted) {
			postgrestest.Exec(t, w.url, `ALTER TABLE outbox RENAME TO outbox_away`)
		}
		return err
	})).Drain(t.Context())
	require.Error(t, err, "published, and nobody could mark it")
	postgrestest.Exec(t, w.url, `ALTER TABLE outbox_away RENAME TO outbox`)
	w.leasesEnd(t)
	assert.Equal(t, 2, w.drain(t).Published)
	assert.Len(t, w.values(t, "local"), 1)
	assert.Equal(t, 1, w.statistics(t).Conversations)
}
