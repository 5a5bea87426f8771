package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// DeadLetterPath is where a broker returns the events that it could not deliver.
const DeadLetterPath = "/dead-letters"

// RelayHandler records the dead letters that the relay signed, and drains the
// outbox on every other POST: a nudge, or the CloudEvent of a timer. The body of
// such a request is not read, so that whoever sends it can cause a drain and
// nothing else; Relay bounds how often.
//
// It owns its connections: Close it after the HTTP server has shut down.
type RelayHandler struct {
	pool   *pgxpool.Pool
	sink   *Sink
	signer *Signer
	outbox *Outbox
	relay  *Relay
	sweeps []*sweep
	retry  *retry
}

// OpenRelay returns a relay as the environment describes it. It connects when
// it is first used.
func OpenRelay() (*RelayHandler, error) {
	var config struct {
		Sink     SinkConfig
		Signing  SigningConfig
		Postgres postgres.Config
		Retained RetentionConfig
		Audit    store.AuditConfig
	}
	if err := settings.Parse(&config); err != nil {
		return nil, err
	}
	audited, err := config.Audit.Age()
	if err != nil {
		return nil, err
	}
	signer, err := NewSigner(config.Signing)
	if err != nil {
		return nil, err
	}
	sink, err := NewSink(config.Sink, signer)
	if err != nil {
		return nil, err
	}
	pool, err := postgres.Open(context.Background(), config.Postgres)
	if err != nil {
		return nil, err
	}
	stored := store.New(pool)
	if audited > 0 {
		stored = stored.Audited()
	}
	kept, err := newRetention(config.Retained, stored.EraseInactive)
	if err != nil {
		pool.Close()
		return nil, err
	}
	outbox := NewOutbox(pool)
	relay := NewRelay(outbox, sink, RelayConfig{})
	return &RelayHandler{pool, sink, signer, outbox, relay, []*sweep{kept, newResultSweep(stored.SweepResults), newAuditSweep(audited, stored.SweepAudit)}, newRetry(relay.Drain)}, nil
}

// ServeHTTP answers 200 with what was done, 202 when a drain under way includes the
// request, after that drain if it has a backlog, and 503 while the database or the sink is unavailable. A drain continues
// when the caller has gone. So a broker or timer that gives up early does not leave
// events half settled.
func (h *RelayHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == DeadLetterPath {
		h.serveDeadLetter(w, r)
		return
	}
	done, ran, err := h.relay.Drain(context.WithoutCancel(r.Context()))
	if ran {
		h.retry.after(done, err)
	}
	switch {
	case !ran:
		h.relay.AwaitBacklog(r.Context())
		w.WriteHeader(http.StatusAccepted)
		return
	case err != nil && (errors.Is(err, ErrSinkUnavailable) || postgres.Retryable(err)):
		slog.WarnContext(r.Context(), "events wait", "error", err)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	case err != nil:
		slog.ErrorContext(r.Context(), "drain the outbox", "error", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for _, s := range h.sweeps {
		s.run(context.WithoutCancel(r.Context()))
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(done) // the caller may have gone
}

// serveDeadLetter answers as a broker understands: 200 for what is recorded, 4xx
// for what the relay did not sign or nobody can read, 503 for what is to be
// delivered again.
func (h *RelayHandler) serveDeadLetter(w http.ResponseWriter, r *http.Request) {
	e, ok := h.signer.Receive(w, r)
	if !ok {
		return
	}
	ctx := r.Context()
	problem := deliveryProblem(e)
	happened, err := Read(*e)
	id, malformed := uuid.Parse(e.ID())
	if err = errors.Join(err, malformed); err != nil {
		slog.ErrorContext(ctx, "dead letter dropped", "event", e.ID(), "type", e.Type(), "problem", problem, "error", err)
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	if err := h.outbox.AddDeadLetter(ctx, id, happened, problem); err != nil {
		status := http.StatusInternalServerError
		if postgres.Retryable(err) {
			status = http.StatusServiceUnavailable
		}
		slog.WarnContext(ctx, "dead letter not recorded", "event", id, "error", err)
		http.Error(w, err.Error(), status)
		return
	}
	h.relay.metrics.returned(ctx, happened.Type())
	slog.ErrorContext(ctx, "event dead-lettered", "event", id, "type", e.Type(), "error", problem)
}

// deliveryProblem is what Knative's broker reports of a failed delivery. See
// "Handling delivery failure" in Knative's documentation for the extension
// attributes.
func deliveryProblem(e *cloudevents.Event) string {
	extensions := e.Extensions()
	return fmt.Sprintf("the broker could not deliver it: %v answered %v", extensions["knativeerrordest"], extensions["knativeerrorcode"])
}

// Ready reports whether the database answers. The sink's state does not count: a
// relay that is not ready would get no timer events, and would not notice that the
// sink is back.
func (h *RelayHandler) Ready(ctx context.Context) error { return h.pool.Ping(ctx) }

// Close releases the connections.
func (h *RelayHandler) Close() {
	h.retry.close()
	h.sink.Close()
	h.pool.Close()
}
