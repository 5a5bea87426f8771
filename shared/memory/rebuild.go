package memory

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
)

// Rebuilt is how far a rebuild is.
type Rebuilt struct {
	Conversations int // read from Postgres
	Answers       int // written to Qdrant
	Stale         int // points looked at again because Postgres no longer had them
}

const (
	rebuildPage = 100
	stalePage   = 1000
)

// Rebuild writes memory anew from Postgres, page by page, and then removes what
// Postgres does not have. It may run while answers come in and are forgotten.
// progress, which may be nil, is called after each page.
func (m *Memory) Rebuild(ctx context.Context, pool *pgxpool.Pool, progress func(Rebuilt)) (Rebuilt, error) {
	if m.client == nil {
		return Rebuilt{}, ErrNotConfigured
	}
	r := rebuild{memory: m, pool: pool, mark: uuid.NewString(), progress: progress}
	if err := r.write(ctx); err != nil {
		return r.done, err
	}
	return r.done, r.sweep(ctx)
}

// Drop removes the whole collection, to be made anew by the next call: when
// what a point holds has changed, as with another model's dimensions.
func (m *Memory) Drop(ctx context.Context) error {
	if m.client == nil {
		return ErrNotConfigured
	}
	m.ensured.reset()
	if err := m.client.Drop(ctx, collection); err != nil {
		return fmt.Errorf("drop memory: %w", err)
	}
	return nil
}

// rebuild marks what it writes, so that the rest can be told.
type rebuild struct {
	memory   *Memory
	pool     *pgxpool.Pool
	mark     string
	progress func(Rebuilt)
	done     Rebuilt
}

func (r *rebuild) write(ctx context.Context) error {
	after := uuid.Nil.String()
	for {
		page, last, err := r.page(ctx, after)
		if err != nil {
			return err
		}
		if last == "" {
			return nil
		}
		for principal, ids := range page {
			n, err := r.writeOf(ctx, principal, ids)
			if err != nil {
				return err
			}
			r.done.Conversations += len(ids)
			r.done.Answers += n
		}
		r.report()
		after = last
	}
}

func (r *rebuild) report() {
	if r.progress != nil {
		r.progress(r.done)
	}
}

// page returns the next conversations by principal, and the last of them.
func (r *rebuild) page(ctx context.Context, after string) (page map[string][]string, last string, err error) {
	page = map[string][]string{}
	err = pgx.BeginTxFunc(ctx, r.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('app.role', 'eventing', true)`); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `SELECT principal, id::text FROM conversations WHERE id > $1 ORDER BY id LIMIT $2`, after, rebuildPage)
		var principal, id string
		_, err := pgx.ForEachRow(rows, []any{&principal, &id}, func() error {
			page[principal], last = append(page[principal], id), id
			return nil
		})
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("read conversations: %w", err)
	}
	return page, last, nil
}

// writeOf writes what conversations of one principal hold.
func (r *rebuild) writeOf(ctx context.Context, principal string, conversations []string) (written int, err error) {
	err = pgx.BeginTxFunc(ctx, r.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		held, err := hold(ctx, tx, principal, conversations)
		if err != nil || len(held) == 0 {
			return err
		}
		items, err := answered(ctx, tx, held, nil)
		if err != nil {
			return err
		}
		written = len(items)
		return r.memory.put(ctx, items, r.mark)
	})
	return written, err
}

// sweep looks at what this rebuild has not written: what Postgres no longer
// has goes, what was answered meanwhile stays.
func (r *rebuild) sweep(ctx context.Context) error {
	seen := map[string]bool{}
	for {
		hits, err := r.memory.client.Scroll(ctx, collection, qdrant.Filter{MustNot: map[string]string{byRebuild: r.mark}}, stalePage)
		if errors.Is(err, qdrant.ErrNoCollection) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for what is stale: %w", err)
		}
		fresh := 0
		for _, hit := range hits {
			if seen[hit.ID] {
				continue
			}
			seen[hit.ID] = true
			fresh++
			r.done.Stale++
			if err := r.again(ctx, hit); err != nil {
				return err
			}
		}
		if fresh == 0 {
			return nil
		}
		r.report()
	}
}

// again writes or removes one point.
func (r *rebuild) again(ctx context.Context, hit qdrant.Hit) error {
	principal, conversation, slot := text(hit, byPrincipal), text(hit, byConversation), text(hit, bySlot)
	return pgx.BeginTxFunc(ctx, r.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		held, err := hold(ctx, tx, principal, []string{conversation})
		if err != nil {
			return err
		}
		if len(held) == 0 {
			return r.memory.Forget(ctx, principal, conversation)
		}
		items, err := answered(ctx, tx, held, []string{slot})
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return r.memory.forgetSlots(ctx, principal, conversation, []string{slot})
		}
		return r.memory.put(ctx, items, r.mark)
	})
}
