package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// Reported is a conversation with what a report cites of it.
type Reported struct {
	*Conversation
	Cited   []CitedAnswer  // those that slots rest on, earliest first
	History []HistoryEntry // the latest 500 answers, earliest first, also superseded ones
}

// maxHistory bounds how many answers a history has, and so how large a report gets.
const maxHistory = 500

// Report reads a conversation of a user, or of anybody where that is empty, as of one
// moment and in one round trip; history is read where wanted. It changes nothing. Where
// reading is audited, it is recorded in the same transaction, which is not waited for to
// reach the disk: nothing else depends on the record. Another user's conversation is
// returned like the user's own, unrecorded, for the caller to refuse. The error may be
// ErrNotFound.
func (s *Store) Report(ctx context.Context, id, userID string, history bool) (*Reported, error) {
	var reported *Reported
	var err error
	for range maxAttempts {
		if reported, err = s.report(ctx, id, userID, history); !postgres.Contended(err) {
			break
		}
	}
	return reported, err
}

func (s *Store) report(ctx context.Context, id, userID string, history bool) (*Reported, error) {
	r, l, batch := &Reported{}, newLoading(s.slots), &pgx.Batch{}
	if s.audits {
		batch.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
		batch.Queue(`SET LOCAL synchronous_commit = off`)
	} else {
		batch.Queue(beginReading)
	}
	postgres.BindPrincipal(batch, principal.From(ctx))
	l.queue(batch, id, Named{Needed: true})
	query(batch, (*queries.Queries).Citations, id, r.takeCited)
	if history {
		query(batch, (*queries.Queries).History, queries.HistoryParams{ConversationID: id, Latest: maxHistory}, r.takeHistory)
	}
	if s.audits {
		exec(batch, (*queries.Queries).RecordActs, queries.RecordActsParams{Action: actRead, Ids: []string{id}, UserID: userID})
	}
	batch.Queue(`COMMIT`)
	loaded, err := l.result(s.pool.SendBatch(ctx, batch).Close())
	if err != nil {
		return nil, err
	}
	r.Conversation = loaded.Conversation
	return r, nil
}

func (r *Reported) takeCited(rows []queries.CitationsRow) error {
	r.Cited = make([]CitedAnswer, len(rows))
	for i, row := range rows {
		r.Cited[i] = CitedAnswer(row)
	}
	return nil
}

func (r *Reported) takeHistory(rows []queries.HistoryRow) error {
	r.History = make([]HistoryEntry, len(rows))
	for i, row := range rows {
		value, err := decode(row.Value)
		if err != nil {
			return fmt.Errorf("read the value of answer %d: %w", row.Number, err)
		}
		r.History[i] = HistoryEntry{
			CitedAnswer: CitedAnswer{
				Number: row.Number, Slot: row.Slot, Question: row.Question, QuestionText: row.QuestionText,
				Outcome: row.Outcome, Words: row.Words, AnsweredAt: row.AnsweredAt,
			},
			Value: value, SupersededBy: row.SupersededBy,
		}
	}
	return nil
}
