package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
)

// database is a PostgreSQL server with the schema and, as in production, with fsync.
type database struct {
	server *embedded.Server
	dir    string
	url    string
}

// startDatabase starts and migrates it. It is a server without the options that tests
// use to be fast: fsync is part of a call's time.
func startDatabase(ctx context.Context, dir string) (*database, error) {
	server, err := embedded.Start(ctx, embedded.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	d := &database{server, dir, server.URL()}
	if err := migrations.Up(ctx, d.url); err != nil {
		return nil, fmt.Errorf("migrate: %w; %w", err, d.stop())
	}
	return d, nil
}

// stop ends the server and removes its data.
func (d *database) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := d.server.Stop(ctx); err != nil {
		return err
	}
	return embedded.Remove(d.dir)
}

// second creates another database with the schema and returns its URL.
// The name is not quoted; it comes from this program.
func (d *database) second(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, d.server.AdminURL())
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" OWNER "+embedded.Role); err != nil {
		return "", fmt.Errorf("create database: %w", err)
	}
	other := inDatabase(d.url, name)
	return other, migrations.Up(ctx, other)
}

// inDatabase is the URL of another database of the same server.
func inDatabase(address, name string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		panic(err) // it came from embedded
	}
	parsed.Path = "/" + name
	return parsed.String()
}

// admin runs statements as the superuser on a database, without checking
// foreign keys row by row; orphans looks for what that could miss.
// The superuser also bypasses row security, so statements see every principal's rows.
func (d *database) admin(ctx context.Context, address string, run func(*pgx.Conn) error) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, inDatabase(d.server.AdminURL(), parsed.Path[1:]))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SET session_replication_role = replica"); err != nil {
		return err
	}
	return run(conn)
}

