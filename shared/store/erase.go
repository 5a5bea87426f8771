package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// eraseBatch is how many conversations one transaction of Erase erases at most, so that
// its locks, its statements and what has to be done again after a conflict stay small.
const eraseBatch = 100

// Erase deletes a conversation of a user, or all of them where id is empty; of any
// user of the principal where userID is empty. It takes back what they added to
// statistics and what other conversations assume because of them. Their events that
// are not published yet are deleted, and one of the erasure, as of at, is queued
// for each; until memory has confirmed that one, the id stays in erasures. A
// session goes with its last conversation. It waits for calls that change the
// conversations; those that come later find nothing. Erasing what is gone erases
// nothing.
//
// Many conversations are erased in batches, session by session, each in a transaction.
// What was erased before an error stays erased and is returned with it; the same call
// again erases the rest.
func (s *Store) Erase(ctx context.Context, id, userID string, at time.Time) (Erased, error) {
	var all Erased
	for {
		erased, err := s.eraseSome(ctx, id, userID, at)
		if err != nil {
			return all, err
		}
		all.add(erased)
		if len(erased.Conversations) < eraseBatch {
			return all, nil
		}
	}
}

// eraseSome erases the first of what is left, in one transaction.
func (s *Store) eraseSome(ctx context.Context, id, userID string, at time.Time) (erased Erased, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		erased = Erased{}
		ids, sessions, err := tx.lockErased(ctx, id, userID)
		if err != nil || len(ids) == 0 {
			return err
		}
		erased, err = tx.erase(ctx, actErased, ids, sessions, at)
		return err
	})
	return erased, err
}

func (e *Erased) add(more Erased) {
	e.Conversations = append(e.Conversations, more.Conversations...)
	e.Questions += more.Questions
	e.Answers += more.Answers
	e.Messages += more.Messages
	e.Events += more.Events
}

// lockErased returns the next conversations to erase, and their sessions.
func (t *Tx) lockErased(ctx context.Context, id, userID string) (ids, sessions []string, err error) {
	var locked []queries.LockAllConversationsRow
	batch := t.batch(ctx)
	switch {
	case id != "":
		query(batch, (*queries.Queries).LockConversationOf, queries.LockConversationOfParams{ID: id, UserID: userID}, take[queries.LockConversationOfRow](&locked))
	case userID != "":
		query(batch, (*queries.Queries).LockConversationsOfUser, queries.LockConversationsOfUserParams{UserID: userID, Most: eraseBatch}, take[queries.LockConversationsOfUserRow](&locked))
	default:
		query(batch, (*queries.Queries).LockAllConversations, eraseBatch, take[queries.LockAllConversationsRow](&locked))
	}
	if err := t.send(ctx, batch); err != nil {
		return nil, nil, fmt.Errorf("find conversations: %w", err)
	}
	for _, row := range locked {
		ids, sessions = append(ids, row.ID), append(sessions, row.SessionID)
	}
	return ids, sessions, nil
}

// take keeps rows that are like those of LockAllConversations.
func take[R queries.LockConversationOfRow | queries.LockConversationsOfUserRow | queries.LockAllConversationsRow](into *[]queries.LockAllConversationsRow) func([]R) error {
	return func(rows []R) error {
		for _, row := range rows {
			*into = append(*into, queries.LockAllConversationsRow(row))
		}
		return nil
	}
}

// erase erases conversations that are locked, by an action of the audit trail.
func (t *Tx) erase(ctx context.Context, action string, ids, sessions []string, at time.Time) (Erased, error) {
	counted, err := fetch(ctx, t, (*queries.Queries).CountErased, ids)
	if err != nil {
		return Erased{}, fmt.Errorf("count what is erased: %w", err)
	}
	if err := t.takeBackAssumptions(ctx, ids); err != nil {
		return Erased{}, err
	}
	if err := t.removeFromStatistics(ctx, ids); err != nil {
		return Erased{}, err
	}
	e := Erased{Conversations: ids, Questions: counted.Questions, Answers: counted.Answers, Messages: counted.Messages}
	events := make([]event.Event, len(ids))
	for i, id := range ids {
		events[i] = event.ConversationErased{Principal: principal.From(ctx), ConversationID: id, At: at.UTC()}
	}
	batch := t.batch(ctx)
	event.DeleteQueued(batch, ids).Exec(func(deleted pgconn.CommandTag) error {
		e.Events = int(deleted.RowsAffected())
		return nil
	})
	if err := event.Queue(batch, events...); err != nil {
		return Erased{}, err
	}
	t.record(batch, action, ids...)
	exec(batch, (*queries.Queries).DeleteConversations, ids)
	exec(batch, (*queries.Queries).DeleteEmptySessions, sessions)
	if err := t.send(ctx, batch); err != nil {
		return Erased{}, fmt.Errorf("erase: %w", err)
	}
	return e, nil
}

// takeBackAssumptions erases from other conversations what they assume because it
// was said in these and nobody confirmed, with the results that repeat it.
func (t *Tx) takeBackAssumptions(ctx context.Context, ids []string) error {
	others, err := fetch(ctx, t, (*queries.Queries).LockAssuming, ids)
	if err != nil {
		return fmt.Errorf("find what was assumed: %w", err)
	}
	if len(others) == 0 {
		return nil
	}
	batch := t.batch(ctx)
	exec(batch, (*queries.Queries).DeleteResults, others)
	exec(batch, (*queries.Queries).DeleteCalls, others)
	exec(batch, (*queries.Queries).TakeBackAssumptions, queries.TakeBackAssumptionsParams{Ids: others, AssumedFrom: ids})
	exec(batch, (*queries.Queries).ClearAssumedFrom, queries.ClearAssumedFromParams{Ids: others, AssumedFrom: ids})
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("take back what was assumed: %w", err)
	}
	return nil
}
