package conversation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/statistics"
)

// ForgetInput names what to erase.
type ForgetInput struct {
	ConversationID string `json:"conversation_id,omitempty"`
	Everything     bool   `json:"everything,omitempty" jsonschema:"All of the user's instead."`
	UserID         string `json:"user_id,omitempty" jsonschema:"Whose; left out, everything is all that this caller ever stored for anybody."`
}

// Forgotten says what was erased. Erasing what is gone already erases nothing.
type Forgotten struct {
	Conversations int    `json:"conversations"`
	Questions     int    `json:"questions"`
	Answers       int    `json:"answers"`
	Messages      int    `json:"messages"`
	Events        int    `json:"events" jsonschema:"Events that were waiting to be published."`
	Memory        string `json:"memory" jsonschema:"erased, or pending while memory cannot be reached: it is then erased as soon as it can be; none where there is no memory."`
	// Warnings say what was taken differently from what was sent.
	Warnings []string `json:"warnings,omitempty" jsonschema:"What was taken differently from what was sent."`
}

// Warn adds what was taken differently from what was sent.
func (f *Forgotten) Warn(notes []string) { f.Warnings = append(f.Warnings, notes...) }

// What became of the memory of what was forgotten.
const (
	MemoryErased  = "erased"
	MemoryPending = "pending"
	MemoryNone    = "none"
)

// Text renders what was erased for a person.
func (f Forgotten) Text() string {
	if f.Conversations == 0 {
		return "There is nothing to forget (any more)."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Erased %s with %s, %s and %s.", counted(f.Conversations, "conversation"),
		counted(f.Questions, "question"), counted(f.Answers, "answer"), counted(f.Messages, "message"))
	switch f.Memory {
	case MemoryErased:
		b.WriteString(" Nothing of it is remembered either.")
	case MemoryPending:
		b.WriteString(" Memory cannot be reached at the moment; it is erased there as soon as it can be.")
	}
	return b.String()
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Forget erases a conversation, or everything of a user, for good. What is on
// its way to memory does not come back.
func (s *Service) Forget(ctx context.Context, in ForgetInput) (Forgotten, error) {
	if err := s.checkUser(in.UserID); err != nil {
		return Forgotten{}, err
	}
	if err := in.check(); err != nil {
		return Forgotten{}, err
	}
	var forgotten Forgotten
	var ids []string
	err := s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		var err error
		forgotten, ids, err = erase(ctx, tx, in, s.now())
		return err
	})
	if err == nil && len(ids) > 0 {
		s.statistics.drop(principal.From(ctx))
		s.nudger.Nudge()
		forgotten.Memory = s.forgetMemory(ctx, ids)
	}
	return forgotten, err
}

func (in ForgetInput) check() error {
	switch {
	case in.ConversationID != "" && in.Everything:
		return fault.Invalidf("everything", "goes without conversation_id; give one of the two")
	case in.ConversationID == "" && !in.Everything:
		return fault.Invalidf("conversation_id", "is missing; name the conversation, or say everything: true for all of the user's")
	}
	if in.ConversationID != "" {
		if _, err := uuid.Parse(in.ConversationID); err != nil {
			return fault.Invalidf("conversation_id", "%q is no conversation's id", in.ConversationID)
		}
	}
	return nil
}

// lockForgotten finds the conversations to erase, $1 one of them or null, $2 a
// user or ”, and locks them: nothing is added to them meanwhile.
const lockForgotten = `
	SELECT c.id, c.session_id FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
	WHERE c.principal = current_setting('app.principal')
	  AND ($1::uuid IS NULL OR c.id = $1) AND ($2 = '' OR s.user_id = $2)
	ORDER BY c.id FOR UPDATE OF c`

func erase(ctx context.Context, tx pgx.Tx, in ForgetInput, now time.Time) (Forgotten, []string, error) {
	var one *string
	if in.ConversationID != "" {
		one = &in.ConversationID
	}
	batch := &pgx.Batch{}
	bind(ctx, batch)
	batch.Queue(lockForgotten, one, in.UserID)
	results := tx.SendBatch(ctx, batch)
	defer results.Close()
	if _, err := results.Exec(); err != nil {
		return Forgotten{}, nil, err
	}
	rows, _ := results.Query()
	var ids []uuid.UUID
	var sessions []string
	var id uuid.UUID
	var session string
	if _, err := pgx.ForEachRow(rows, []any{&id, &session}, func() error {
		ids, sessions = append(ids, id), append(sessions, session)
		return nil
	}); err != nil {
		return Forgotten{}, nil, fmt.Errorf("find conversations: %w", err)
	}
	if err := results.Close(); err != nil {
		return Forgotten{}, nil, err
	}
	f := Forgotten{Conversations: len(ids), Memory: MemoryNone}
	if len(ids) == 0 {
		return f, nil, nil
	}
	if err := tx.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM questions WHERE conversation_id = ANY($1)),
		       (SELECT count(*) FROM answers   WHERE conversation_id = ANY($1)),
		       (SELECT count(*) FROM messages  WHERE conversation_id = ANY($1))`, ids).
		Scan(&f.Questions, &f.Answers, &f.Messages); err != nil {
		return Forgotten{}, nil, fmt.Errorf("count what is erased: %w", err)
	}
	if err := takeBack(ctx, tx, ids); err != nil {
		return Forgotten{}, nil, err
	}
	if err := statistics.Forget(ctx, tx, ids); err != nil {
		return Forgotten{}, nil, err
	}
	names := make([]string, len(ids))
	erased := make([]event.Event, len(ids))
	for i, id := range ids {
		names[i] = id.String()
		erased[i] = event.ConversationErased{Principal: principal.From(ctx), ConversationID: names[i], At: now.UTC()}
	}
	batch = &pgx.Batch{}
	event.DeleteQueued(batch, ids).Exec(func(deleted pgconn.CommandTag) error {
		f.Events = int(deleted.RowsAffected())
		return nil
	})
	if err := event.Queue(batch, erased...); err != nil {
		return Forgotten{}, nil, err
	}
	batch.Queue(`DELETE FROM conversations WHERE id = ANY($1)`, ids)
	batch.Queue(`
		DELETE FROM sessions s WHERE s.principal = current_setting('app.principal') AND s.id = ANY($1)
		  AND NOT EXISTS (SELECT FROM conversations c WHERE c.principal = s.principal AND c.session_id = s.id)`, sessions)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return Forgotten{}, nil, fmt.Errorf("erase: %w", err)
	}
	return f, names, nil
}

// takeBack erases from other conversations what they assume because it was said
// in these and nobody confirmed, with the results that repeat it.
func takeBack(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) error {
	rows, _ := tx.Query(ctx, `
		SELECT c.id FROM conversations c
		WHERE c.principal = current_setting('app.principal') AND c.id <> ALL($1)
		  AND c.id IN (SELECT conversation_id FROM slots WHERE assumed_from = ANY($1))
		ORDER BY c.id FOR NO KEY UPDATE`, ids)
	others, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return fmt.Errorf("find what was assumed: %w", err)
	}
	if len(others) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM calls WHERE conversation_id = ANY($1)`, others)
	batch.Queue(`
		UPDATE slots SET state = 'missing', value = NULL, words = NULL, source = NULL
		WHERE conversation_id = ANY($1) AND assumed_from = ANY($2) AND state = 'assumed'`, others, ids)
	batch.Queue(`UPDATE slots SET assumed_from = NULL WHERE conversation_id = ANY($1) AND assumed_from = ANY($2)`, others, ids)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("take back what was assumed: %w", err)
	}
	return nil
}
