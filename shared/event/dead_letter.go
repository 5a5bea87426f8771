package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// DeadLetters is where a broker brings back the events that it gave up.
const DeadLetters = "/dead-letters"

// Return takes an event back that was published and that a consumer never took.
// It is parked with the problem, until somebody lets it be tried again. One of a
// conversation that is forgotten by now is not kept, nor is the erasure itself:
// that is announced again until it is confirmed.
func (o *Outbox) Return(ctx context.Context, id uuid.UUID, e Event, problem string) error {
	if e.Type() == TypeConversationErased {
		return nil
	}
	var rows rows
	if err := rows.add(e); err != nil {
		return fmt.Errorf("return event: %w", err)
	}
	err := o.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO outbox (principal, id, conversation_id, type, data, problem, parked_at)
			SELECT $1, $2, c.id, $4, $5, $6, now() FROM conversations c WHERE c.id = $3
			ON CONFLICT (id) DO UPDATE SET problem = excluded.problem, parked_at = excluded.parked_at`,
			rows.principals[0], id, rows.conversations[0], rows.types[0], rows.data[0], cut(problem, 1000))
		return err
	})
	if err != nil {
		return fmt.Errorf("return event: %w", err)
	}
	return nil
}

// serveDeadLetter answers as a broker understands: 200 for what is parked now, 4xx
// for what the relay did not sign or nobody can read, 503 for what is to be
// delivered again.
func (h *RelayHandler) serveDeadLetter(w http.ResponseWriter, r *http.Request) {
	e, ok := h.signer.Receive(w, r)
	if !ok {
		return
	}
	ctx := r.Context()
	problem := undelivered(e)
	happened, err := Read(*e)
	id, malformed := uuid.Parse(e.ID())
	if err = errors.Join(err, malformed); err != nil {
		slog.ErrorContext(ctx, "dead letter dropped", "event", e.ID(), "type", e.Type(), "problem", problem, "error", err)
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	if err := h.outbox.Return(ctx, id, happened, problem); err != nil {
		status := http.StatusInternalServerError
		if postgres.Retryable(err) {
			status = http.StatusServiceUnavailable
		}
		slog.WarnContext(ctx, "dead letter not taken", "event", id, "error", err)
		http.Error(w, err.Error(), status)
		return
	}
	h.relay.metrics.dead.Add(ctx, 1, metric.WithAttributes(attribute.String("type", e.Type())))
	slog.ErrorContext(ctx, "event parked", "event", id, "type", e.Type(), "error", problem)
}

// undelivered is what Knative's broker says of a failed delivery.
func undelivered(e *cloudevents.Event) string {
	extensions := e.Extensions()
	return fmt.Sprintf("the broker gave up: %v answered %v", extensions["knativeerrordest"], extensions["knativeerrorcode"])
}
