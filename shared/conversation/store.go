package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// record is a conversation as stored, with the interview it holds.
type record struct {
	id         string
	sessionID  string
	userID     *string
	goal       string
	playbook   *string
	needed     []byte
	revision   int
	stopReason *string
	interview  *questioning.Interview
}

// replay is the stored result of an earlier call.
type replay struct {
	revision int
	result   []byte
}

// errConflict says that the conversation moved on meanwhile.
var errConflict = errors.New("the conversation was changed by another call")

// bind makes the rows of the context's principal, and no others, visible to
// the transaction.
func bind(ctx context.Context, batch *pgx.Batch) {
	batch.Queue("SELECT set_config('app.principal', $1, true)", principal.From(ctx))
}

const selectConversation = `
	SELECT c.id::text, c.session_id, s.user_id, c.goal, c.playbook, c.information_needed, c.batch_size,
	       c.max_questions, c.revision, c.questions_asked, c.answers_recorded, c.stop_reason
	FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
	WHERE c.id = $1`

const (
	lockConversation = selectConversation + ` FOR NO KEY UPDATE OF c`
	selectSlots      = `
	SELECT definition, state, value, coalesce(words, ''), answers, clarified, confirmed, passed
	FROM slots WHERE conversation_id = $1 ORDER BY position`
	selectOpen = `
	SELECT number, slot, purpose, text, reason, bits
	FROM questions WHERE conversation_id = $1 AND open ORDER BY number`
	selectCall = `
	SELECT revision, result FROM calls WHERE conversation_id = $1 AND fingerprint = $2`
)

// load reads a conversation and, given a fingerprint, what that call returned
// before. With a fingerprint the conversation is locked until the transaction
// ends. It returns pgx.ErrNoRows when there is no such conversation.
func load(ctx context.Context, tx pgx.Tx, id string, fingerprint []byte) (*record, *replay, error) {
	batch := &pgx.Batch{}
	bind(ctx, batch)
	if fingerprint != nil {
		batch.Queue(lockConversation, id)
	} else {
		batch.Queue(selectConversation, id)
	}
	batch.Queue(selectSlots, id)
	batch.Queue(selectOpen, id)
	if fingerprint != nil {
		batch.Queue(selectCall, id, fingerprint)
	}
	results := tx.SendBatch(ctx, batch)
	defer results.Close()
	if _, err := results.Exec(); err != nil {
		return nil, nil, err
	}
	rec := &record{}
	iv := &questioning.Interview{}
	if err := results.QueryRow().Scan(&rec.id, &rec.sessionID, &rec.userID, &rec.goal, &rec.playbook, &rec.needed,
		&iv.Limits.BatchSize, &iv.Limits.MaxQuestions, &rec.revision, &iv.Asked, &iv.Answered, &rec.stopReason); err != nil {
		return nil, nil, err
	}
	iv.Goal, rec.interview = rec.goal, iv
	if err := scanSlots(results, iv); err != nil {
		return nil, nil, fmt.Errorf("read slots: %w", err)
	}
	rows, _ := results.Query()
	open, err := pgx.CollectRows(rows, pgx.RowToStructByPos[questioning.Question])
	if err != nil {
		return nil, nil, fmt.Errorf("read open questions: %w", err)
	}
	iv.Open = open
	if fingerprint == nil {
		return rec, nil, results.Close()
	}
	var call replay
	switch err := results.QueryRow().Scan(&call.revision, &call.result); {
	case errors.Is(err, pgx.ErrNoRows):
		return rec, nil, results.Close()
	case err != nil:
		return nil, nil, fmt.Errorf("read earlier call: %w", err)
	}
	return rec, &call, results.Close()
}

func scanSlots(results pgx.BatchResults, iv *questioning.Interview) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var slot questioning.Slot
		var standing questioning.Standing
		var definition, value []byte
		if err := rows.Scan(&definition, &standing.State, &value, &standing.Words, &standing.Answers,
			&standing.Clarified, &standing.Confirmed, &standing.Passed); err != nil {
			return err
		}
		if err := json.Unmarshal(definition, &slot); err != nil {
			return fmt.Errorf("definition: %w", err)
		}
		if value != nil {
			if err := json.Unmarshal(value, &standing.Value); err != nil {
				return fmt.Errorf("value: %w", err)
			}
		}
		iv.Slots = append(iv.Slots, slot)
		iv.Standings = append(iv.Standings, standing)
	}
	return rows.Err()
}

