package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// postgresStore keeps pending elicitations in the table elicitations, where every
// instance of the gateway finds them. It has its own SQL because the gateway's role
// may use this one table and nothing else. Times are the database's, since
// instances may differ in theirs.
type postgresStore struct{ pool *pgxpool.Pool }

// open deletes the used row and the oldest beyond maxPending in the same
// transaction. The foreign key refuses a row for a conversation that was erased
// meanwhile.
func (s *postgresStore) open(ctx context.Context, p pending, used string, lifetime time.Duration) error {
	err := s.do(ctx, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(`DELETE FROM elicitations WHERE id = $1`, used)
		batch.Queue(`DELETE FROM elicitations WHERE id IN (SELECT id FROM elicitations ORDER BY opened_at DESC OFFSET $1)`, maxPending-1)
		batch.Queue(`
			INSERT INTO elicitations (id, conversation_id, session, call, request, tool, arguments, form, state, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10)`,
			p.ID, p.Conversation, p.Session, p.Call, p.Request, p.Tool, p.Arguments, p.Form, p.State, lifetime)
		return tx.SendBatch(ctx, batch).Close()
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.ConstraintName == "elicitations_conversation" {
		return errForgotten
	}
	if err != nil {
		return fmt.Errorf("store pending elicitation: %w", err)
	}
	return nil
}

// columns are a pending elicitation's, in the order in which scan reads them.
const columns = `id, conversation_id::text, session, call, request, tool, arguments, form, state, response, shown,
	coalesce(patience, '0'), opened_at, coalesce(responded_at, '-infinity')`

// scan reads the columns.
func scan(row pgx.CollectableRow) (p pending, err error) {
	var response []byte
	var responded pgtype.Timestamptz // infinite until there is a response
	if err := row.Scan(&p.ID, &p.Conversation, &p.Session, &p.Call, &p.Request, &p.Tool, &p.Arguments, &p.Form, &p.State,
		&response, &p.Shown, &p.Patience, &p.OpenedAt, &responded); err != nil {
		return p, err
	}
	p.RespondedAt = responded.Time
	if response != nil {
		err = json.Unmarshal(response, &p.Response)
	}
	return p, err
}

func (s *postgresStore) ofSession(ctx context.Context, session []byte) ([]pending, error) {
	return s.find(ctx, `session = $1`, session)
}

func (s *postgresStore) ofConversation(ctx context.Context, conversation string) ([]pending, error) {
	return s.find(ctx, `conversation_id = $1`, conversation)
}

func (s *postgresStore) find(ctx context.Context, condition string, value any) (found []pending, err error) {
	err = s.do(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			SELECT `+columns+` FROM elicitations WHERE `+condition+` AND expires_at > now() AND conversation_id IS NOT NULL
			ORDER BY opened_at DESC LIMIT $2`, value, maxRead)
		found, err = pgx.CollectRows(rows, scan)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read pending elicitations: %w", err)
	}
	return found, nil
}

// respond keeps the first response: a client that sends another one gets the row
// with the first.
func (s *postgresStore) respond(ctx context.Context, id string, response clientResponse) (p pending, known bool, err error) {
	encoded, err := json.Marshal(response)
	if err != nil {
		return p, false, fmt.Errorf("encode response: %w", err)
	}
	err = s.do(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			UPDATE elicitations SET response = coalesce(response, $2), responded_at = coalesce(responded_at, now()),
			       shown = CASE WHEN response IS NOT NULL THEN shown WHEN now() - opened_at < $3 THEN $4 ELSE $5 END
			WHERE id = $1 AND expires_at > now() AND conversation_id IS NOT NULL
			RETURNING `+columns, id, encoded, elicitation.ShownAfter, response.shown(0), response.shown(elicitation.ShownAfter))
		p, err = pgx.CollectExactlyOneRow(rows, scan)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("store response: %w", err)
	}
	return p, true, nil
}

func (s *postgresStore) giveUp(ctx context.Context, request []byte) error {
	return s.exec(ctx, "note that the client gave up", `
		UPDATE elicitations SET patience = now() - opened_at, shown = CASE WHEN now() - opened_at < $2 THEN false ELSE shown END
		WHERE request = $1 AND response IS NULL AND patience IS NULL`, request, elicitation.ShownAfter)
}

func (s *postgresStore) notShown(ctx context.Context, id string) error {
	return s.exec(ctx, "note that a form was not shown", `UPDATE elicitations SET shown = false WHERE id = $1 AND response IS NULL`, id)
}

// finish keeps rows whose form was not shown, since the next call's choice between
// form and text depends on them.
func (s *postgresStore) finish(ctx context.Context, conversation string) error {
	return s.exec(ctx, "delete used responses", `
		WITH rest AS (UPDATE elicitations SET call = NULL WHERE conversation_id = $1 AND (response IS NULL OR NOT shown))
		DELETE FROM elicitations WHERE conversation_id = $1 AND response IS NOT NULL AND shown`, conversation)
}

func (s *postgresStore) close() { s.pool.Close() }

// exec runs one statement. what names it in an error.
func (s *postgresStore) exec(ctx context.Context, what, statement string, arguments ...any) error {
	err := s.do(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, statement, arguments...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// do runs a transaction that sees the principal's rows.
func (s *postgresStore) do(ctx context.Context, run func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		postgres.BindPrincipal(batch, principal.From(ctx))
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		return run(tx)
	})
}
