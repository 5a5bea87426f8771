package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// A conversation's contribution to statistics lies with the conversation. Others
// see it only as a voice among many: each user has one among the users of a
// principal (for_user), and each principal one among all (for_others).

// maxContributions bounds how many of a user's own conversations count, and how
// many other users of the principal: the latest.
const maxContributions = 200

const selectStatistics = `
	SELECT (SELECT document FROM shared_statistics WHERE form = $1) AS shared,
	       (SELECT contribution FROM counted_conversations
	        WHERE principal = current_setting('app.principal') AND form = $1 AND for_others) AS voice,
	       ARRAY(SELECT contribution FROM counted_conversations
	             WHERE principal = current_setting('app.principal') AND form = $1 AND user_id = $2 AND contribution IS NOT NULL
	             ORDER BY counted_at DESC, conversation_id LIMIT $3) AS own,
	       ARRAY(SELECT contribution FROM counted_conversations
	             WHERE principal = current_setting('app.principal') AND form = $1 AND user_id <> $2 AND for_user
	             ORDER BY counted_at DESC, conversation_id LIMIT $3) AS users`

// statistics are those of one schema key, as a user's conversations see them.
type statistics struct {
	Shared *questioning.Statistics    // of all principals; nil where there are none
	Voice  *questioning.Contribution  // the principal's among them; nil where there is none
	Own    []questioning.Contribution // of the user
	Users  []questioning.Contribution // of the principal's other users, one each
}

// groups are what the user said, what the principal's other users did, and what
// other principals did: the principal's own voice is among the first two.
func (s statistics) groups() (own, users, others questioning.Statistics) {
	if s.Shared != nil {
		others = *s.Shared
	}
	if s.Voice != nil {
		others = others.Without(*s.Voice)
	}
	return questioning.Sum(s.Own), questioning.Sum(s.Users), others
}

// queueStatistics adds to the batch what reads statistics into s.
func queueStatistics(batch *pgx.Batch, schemaKey, userID string, s *statistics) {
	batch.Queue(selectStatistics, schemaKey, userID, maxContributions).Query(func(rows pgx.Rows) (err error) {
		if *s, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[statistics]); err != nil {
			return fmt.Errorf("read statistics of %s: %w", schemaKey, err)
		}
		return nil
	})
}

// Statistics returns what conversations of a user go by that share a schema key;
// none where there are none yet. userID is empty for conversations without one.
func (t *Tx) Statistics(ctx context.Context, schemaKey, userID string) (questioning.Statistics, error) {
	var s statistics
	batch := t.batch(ctx)
	queueStatistics(batch, schemaKey, userID, &s)
	if err := t.send(ctx, batch); err != nil {
		return questioning.Statistics{}, err
	}
	own, users, others := s.groups()
	return questioning.Pool(own, users, others), nil
}

// Statistics is Tx.Statistics in a transaction of its own.
func (s *Store) Statistics(ctx context.Context, schemaKey, userID string) (earlier questioning.Statistics, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		earlier, err = tx.Statistics(ctx, schemaKey, userID)
		return err
	})
	return earlier, err
}

// AddToStatistics counts a completed conversation, and returns ErrNotFound where
// the principal has none. It returns false when the conversation was counted
// before, or has no schema key. Until the transaction, which is one of Process,
// ends, the conversation is not erased.
func (t *Tx) AddToStatistics(ctx context.Context, id, schemaKey string) (added bool, err error) {
	userID, counted, err := t.insertCounted(ctx, id, schemaKey)
	if err != nil || !counted || schemaKey == "" {
		return false, err
	}
	slots, states, earlier, err := t.lockStatistics(ctx, id, schemaKey, userID)
	if err != nil {
		return false, err
	}
	contribution := questioning.Merge(earlier.groups()).Contribution(slots, states)
	speaks, err := t.saveContribution(ctx, id, contribution)
	if err != nil || !speaks {
		return err == nil, err
	}
	batch := t.batch(ctx)
	if err := upsertShared(batch, schemaKey, earlier.Shared.With(contribution)); err != nil {
		return false, err
	}
	return true, t.sendFor(ctx, batch, "store statistics")
}

// insertCounted locks a conversation and notes that it counts, once, for the user
// that it returns.
func (t *Tx) insertCounted(ctx context.Context, id, schemaKey string) (userID string, first bool, err error) {
	there := false
	batch := t.batch(ctx)
	batch.Queue(`
		SELECT true FROM conversations WHERE id = $1 AND principal = current_setting('app.principal') FOR KEY SHARE`, id).
		Query(func(rows pgx.Rows) error {
			there = rows.Next()
			rows.Close()
			return rows.Err()
		})
	batch.Queue(`
		INSERT INTO counted_conversations (conversation_id, form, user_id)
		SELECT c.id, nullif($2, ''), coalesce(s.user_id, '')
		FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
		WHERE c.id = $1 AND c.principal = current_setting('app.principal')
		ON CONFLICT DO NOTHING RETURNING user_id`, id, schemaKey).
		Query(func(rows pgx.Rows) error {
			users, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if first = len(users) == 1; first {
				userID = users[0]
			}
			return err
		})
	if err := t.sendFor(ctx, batch, "count conversation"); err != nil {
		return "", false, err
	}
	if !there {
		return "", false, ErrNotFound
	}
	return userID, first, nil
}