// askedBefore returns the slot of each of the numbered questions that was put.
func askedBefore(ctx context.Context, tx pgx.Tx, id string, numbers []int) (map[int]string, error) {
	rows, _ := tx.Query(ctx, `SELECT number, slot FROM questions WHERE conversation_id = $1 AND number = ANY($2)`, id, numbers)
	slots := map[int]string{}
	var number int
	var slot string
	if _, err := pgx.ForEachRow(rows, []any{&number, &slot}, func() error {
		slots[number] = slot
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read questions: %w", err)
	}
	return slots, nil
}

// saidBefore returns those of the digests that the conversation holds.
func saidBefore(ctx context.Context, tx pgx.Tx, id string, digests [][]byte) (map[string]bool, error) {
	rows, _ := tx.Query(ctx, `SELECT digest FROM answers WHERE conversation_id = $1 AND digest = ANY($2)`, id, digests)
	found, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	known := make(map[string]bool, len(found))
	for _, d := range found {
		known[string(d)] = true
	}
	return known, nil
}

// change is what one call adds to a conversation.
type change struct {
	before      *questioning.Interview // as loaded
	answers     []answer
	messages    []Message
	fingerprint []byte
	batch       questioning.Batch
	completed   bool // by this change
	result      []byte
}

// answer is an answer to be stored, with the digest that makes it unique.
type answer struct {
	questioning.Answer
	digest []byte
}

// keptCalls is how many results a conversation keeps for repeated calls.
const keptCalls = 16

// advance stores a change and moves the conversation to rec's revision from
// the one before it, or returns errConflict.
func (rec *record) advance(ctx context.Context, tx pgx.Tx, c change) error {
	iv := rec.interview
	var stop *string
	if c.batch.Stop != nil {
		reason := string(c.batch.Stop.Reason)
		stop = &reason
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		UPDATE conversations
		SET revision = $2 + 1, questions_asked = $3, answers_recorded = $4, stop_reason = $5, updated_at = now(),
		    opened_by = CASE WHEN opened_with_key THEN opened_by END
		WHERE id = $1 AND revision = $2`, rec.id, rec.revision-1, iv.Asked, iv.Answered, stop,
	).Exec(func(moved pgconn.CommandTag) error {
		if moved.RowsAffected() != 1 {
			return errConflict
		}
		return nil
	})
	if err := queueSlots(batch, rec.id, c.before, iv); err != nil {
		return err
	}
	queueClosed(batch, rec.id, c.before.Open, iv.Open)
	queueQuestions(batch, rec.id, iv.Open[len(iv.Open)-c.batch.New:])
	for _, a := range c.answers {
		if err := queueAnswer(batch, rec.id, rec.revision, a); err != nil {
			return err
		}
	}
	queueMessages(batch, rec.id, rec.revision, c.messages)
	queueCall(batch, rec.id, rec.revision, c.fingerprint, c.result)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store change: %w", err)
	}
	return nil
}

func queueSlots(batch *pgx.Batch, id string, before, after *questioning.Interview) error {
	for i := range after.Standings {
		s := after.Standings[i]
		if reflect.DeepEqual(before.Standings[i], s) {
			continue
		}
		value, err := encode(s.Value)
		if err != nil {
			return err
		}
		batch.Queue(`
			UPDATE slots SET state = $3, value = $4, words = $5, answers = $6, clarified = $7, confirmed = $8, passed = $9
			WHERE conversation_id = $1 AND position = $2`,
			id, i, s.State, value, s.Words, s.Answers, s.Clarified, s.Confirmed, s.Passed)
	}
	return nil
}

func queueClosed(batch *pgx.Batch, id string, before, after []questioning.Question) {
	still := map[int]bool{}
	for _, q := range after {
		still[q.Number] = true
	}
	var closed []int
	for _, q := range before {
		if !still[q.Number] {
			closed = append(closed, q.Number)
		}
	}
	if len(closed) > 0 {
		batch.Queue(`UPDATE questions SET open = false WHERE conversation_id = $1 AND number = ANY($2)`, id, closed)
	}
}

func queueQuestions(batch *pgx.Batch, id string, questions []questioning.Question) {
	for _, q := range questions {
		batch.Queue(`INSERT INTO questions (conversation_id, number, slot, purpose, text, reason, bits) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			id, q.Number, q.Slot, q.Purpose, q.Text, q.Reason, q.Bits)
	}
}

func queueAnswer(batch *pgx.Batch, id string, revision int, a answer) error {
	value, err := encode(a.Value)
	if err != nil {
		return err
	}
	var question *int
	if a.Question > 0 {
		question = &a.Question
	}
	var problem *string
	if a.Problem != "" {
		problem = &a.Problem
	}
	batch.Queue(`
		INSERT INTO answers (conversation_id, number, slot, question, outcome, value, words, problem, digest, revision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		id, a.Number, a.Slot, question, a.Outcome, value, a.Words, problem, a.digest, revision)
	return nil
}

func queueMessages(batch *pgx.Batch, id string, revision int, messages []Message) {
	for i, m := range messages {
		batch.Queue(`INSERT INTO messages (conversation_id, revision, position, role, content, sent_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, revision, i, m.Role, m.Content, m.Timestamp)
	}
}

