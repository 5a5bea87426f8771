package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// relay carries answers between instances of the gateway through PostgreSQL.
// A row lives as long as a call waits for it.
type relay struct{ pool *pgxpool.Pool }

// closeTimeout bounds how long a call's end waits for its row to go.
const closeTimeout = 2 * time.Second

// open makes the row, and removes those of the principal that nobody closed.
func (r *relay) open(ctx context.Context, id string, until time.Time) error {
	err := r.do(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM elicitations WHERE expires_at < now()`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO elicitations (id, expires_at) VALUES ($1, $2)`, id, until)
		return err
	})
	if err != nil {
		return fmt.Errorf("open relay: %w", err)
	}
	return nil
}

// deliver stores the answer, the first that comes. It returns false when no
// such row waits.
func (r *relay) deliver(ctx context.Context, id string, answer clientResponse) (known bool, err error) {
	encoded, err := json.Marshal(answer)
	if err != nil {
		return false, fmt.Errorf("encode answer: %w", err)
	}
	err = r.do(ctx, func(tx pgx.Tx) error {
		stored, err := tx.Exec(ctx, `
			UPDATE elicitations SET response = coalesce(response, $2) WHERE id = $1 AND expires_at > now()`, id, encoded)
		known = stored.RowsAffected() == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("relay answer: %w", err)
	}
	return known, nil
}

// answer returns the answer if it has come.
func (r *relay) answer(ctx context.Context, id string) (answer clientResponse, found bool, err error) {
	var stored []byte
	err = r.do(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT response FROM elicitations WHERE id = $1 AND response IS NOT NULL`, id).Scan(&stored)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return answer, false, nil
	}
	if err == nil {
		err = json.Unmarshal(stored, &answer)
	}
	if err != nil {
		return answer, false, fmt.Errorf("read relay: %w", err)
	}
	return answer, true, nil
}

// close removes the row. Where that fails, it goes when it has expired.
func (r *relay) close(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	if err := r.do(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM elicitations WHERE id = $1`, id)
		return err
	}); err != nil {
		slog.WarnContext(ctx, "relay cannot be closed", "error", err)
	}
}

// do runs a transaction that sees the principal's rows.
func (r *relay) do(ctx context.Context, run func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('app.principal', $1, true)`, principal.From(ctx)); err != nil {
			return err
		}
		return run(tx)
	})
}