// settle runs a checkpoint and ANALYZE, so that neither happens during a measurement.
// The name of the database is in address; statistics after a bulk load decide which
// plans PostgreSQL takes.
// VACUUM also sets the hint bits of new rows, which the first reader would have to write.
func (d *database) settle(ctx context.Context, address string) error {
	return d.admin(ctx, address, func(conn *pgx.Conn) error {
		for _, statement := range []string{"VACUUM ANALYZE", "CHECKPOINT"} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// repeats is how often every slot of a generated conversation is answered.
// A million answers then are those of 10,000 conversations.
const repeats = 5

// crowd fills a database with copies of one finished conversation, in each of which
// every slot was answered five times, until it holds that many answers. Copies are
// made in SQL, since a million answers through the service would take hours. They
// have what the service writes for such a conversation; orphans checks their
// references.
func (d *database) crowd(ctx context.Context, address, id string, answers int) error {
	copies := answers / (slots * repeats)
	// Ids grow with time, as those of version 7 do.
	const copied = `(lpad(to_hex(1750000000000 + i * 60000::bigint), 12, '0') || '7' || lpad(to_hex(i % 4096), 3, '0') || '8' || substr(md5(i::text), 1, 15))::uuid`
	shift := fmt.Sprint(slots * (repeats - 1))
	statements := []string{
		`INSERT INTO sessions (principal, id, created_at)
			SELECT principal, (` + copied + `)::text, created_at FROM sessions, generate_series(1, $2::int) i WHERE id = $1`,
		`INSERT INTO conversations (principal, id, session_id, goal, playbook, information_needed, metadata, batch_size, max_questions,
				revision, questions_asked, answers_recorded, stop_reason, opened_by, opened_with_key)
			SELECT principal, ` + copied + `, (` + copied + `)::text, goal, playbook, information_needed, metadata, batch_size, max_questions,
				revision + ` + shift + `, questions_asked, answers_recorded + ` + shift + `, stop_reason, opened_by, opened_with_key
			FROM conversations, generate_series(1, $2::int) i WHERE id = $1::uuid`,
		`INSERT INTO slots (principal, conversation_id, position, key, definition, state, value, words, answers, clarified, confirmed, passed)
			SELECT principal, ` + copied + `, position, key, definition, state, value, words,
				array(SELECT answers[1] + r FROM generate_series(0, ` + shift + `, ` + fmt.Sprint(slots) + `) r), clarified, true, passed
			FROM slots, generate_series(1, $2::int) i WHERE conversation_id = $1::uuid`,
		`INSERT INTO questions (principal, conversation_id, number, slot, purpose, text, reason, bits, open)
			SELECT principal, ` + copied + `, number, slot, purpose, text, reason, bits, open
			FROM questions, generate_series(1, $2::int) i WHERE conversation_id = $1::uuid`,
		`INSERT INTO answers (principal, conversation_id, number, slot, question, outcome, value, words, problem, digest, revision)
			SELECT principal, ` + copied + `, number + r, slot, CASE r WHEN 0 THEN question END, outcome, value, words, problem,
				sha256(digest || int4send(r)), revision + r
			FROM answers, generate_series(1, $2::int) i, generate_series(0, ` + shift + `, ` + fmt.Sprint(slots) + `) r WHERE conversation_id = $1::uuid`,
		`INSERT INTO messages (principal, conversation_id, revision, position, role, content)
			SELECT principal, ` + copied + `, revision + r, 0, 'user', words
			FROM answers, generate_series(1, $2::int) i, generate_series(0, ` + shift + `, ` + fmt.Sprint(slots) + `) r WHERE conversation_id = $1::uuid`,
		`INSERT INTO results (principal, conversation_id, fingerprint, revision, result)
			SELECT principal, ` + copied + `, fingerprint, revision + ` + shift + `, result
			FROM results, generate_series(1, $2::int) i WHERE conversation_id = $1::uuid`,
	}
	group, filling := errgroup.WithContext(ctx)
	// Tables can be filled in any order, because foreign keys are not checked.
	group.SetLimit(4)
	for _, statement := range statements {
		group.Go(func() error {
			return d.admin(filling, address, func(conn *pgx.Conn) error {
				_, err := conn.Exec(filling, statement, id, copies)
				return err
			})
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("fill the store: %w", err)
	}
	return d.orphans(ctx, address)
}

// lengthen extends a conversation with one answered question to n turns, as if its slot had
// been answered repeatedly.
// It keeps what the service would keep: the last answers on the slot and a bounded number of
// results. The id of the conversation does not change.
func (d *database) lengthen(ctx context.Context, address string, ids []string, n int) error {
	if n <= 1 {
		return nil
	}
	return d.admin(ctx, address, func(conn *pgx.Conn) error {
		for _, statement := range []string{
			`INSERT INTO answers (principal, conversation_id, number, slot, question, outcome, value, words, problem, digest, revision)
				SELECT principal, conversation_id, number + r, slot, NULL, outcome, value, words, problem, sha256(digest || int4send(r)), revision + r
				FROM answers, generate_series(1, $2::int - 1) r WHERE conversation_id = ANY($1::uuid[])`,
			`INSERT INTO messages (principal, conversation_id, revision, position, role, content)
				SELECT principal, conversation_id, revision, 0, 'user', words FROM answers WHERE conversation_id = ANY($1::uuid[]) AND $2::int > 0`,
			`WITH last AS (DELETE FROM results WHERE conversation_id = ANY($1::uuid[]) RETURNING *)
				INSERT INTO results (principal, conversation_id, fingerprint, revision, result)
				SELECT principal, conversation_id, substr(sha256(fingerprint || int4send(r)), 1, 16), $2::int + 1 - r, result
				FROM last, generate_series(0, 15) r WHERE revision = 2`,
			`UPDATE slots SET confirmed = true, answers = array(SELECT generate_series($2::int - 7, $2::int))
				WHERE conversation_id = ANY($1::uuid[]) AND answers <> '{}'`,
			`UPDATE conversations SET answers_recorded = $2::int, revision = $2::int + 1 WHERE id = ANY($1::uuid[])`,
		} {
			if _, err := conn.Exec(ctx, statement, ids, n); err != nil {
				return fmt.Errorf("lengthen conversations: %w", err)
			}
		}
		return nil
	})
}

// orphans returns an error if a row references a missing row.
func (d *database) orphans(ctx context.Context, address string) error {
	return d.admin(ctx, address, func(conn *pgx.Conn) error {
		var found int
		err := conn.QueryRow(ctx, `SELECT
			(SELECT count(*) FROM conversations c LEFT JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id WHERE s.id IS NULL) +
			(SELECT count(*) FROM slots t LEFT JOIN conversations c ON c.id = t.conversation_id AND c.principal = t.principal WHERE c.id IS NULL) +
			(SELECT count(*) FROM questions t LEFT JOIN slots s ON s.conversation_id = t.conversation_id AND s.key = t.slot WHERE s.key IS NULL) +
			(SELECT count(*) FROM answers t LEFT JOIN slots s ON s.conversation_id = t.conversation_id AND s.key = t.slot WHERE s.key IS NULL) +
			(SELECT count(*) FROM answers t LEFT JOIN questions q ON q.conversation_id = t.conversation_id AND q.number = t.question WHERE q.number IS NULL AND t.question IS NOT NULL) +
			(SELECT count(*) FROM messages t LEFT JOIN conversations c ON c.id = t.conversation_id AND c.principal = t.principal WHERE c.id IS NULL) +
			(SELECT count(*) FROM results t LEFT JOIN conversations c ON c.id = t.conversation_id AND c.principal = t.principal WHERE c.id IS NULL)`).Scan(&found)
		if err == nil && found > 0 {
			err = fmt.Errorf("%d rows lack the row they refer to", found)
		}
		return err
	})
}