func queueCall(batch *pgx.Batch, id string, revision int, fingerprint, result []byte) {
	batch.Queue(`
		INSERT INTO calls (conversation_id, fingerprint, revision, result) VALUES ($1, $2, $3, $4)
		ON CONFLICT (conversation_id, fingerprint) DO UPDATE SET revision = excluded.revision, result = excluded.result`,
		id, fingerprint, revision, result)
	batch.Queue(`DELETE FROM calls WHERE conversation_id = $1 AND revision <= $2`, id, revision-keptCalls)
}

// opening is what a new conversation starts from.
type opening struct {
	record
	userID       string
	metadata     []byte
	batchSize    int
	maxQuestions int
	openedBy     []byte // nil when the caller cannot be told from another
	withKey      bool
	turn         *Turn
	change
}

// open stores a new conversation at revision 1. It returns false, having
// stored nothing, when an identical call opened one that this caller can join.
func (o *opening) open(ctx context.Context, tx pgx.Tx) (bool, error) {
	var user *string
	if o.userID != "" {
		user = &o.userID
	}
	batch := &pgx.Batch{}
	bind(ctx, batch)
	batch.Queue(`INSERT INTO sessions (id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, o.sessionID, user)
	batch.Queue(`SELECT user_id FROM sessions WHERE id = $1`, o.sessionID)
	batch.Queue(`
		INSERT INTO conversations (id, session_id, goal, playbook, information_needed, metadata, batch_size, max_questions,
		                           questions_asked, stop_reason, opened_by, opened_with_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (principal, opened_by) DO NOTHING`,
		o.id, o.sessionID, o.goal, o.playbook, o.needed, o.metadata, o.batchSize, o.maxQuestions,
		o.interview.Asked, o.stopReason, o.openedBy, o.withKey)
	results := tx.SendBatch(ctx, batch)
	defer results.Close()
	for range 2 {
		if _, err := results.Exec(); err != nil {
			return false, fmt.Errorf("open session: %w", err)
		}
	}
	var owner *string
	if err := results.QueryRow().Scan(&owner); err != nil {
		return false, fmt.Errorf("read session: %w", err)
	}
	if user != nil && (owner == nil || *owner != *user) {
		return false, errForeignSession
	}
	inserted, err := results.Exec()
	if err != nil {
		return false, fmt.Errorf("open conversation: %w", err)
	}
	if inserted.RowsAffected() == 0 {
		return false, results.Close()
	}
	if err := results.Close(); err != nil {
		return false, err
	}
	batch = &pgx.Batch{}
	for i, slot := range o.interview.Slots {
		if err := queueSlot(batch, o.id, i, slot, o.interview.Standings[i]); err != nil {
			return false, err
		}
	}
	queueQuestions(batch, o.id, o.interview.Open)
	queueMessages(batch, o.id, 1, o.messages)
	queueCall(batch, o.id, 1, o.fingerprint, o.result)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return false, fmt.Errorf("store conversation: %w", err)
	}
	return true, nil
}

// errForeignSession says that a session belongs to somebody else.
var errForeignSession = errors.New("the session belongs to another user")

func queueSlot(batch *pgx.Batch, id string, position int, slot questioning.Slot, s questioning.Standing) error {
	definition, err := json.Marshal(slot)
	if err != nil {
		return fmt.Errorf("encode slot %s: %w", slot.Key, err)
	}
	value, err := encode(s.Value)
	if err != nil {
		return err
	}
	batch.Queue(`INSERT INTO slots (conversation_id, position, key, definition, state, value, words) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, position, slot.Key, definition, s.State, value, s.Words)
	return nil
}

// openedBefore returns the result of the identical opening call, or nil when
// it was another call under the same key.
func openedBefore(ctx context.Context, tx pgx.Tx, openedBy, fingerprint []byte) ([]byte, error) {
	var result []byte
	err := tx.QueryRow(ctx, `
		SELECT k.result FROM conversations c JOIN calls k ON k.conversation_id = c.id
		WHERE c.opened_by = $1 AND k.fingerprint = $2`, openedBy, fingerprint).Scan(&result)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return result, err
}

// citation is one stored answer with the question it answers.
type citation struct {
	Number       int
	Slot         string
	Question     int
	QuestionText string
	Outcome      questioning.Outcome
	Words        string
	AnsweredAt   time.Time
}

// citations returns the numbered answers.
func citations(ctx context.Context, tx pgx.Tx, id string, numbers []int) ([]citation, error) {
	rows, _ := tx.Query(ctx, `
		SELECT a.number, a.slot, coalesce(a.question, 0), coalesce(q.text, ''), a.outcome, a.words, a.answered_at
		FROM answers a LEFT JOIN questions q ON q.conversation_id = a.conversation_id AND q.number = a.question
		WHERE a.conversation_id = $1 AND a.number = ANY($2) ORDER BY a.number`, id, numbers)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[citation])
	if err != nil {
		return nil, fmt.Errorf("read cited answers: %w", err)
	}
	return all, nil
}

// encode returns a value as JSON, and nil for none.
func encode(value any) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode value: %w", err)
	}
	return data, nil
}
