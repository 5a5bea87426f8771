package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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
	form       string // what conversations for the same information share
	revision   int
	stopReason *string
	interview  *questioning.State
}

// replay is the stored result of an earlier call.
type replay struct {
	revision int
	result   []byte
}

// errConflict says that the conversation moved on meanwhile.
var errConflict = errors.New("the conversation was changed by another call")

// bind makes the rows of the context's principal, and no others, visible to
// the transaction. Row security sees to it; what finds a conversation asks for
// the principal all the same, for roles that row security does not bind.
func bind(ctx context.Context, batch *pgx.Batch) {
	batch.Queue("SELECT set_config('app.principal', $1, true)", principal.From(ctx))
}

const selectConversation = `
	SELECT c.id::text, c.session_id, s.user_id, c.goal, c.playbook, c.information_needed, c.batch_size,
	       c.max_questions, c.revision, c.questions_asked, c.answers_recorded, c.stop_reason, coalesce(c.form, ''),
	       coalesce(c.language, '')
	FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
	WHERE c.id = $1 AND c.principal = current_setting('app.principal')`

const (
	lockConversation = selectConversation + ` FOR NO KEY UPDATE OF c`
	selectSlots      = `
	SELECT definition, state, value, coalesce(words, ''), answers, clarified, confirmed, passed,
	       coalesce(source, ''), coalesce(reopened_by, 0)
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
	iv := &questioning.State{}
	if err := results.QueryRow().Scan(&rec.id, &rec.sessionID, &rec.userID, &rec.goal, &rec.playbook, &rec.needed,
		&iv.Limits.BatchSize, &iv.Limits.MaxQuestions, &rec.revision, &iv.Asked, &iv.Answered, &rec.stopReason, &rec.form, &iv.Language); err != nil {
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

func scanSlots(results pgx.BatchResults, iv *questioning.State) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var slot questioning.Slot
		var standing questioning.SlotState
		var definition, value []byte
		if err := rows.Scan(&definition, &standing.Status, &value, &standing.Words, &standing.Answers,
			&standing.Clarified, &standing.Confirmed, &standing.Passed, &standing.Source, &standing.Reopened); err != nil {
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
		iv.Slots = append(iv.Slots, slot.Plain())
		iv.SlotStates = append(iv.SlotStates, standing)
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

// saidBefore returns those of the digests that the conversation holds. Each is
// looked up by itself: where conversations are short on the whole, the planner
// would read a long one from end to end.
func saidBefore(ctx context.Context, tx pgx.Tx, id string, digests [][]byte) (map[string]bool, error) {
	rows, _ := tx.Query(ctx, `
		SELECT a.digest FROM unnest($2::bytea[]) AS wanted (digest)
		CROSS JOIN LATERAL (
			SELECT digest FROM answers WHERE conversation_id = $1 AND digest = wanted.digest LIMIT 1
		) a`, id, digests)
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

func (c citation) cited() Citation {
	return Citation{
		AnswerNumber: c.Number, QuestionNumber: c.Question, QuestionText: c.QuestionText,
		Outcome: c.Outcome, Words: c.Words, AnsweredAt: c.AnsweredAt.UTC(),
	}
}

// pastAnswer is a stored answer with what became of it.
type pastAnswer struct {
	citation
	Value        any
	SupersededBy int
}

// maxHistory bounds how many answers a history has.
const maxHistory = 500

// answersOf returns the conversation's latest answers, earliest first.
func answersOf(ctx context.Context, tx pgx.Tx, id string) ([]pastAnswer, error) {
	rows, _ := tx.Query(ctx, `
		SELECT a.number, a.slot, coalesce(a.question, 0), coalesce(q.text, ''), a.outcome, a.words, a.answered_at,
		       a.value, coalesce(a.superseded_by, 0)
		FROM (SELECT * FROM answers WHERE conversation_id = $1 ORDER BY number DESC LIMIT $2) a
		LEFT JOIN questions q ON q.conversation_id = $1 AND q.number = a.question
		ORDER BY a.number`, id, maxHistory)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pastAnswer])
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	return all, nil
}

// citations returns the numbered answers, each looked up by itself as in
// saidBefore.
func citations(ctx context.Context, tx pgx.Tx, id string, numbers []int) ([]citation, error) {
	rows, _ := tx.Query(ctx, `
		SELECT a.number, a.slot, coalesce(a.question, 0), coalesce(q.text, ''), a.outcome, a.words, a.answered_at
		FROM unnest($2::integer[]) AS cited (number)
		CROSS JOIN LATERAL (
			SELECT * FROM answers WHERE conversation_id = $1 AND number = cited.number OFFSET 0
		) a
		LEFT JOIN LATERAL (
			SELECT text FROM questions WHERE conversation_id = $1 AND number = a.question OFFSET 0
		) q ON true
		ORDER BY a.number`, id, numbers)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[citation])
	if err != nil {
		return nil, fmt.Errorf("read cited answers: %w", err)
	}
	return all, nil
}

// answeredSlot returns the slot that an answer is about.
func answeredSlot(ctx context.Context, tx pgx.Tx, id string, number int) (string, error) {
	var slot string
	err := tx.QueryRow(ctx, `SELECT slot FROM answers WHERE conversation_id = $1 AND number = $2`, id, number).Scan(&slot)
	return slot, err
}
