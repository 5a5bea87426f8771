package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// replay replays a recorded transaction for another conversation and checks that every
// statement has the recorded effect. It reads and drops rows.
// Round trips are replayed one by one, because the service also waits for each before it
// sends the next.
func (t *tape) replay(ctx context.Context, conn *pgx.Conn, trips []roundTrip, id string) error {
	for _, trip := range trips {
		if !trip.batch {
			s := trip.statements[0]
			tag, err := conn.Exec(ctx, s.sql, t.argsFor(s, id)...)
			if err := s.check(tag.String(), err); err != nil {
				return err
			}
			continue
		}
		batch := &pgx.Batch{}
		for _, s := range trip.statements {
			batch.Queue(s.sql, t.argsFor(s, id)...)
		}
		if err := send(ctx, conn, batch, trip.statements); err != nil {
			return err
		}
	}
	return nil
}

// send sends a batch and checks each statement's effect.
// It works on a connection and within a transaction. The deferred
// Close is for early returns; the last one reports what comes after the last statement.
func send(ctx context.Context, conn interface {
	SendBatch(context.Context, *pgx.Batch) pgx.BatchResults
}, batch *pgx.Batch, statements []statement) error {
	results := conn.SendBatch(ctx, batch)
	defer results.Close()
	for _, s := range statements {
		tag, err := results.Exec()
		if err := s.check(tag.String(), err); err != nil {
			return err
		}
	}
	return results.Close()
}

// bounds reports a statement that begins or ends a transaction.
// stock drops those when it puts many conversations into one transaction.
func (s statement) bounds() bool {
	word, _, _ := strings.Cut(strings.ToLower(s.sql), " ")
	return word == "begin" || word == "commit" || word == "rollback"
}

// check compares the command tag, which has the number of rows: a replay that does
// less work than the service would be no baseline.
func (s statement) check(tag string, err error) error {
	if err == nil && tag != s.tag {
		err = fmt.Errorf("it returned %q; %q was recorded", tag, s.tag)
	}
	if err != nil {
		return fmt.Errorf("replay %.60q: %w", s.sql, err)
	}
	return nil
}

// argsFor replaces the conversation's id and its events' ids. In a stored result, which is
// not read, the old id stays: it has the same length.
// Other arguments are passed on as they are: copying them would be work that the service does
// not do here either.
func (t *tape) argsFor(s statement, id string) []any {
	args := make([]any, len(s.args))
	for i, arg := range s.args {
		switch arg := arg.(type) {
		case string:
			if arg == t.id {
				args[i] = id
				continue
			}
		case [][16]byte:
			args[i] = t.idsFor(arg, id)
			continue
		}
		args[i] = arg
	}
	return args
}

// idsFor gives events new ids, since the outbox takes each id once.
// An array of ids may contain the conversation's own as well.
func (t *tape) idsFor(recorded [][16]byte, id string) [][16]byte {
	ids := make([][16]byte, len(recorded))
	for i, r := range recorded {
		if uuid.UUID(r).String() == t.id {
			ids[i] = uuid.MustParse(id)
		} else {
			ids[i] = uuid.Must(uuid.NewV7())
		}
	}
	return ids
}

// bare opens a pool like the functions', without tracing. It is the least that any
// program needs to send the same statements, and so the lower bound that the
// functions are compared with.
func bare(ctx context.Context, url string, connections int) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(connections)
	// Limits as the functions set them, so that the server does the same for both.
	config.ConnConfig.RuntimeParams["statement_timeout"] = "5000"
	config.ConnConfig.RuntimeParams["lock_timeout"] = "3000"
	return pgxpool.NewWithConfig(ctx, config)
}

// stock opens conversations for the measurements by replay, which is fast. Each
// conversation is used by one worker, from its first answer to its last. It is safe for
// concurrent use.
//
// A conversation is used up by as many answers as it has slots, so a measurement must say
// before it starts how many it needs at most.
type stock struct {
	tape *tape
	pool *pgxpool.Pool

	mu  sync.Mutex
	ids []string
}

// newStock has a small pool of its own, so that filling the stock between slices leaves
// the measured pools as they are.
func newStock(ctx context.Context, url string, t *tape) (*stock, error) {
	pool, err := bare(ctx, url, 2)
	if err != nil {
		return nil, err
	}
	return &stock{tape: t, pool: pool}, nil
}

// close ends the stock's own pool; its conversations stay in the store.
func (s *stock) close() { s.pool.Close() }

// age gives a new database what one in use has in every table: conversations of the stock, and
// others that are answered but for one slot: those that complete would change by their
// statistics what is asked.
func (s *stock) age(ctx context.Context) error {
	if err := s.fill(ctx, stocked); err != nil {
		return err
	}
	_, err := s.open(ctx, answered, slots-1)
	return err
}

// settled ages a new database and has it gather statistics, before anything plans its
// statements on it: see setUp.
func (s *stock) settled(ctx context.Context) error {
	if err := s.age(ctx); err != nil {
		return err
	}
	_, err := s.pool.Exec(ctx, "VACUUM ANALYZE")
	return err
}

// server returns the process id of the stock's PostgreSQL: the parent of a connection's.
func (s *stock) server(ctx context.Context) (int, error) {
	var connection int
	if err := s.pool.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&connection); err != nil {
		return 0, err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", connection))
	if err != nil {
		return 0, nil // no Linux, where cpu is zero
	}
	_, parent, _ := strings.Cut(string(status), "PPid:")
	return strconv.Atoi(strings.Fields(parent)[0])
}