// lockStatistics reads how the slots of a conversation ended, and the statistics
// of its schema key as they are once nobody else adds to them: whoever locks
// their row sees who speaks already.
func (t *Tx) lockStatistics(ctx context.Context, id, schemaKey, userID string) (
	slots []questioning.Slot, states []questioning.SlotState, earlier statistics, err error,
) {
	batch := t.batch(ctx)
	batch.Queue(`
		SELECT definition AS slot, state AS status, value, coalesce(words, '') AS words, answers, passed
		FROM slots WHERE conversation_id = $1 ORDER BY position`, id).
		Query(func(rows pgx.Rows) error {
			ended, err := pgx.CollectRows(rows, pgx.RowToStructByName[endedSlot])
			for _, e := range ended {
				slots, states = append(slots, e.Slot), append(states, e.state())
			}
			return err
		})
	batch.Queue(`INSERT INTO shared_statistics (form, document) VALUES ($1, '{}') ON CONFLICT DO NOTHING`, schemaKey)
	batch.Queue(`SELECT FROM shared_statistics WHERE form = $1 FOR UPDATE`, schemaKey)
	queueStatistics(batch, schemaKey, userID, &earlier)
	if err := t.sendFor(ctx, batch, "lock statistics"); err != nil {
		return nil, nil, statistics{}, err
	}
	if earlier.Shared == nil { // an erasure deleted the row while this one waited for it
		return nil, nil, statistics{}, ErrConflict
	}
	return slots, states, earlier, nil
}

// endedSlot is a slot of a completed conversation.
type endedSlot struct {
	Slot    questioning.Slot
	Status  questioning.Status
	Value   any
	Words   string
	Answers []int
	Passed  int
}

func (e endedSlot) state() questioning.SlotState {
	return questioning.SlotState{Status: e.Status, Value: e.Value, Words: e.Words, Answers: e.Answers, Passed: e.Passed}
}

// saveContribution stores what a conversation adds. It returns whether the
// conversation speaks for its principal: the first one that counts does.
func (t *Tx) saveContribution(ctx context.Context, id string, c questioning.Contribution) (speaks bool, err error) {
	document, err := json.Marshal(c)
	if err != nil {
		return false, fmt.Errorf("encode contribution: %w", err)
	}
	batch := t.batch(ctx)
	batch.Queue(`
		UPDATE counted_conversations n SET contribution = $2, counted_at = clock_timestamp(),
		    for_user   = NOT EXISTS (SELECT FROM counted_conversations o
		                             WHERE o.principal = n.principal AND o.form = n.form AND o.user_id = n.user_id AND o.for_user),
		    for_others = NOT EXISTS (SELECT FROM counted_conversations o
		                             WHERE o.principal = n.principal AND o.form = n.form AND o.for_others)
		WHERE conversation_id = $1 RETURNING for_others`, id, document).
		QueryRow(func(row pgx.Row) error { return row.Scan(&speaks) })
	return speaks, t.sendFor(ctx, batch, "store contribution")
}

// upsertShared queues the shared counts of a schema key. Counts of nobody are
// deleted: they name the options of what was erased.
func upsertShared(batch *pgx.Batch, schemaKey string, shared questioning.Statistics) error {
	if shared.Conversations == 0 {
		batch.Queue(`DELETE FROM shared_statistics WHERE form = $1`, schemaKey)
		return nil
	}
	document, err := json.Marshal(shared)
	if err != nil {
		return fmt.Errorf("encode statistics: %w", err)
	}
	batch.Queue(`UPDATE shared_statistics SET document = $2, updated_at = now() WHERE form = $1`, schemaKey, document)
	return nil
}

// removeFromStatistics takes back from the shared counts what conversations added
// to them. It comes before they are deleted.
func (t *Tx) removeFromStatistics(ctx context.Context, ids []string) error {
	voices, err := t.voices(ctx, ids)
	if err != nil || len(voices) == 0 {
		return err
	}
	type document struct {
		SchemaKey string
		Shared    questioning.Statistics
	}
	var all []document
	batch := t.batch(ctx)
	postgres.BindEventing(batch, principal.From(ctx))
	batch.Queue(`SELECT form AS schema_key, document AS shared FROM shared_statistics WHERE form = ANY($1) ORDER BY form FOR UPDATE`,
		slices.Sorted(maps.Keys(voices))).
		Query(func(rows pgx.Rows) (err error) {
			all, err = pgx.CollectRows(rows, pgx.RowToStructByName[document])
			return err
		})
	if err := t.sendFor(ctx, batch, "lock statistics"); err != nil {
		return err
	}
	batch = t.batch(ctx)
	for _, d := range all {
		if err := upsertShared(batch, d.SchemaKey, d.Shared.Without(voices[d.SchemaKey])); err != nil {
			return err
		}
	}
	postgres.UnbindEventing(batch)
	return t.sendFor(ctx, batch, "store statistics")
}

// voices returns what those of the conversations added that speak for their
// principal, by schema key.
func (t *Tx) voices(ctx context.Context, ids []string) (map[string]questioning.Contribution, error) {
	type voice struct {
		SchemaKey    string
		Contribution questioning.Contribution
	}
	voices := map[string]questioning.Contribution{}
	batch := t.batch(ctx)
	batch.Queue(`
		SELECT form AS schema_key, contribution FROM counted_conversations
		WHERE conversation_id = ANY($1::uuid[]) AND principal = current_setting('app.principal') AND for_others`, ids).
		Query(func(rows pgx.Rows) error {
			all, err := pgx.CollectRows(rows, pgx.RowToStructByName[voice])
			for _, v := range all {
				voices[v.SchemaKey] = v.Contribution
			}
			return err
		})
	return voices, t.sendFor(ctx, batch, "read contributions")
}

// sendFor is send; an error says what was being done.
func (t *Tx) sendFor(ctx context.Context, batch *pgx.Batch, doing string) error {
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
