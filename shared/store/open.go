package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// Open stores a new conversation at revision 1, with its events, in a session that
// it adds where the principal has none of that id. Where an identical call opened
// one before that this caller can join, it stores nothing and returns that call's
// result: of several at once, one stores and the others wait for it. A call without
// a key can be joined until the conversation continues, one with a key as long as
// its result is kept. The error may be ErrForeignSession, ErrOtherCall, a
// NotKeptError or ErrConflict; whoever names no user opens in anybody's session.
//
// What is stored is sent in one round trip. Nobody looks first: where the conversation
// cannot be added, the server refuses what belongs to it, and all of it, and a second
// round trip finds out why.
func (s *Store) Open(ctx context.Context, o *Opening) (earlier json.RawMessage, err error) {
	ctx, saved := decided(ctx)
	defer saved()
	for range maxAttempts {
		if err = s.direct().insert(ctx, o); !belongsToNothing(err) {
			earlier = nil
		} else {
			earlier, err = s.direct().refused(ctx, o)
		}
		if !errors.Is(err, ErrConflict) && !postgres.Contended(err) {
			break
		}
	}
	return earlier, err
}

// belongsToNothing reports that the server refused rows of a conversation that is not
// there: foreign_key_violation of PostgreSQL (Appendix A).
func belongsToNothing(err error) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && server.Code == "23503"
}

// insert stores the conversation with what it begins with.
func (t *Tx) insert(ctx context.Context, o *Opening) error {
	batch := t.batch(ctx)
	exec(batch, (*queries.Queries).InsertSession, queries.InsertSessionParams{ID: o.SessionID, UserID: o.UserID})
	iv := o.State
	exec(batch, (*queries.Queries).InsertConversation, queries.InsertConversationParams{
		ID: o.ID, SessionID: o.SessionID, UserID: o.UserID, Goal: o.Goal, Playbook: o.Playbook, InformationNeeded: o.Needed, Metadata: o.Metadata,
		BatchSize: iv.Limits.BatchSize, MaxQuestions: iv.Limits.MaxQuestions, QuestionsAsked: iv.Asked, AnswersRecorded: iv.Answered, StopReason: o.StopReason,
		OpenedBy: o.OpenedBy, OpenedWithKey: o.WithKey, SchemaKey: o.SchemaKey, Language: iv.Language,
	})
	if err := insertSlots(batch, o.ID, iv, o.AssumedFrom); err != nil {
		return err
	}
	insertQuestions(batch, o.ID, iv.Open)
	for _, a := range o.Answers {
		if err := insertAnswer(batch, o.ID, 1, a); err != nil {
			return err
		}
	}
	insertMessages(batch, o.ID, 1, o.Messages)
	t.record(batch, actOpened, o.ID)
	if err := upsertResult(batch, o.ID, 1, o.Fingerprint, o.Result); err != nil {
		return err
	}
	if err := event.Queue(batch, o.Conversation.events(ctx, o.Change, time.Now().UTC())...); err != nil {
		return err
	}
	return t.sendFor(ctx, batch, "store conversation")
}

// refused returns what an opening that was refused gets: the result of the identical
// call, ErrForeignSession, ErrOtherCall where the call was not identical, a NotKeptError
// where that is no longer known, or ErrConflict where nothing is in its way any more.
func (t *Tx) refused(ctx context.Context, o *Opening) (result json.RawMessage, err error) {
	batch := t.batch(ctx)
	query(batch, (*queries.Queries).SessionIsForeign, queries.SessionIsForeignParams{ID: o.SessionID, UserID: o.UserID}, func(foreign bool) error {
		if foreign {
			return ErrForeignSession
		}
		return nil
	})
	var before queries.OpeningResultRow
	query(batch, (*queries.Queries).OpeningResult, queries.OpeningResultParams{
		OpenedBy: o.OpenedBy, Fingerprint: o.Fingerprint, Goal: o.Goal, UserID: o.UserID, KeptFor: KeptFor,
	}, func(row queries.OpeningResultRow) error {
		before = row
		return nil
	})
	err = t.send(ctx, batch)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, ErrConflict // the conversation went on, or it or the session was erased, between the two
	case err != nil:
		return nil, fmt.Errorf("read earlier call: %w", err)
	}
	result, err = kept(before.Result, before.EarlierResult)
	switch {
	case result != nil || err != nil:
		return result, err
	case before.Alike && (before.Swept || !(&Conversation{Revision: before.Revision}).KeepsCallsOf(0)): // an opening comes before revision 1
		return nil, &NotKeptError{before.ID}
	}
	return nil, ErrOtherCall
}
