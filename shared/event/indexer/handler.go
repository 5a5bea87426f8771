package indexer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Handler indexes the relay's CloudEvents received over HTTP, structured or binary. It
// owns its connections: Close it after the HTTP server has shut down.
type Handler struct {
	store   *store.Store
	signer  *delivery.Signer
	memory  *memory.Memory
	indexer *Indexer
	indexed func(event.Event) // nil for none
}

// Open returns an indexer as the environment describes it. It connects when it
// is first used. Without Qdrant it keeps statistics alone.
func Open() (*Handler, error) {
	var config struct {
		Signing  delivery.SigningConfig
		Memory   memory.Settings
		Postgres postgres.Config
	}
	if err := settings.Parse(&config); err != nil {
		return nil, err
	}
	signer, err := delivery.NewSigner(config.Signing)
	if err != nil {
		return nil, err
	}
	m, err := config.Memory.Open()
	if err != nil {
		return nil, err
	}
	pool, err := postgres.Open(context.Background(), config.Postgres)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	s := store.New(pool)
	return &Handler{store: s, signer: signer, memory: m, indexer: New(s, m)}, nil
}

// ServeHTTP answers as a broker understands: 200 for what has been processed, now
// or before, 403 for what the relay did not sign, 400 and 422 for what never can
// be, 503 and 500 for what is to be delivered again. A broker repeats what was
// answered with 5xx, with its own backoff, and sends it to the relay's dead letters
// when it gives up.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, ok := h.signer.Receive(w, r)
	if !ok {
		return
	}
	var refused *delivery.Refused
	if errors.As(h.Publish(r.Context(), *e), &refused) {
		http.Error(w, refused.Body, refused.Status)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// Publish processes an event of a relay in the same process. It is what ServeHTTP
// does, without the signature: every error is a *delivery.Refused.
func (h *Handler) Publish(ctx context.Context, e cloudevents.Event) error {
	_, err := h.indexer.Index(ctx, e)
	if err == nil {
		if h.indexed != nil {
			if read, err := delivery.Read(e); err == nil {
				h.indexed(read)
			}
		}
		return nil
	}
	status := statusOf(ctx, err)
	level := slog.LevelWarn
	if status != http.StatusServiceUnavailable {
		level = slog.LevelError
	}
	slog.Log(ctx, level, "event not processed", "id", e.ID(), "type", e.Type(), "error", err)
	return &delivery.Refused{Status: status, Body: err.Error()}
}

// Consume processes events that wait in the outbox of the indexer's database, and
// deletes them there. After an error, publish each.
func (h *Handler) Consume(ctx context.Context, waiting []delivery.Entry) ([]delivery.Entry, error) {
	processed, events, err := h.indexer.Consume(ctx, waiting)
	for _, e := range events {
		if h.indexed != nil {
			h.indexed(e)
		}
	}
	return processed, err
}

// OnIndexed has f called with each event that was processed, now or before. Call it
// before the first event.
func (h *Handler) OnIndexed(f func(event.Event)) { h.indexed = f }

// statusOf is 503 where the caller left, as a killed relay does: it delivers the
// event again, and nothing is wrong.
func statusOf(ctx context.Context, err error) int {
	switch {
	case errors.Is(err, ErrInvalid), errors.Is(err, event.ErrUnknownType):
		return http.StatusUnprocessableEntity
	case errors.Is(err, qdrant.ErrUnavailable), postgres.Retryable(err), ctx.Err() != nil:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Ready reports whether the database answers. Memory may come later.
func (h *Handler) Ready(ctx context.Context) error { return h.store.Ping(ctx) }

// Close releases the connections.
func (h *Handler) Close() {
	h.store.Close()
	if err := h.memory.Close(); err != nil {
		slog.Warn("close memory", "error", err)
	}
}