// fill fills the stock up to n newly opened conversations.
// Not during a measurement: it uses the database too.
func (s *stock) fill(ctx context.Context, n int) error {
	ids, err := s.open(ctx, n-len(s.ids), 0)
	s.ids = append(s.ids, ids...)
	return err
}

// take returns a conversation that no other caller gets.
// Running out is an error rather than a reason to open one: that would be measured.
func (s *stock) take() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ids) == 0 {
		return "", fmt.Errorf("no conversations left: there were more calls than planned")
	}
	id := s.ids[len(s.ids)-1]
	s.ids = s.ids[:len(s.ids)-1]
	return id, nil
}

// open opens n conversations in which the first questions are answered. Twenty
// conversations share a transaction: opening them is no part of any figure.
func (s *stock) open(ctx context.Context, n, answered int) ([]string, error) {
	const together = 20
	var ids []string
	for len(ids) < n {
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			for range min(together, n-len(ids)) {
				id, err := uuid.NewV7()
				if err != nil {
					return err
				}
				if err := s.play(ctx, tx, id.String(), answered); err != nil {
					return err
				}
				ids = append(ids, id.String())
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("open conversations: %w", err)
		}
	}
	return ids, nil
}

// play replays the start of the tape within a transaction. The binding of the principal
// is in the first statements, so it holds within the transaction too.
// Statements that begin or end a transaction are left out. Unlike in a measured replay, the
// id is also replaced within results and events, because these conversations are read by the
// service and the indexer.
func (s *stock) play(ctx context.Context, tx pgx.Tx, id string, answered int) error {
	batch := &pgx.Batch{}
	var sent []statement
	queue := func(trips []roundTrip) {
		for _, trip := range trips {
			for _, st := range trip.statements {
				if st.bounds() {
					continue
				}
				args := s.tape.argsFor(st, id)
				for i, arg := range args {
					switch arg := arg.(type) {
					case []byte:
						args[i] = bytes.ReplaceAll(arg, []byte(s.tape.id), []byte(id))
					case []string: // events among them
						args[i] = strings.Split(strings.ReplaceAll(strings.Join(arg, "\x00"), s.tape.id, id), "\x00")
					}
				}
				batch.Queue(st.sql, args...)
				sent = append(sent, st)
			}
		}
	}
	queue(s.tape.opening)
	for _, t := range s.tape.turns[:answered] {
		queue(t.trips)
	}
	return send(ctx, tx, batch, sent)
}

// verify replays a whole conversation bare and compares what is stored with what
// the service had stored. It runs before anything is measured: a baseline that
// stores something else proves nothing. Columns that differ by nature (times, ids,
// results) are left out.
func (s *stock) verify(ctx context.Context) error {
	ids, err := s.open(ctx, 1, 0)
	if err != nil {
		return err
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	for _, t := range s.tape.turns {
		if err := s.tape.replay(ctx, conn.Conn(), t.trips, ids[0]); err != nil {
			return err
		}
	}
	for _, table := range []string{"conversations", "slots", "questions", "answers", "messages", "results"} {
		key, dropped := "conversation_id", "conversation_id"
		if table == "conversations" {
			key, dropped = "id", "id"
		}
		for _, volatile := range []string{"session_id", "created_at", "updated_at", "asked_at", "answered_at", "at", "result"} {
			dropped += "," + volatile
		}
		digest := func(id string) (sum string, err error) {
			err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "SELECT set_config('app.principal', 'local', true)"); err != nil {
					return err
				}
				return tx.QueryRow(ctx, `SELECT coalesce(md5(string_agg(row, '|' ORDER BY row)), '') FROM
					(SELECT (to_jsonb(t) - string_to_array($2, ','))::text AS row FROM `+table+` t WHERE `+key+` = $1) rows`, id, dropped).Scan(&sum)
			})
			return sum, err
		}
		recorded, err := digest(s.tape.id)
		if err != nil {
			return err
		}
		replayed, err := digest(ids[0])
		if err != nil {
			return err
		}
		if recorded == "" && table != "messages" { // answers by number bring none
			return fmt.Errorf("%s were not found", table)
		}
		if recorded != replayed {
			return fmt.Errorf("%s differ", table)
		}
	}
	return nil
}

// bareSide makes the calls of the tape with pgx only. Each worker has a conversation of
// its own, as on the other side.
// It holds a connection only for a call's statements, as the functions do.
type bareSide struct {
	tape    *tape
	stock   *stock
	pool    *pgxpool.Pool
	current []place
}

// place is one worker's position in its conversation.
type place struct {
	id   string
	turn int
}

// next moves to the next turn, or to a new conversation after the last turn.
func (p *place) next(s *stock) (turn, error) {
	if p.id == "" || p.turn == len(s.tape.turns) {
		id, err := s.take()
		if err != nil {
			return turn{}, err
		}
		*p = place{id: id}
	}
	p.turn++
	return s.tape.turns[p.turn-1], nil
}

// step answers one question by its statements alone.
// Waiting for a connection counts, since a call of the service waits for one too.
func (b *bareSide) step(ctx context.Context, worker int) (time.Duration, error) {
	at := &b.current[worker]
	turn, err := at.next(b.stock)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	conn, err := b.pool.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	err = b.tape.replay(ctx, conn.Conn(), turn.trips, at.id)
	conn.Release()
	return time.Since(began), err
}
