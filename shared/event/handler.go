package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// RelayHandler takes back dead letters that the relay signed, and drains on every
// other POST: a nudge, or the CloudEvent of a timer. Such a request is not read, so
// that whoever sends it can cause a drain and nothing else; Relay bounds how often.
type RelayHandler struct {
	pool   *pgxpool.Pool
	sink   *Sink
	signer *Signer
	outbox *Outbox
	relay  *Relay
}

// OpenRelay returns a relay as the environment describes it. It connects when
// it is first used.
func OpenRelay() (*RelayHandler, error) {
	var config struct {
		Relay    RelayConfig
		Sink     SinkConfig
		Signing  SigningConfig
		Postgres postgres.Config
	}
	if err := env.Parse(&config); err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
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
	outbox := NewOutbox(pool)
	relay, err := NewRelay(outbox, sink, config.Relay)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &RelayHandler{pool, sink, signer, outbox, relay}, nil
}

// ServeHTTP answers 200 with what was done, 202 when a drain under way sees to
// it, and 503 while the database or the sink is away. A drain goes on when the
// caller leaves.
func (h *RelayHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == DeadLetters {
		h.serveDeadLetter(w, r)
		return
	}
	done, ran, err := h.relay.Drain(context.WithoutCancel(r.Context()))
	switch {
	case !ran:
		w.WriteHeader(http.StatusAccepted)
		return
	case err != nil && (errors.Is(err, ErrSinkAway) || postgres.Retryable(err)):
		slog.WarnContext(r.Context(), "events wait", "error", err)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	case err != nil:
		slog.ErrorContext(r.Context(), "drain the outbox", "error", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(done) // the caller may be gone
}

// Ready reports whether the database answers.
func (h *RelayHandler) Ready(ctx context.Context) error { return h.pool.Ping(ctx) }

// Close releases the connections.
func (h *RelayHandler) Close() {
	h.sink.Close()
	h.pool.Close()
}
