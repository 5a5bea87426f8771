// Package statistics stores what completed conversations of one form answered.
// A conversation's contribution lies with the conversation. Others see it only
// as a voice among many: each user has one among the users of a principal, and
// each principal one among all.
package statistics

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// maxRead bounds how many of a user's own conversations count, and how many
// other users of the principal: the latest.
const maxRead = 200

// Read returns what the conversations of a user go by, for one form; none where
// there are none yet. userID is empty for conversations without a user. The
// batch is bound to the principal; read is set when it has been sent.
func Read(batch *pgx.Batch, form, userID string, read *questioning.Statistics) {
	queue(batch, form, userID, func(e earlier) { *read = questioning.Pool(e.own, e.users, e.others) })
}

// earlier is what was said before: by the user, by the principal's other users,
// and by other principals. In the last two everybody speaks once.
type earlier struct{ own, users, others questioning.Statistics }

func queue(batch *pgx.Batch, form, userID string, read func(earlier)) {
	batch.Queue(`
		SELECT (SELECT document FROM shared_statistics WHERE form = $1),
		       (SELECT contribution FROM counted_conversations
		        WHERE principal = current_setting('app.principal') AND form = $1 AND for_others),
		       ARRAY(SELECT contribution FROM counted_conversations
		             WHERE principal = current_setting('app.principal') AND form = $1 AND user_id = $2 AND contribution IS NOT NULL
		             ORDER BY counted_at DESC, conversation_id LIMIT $3),
		       ARRAY(SELECT contribution FROM counted_conversations
		             WHERE principal = current_setting('app.principal') AND form = $1 AND user_id <> $2 AND for_user
		             ORDER BY counted_at DESC, conversation_id LIMIT $3)`, form, userID, maxRead).QueryRow(func(row pgx.Row) error {
		var shared, vote []byte
		var own, users [][]byte
		if err := row.Scan(&shared, &vote, &own, &users); err != nil {
			return fmt.Errorf("read statistics: %w", err)
		}
		e, err := decode(shared, vote, own, users)
		if err != nil {
			return fmt.Errorf("read statistics of %s: %w", form, err)
		}
		read(e)
		return nil
	})
}

// decode leaves the principal's own voice out of the shared counts: it is among
// own or users.
func decode(shared, vote []byte, own, users [][]byte) (e earlier, err error) {
	if shared != nil {
		if err := json.Unmarshal(shared, &e.others); err != nil {
			return e, err
		}
	}
	if vote != nil {
		voted, err := contributions([][]byte{vote})
		if err != nil {
			return e, err
		}
		e.others = e.others.Without(voted[0])
	}
	said, err := contributions(own)
	if err != nil {
		return e, err
	}
	neighbours, err := contributions(users)
	if err != nil {
		return e, err
	}
	e.own, e.users = questioning.Sum(said), questioning.Sum(neighbours)
	return e, nil
}

func contributions(documents [][]byte) ([]questioning.Contribution, error) {
	all := make([]questioning.Contribution, len(documents))
	for i, document := range documents {
		if err := json.Unmarshal(document, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Count adds a completed conversation to the statistics of its form, and returns
// false when it was counted before or its form is not counted. tx is bound to
// the principal and acts for the eventing side; the conversation is locked.
func Count(ctx context.Context, tx pgx.Tx, conversation, form string) (bool, error) {
	first, err := tx.Exec(ctx, `
		INSERT INTO counted_conversations (conversation_id, form, user_id)
		SELECT c.id, nullif($2, ''), coalesce(s.user_id, '')
		FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
		WHERE c.id = $1 AND c.principal = current_setting('app.principal')
		ON CONFLICT DO NOTHING`, conversation, form)
	if err != nil {
		return false, fmt.Errorf("note conversation: %w", err)
	}
	if first.RowsAffected() == 0 || form == "" {
		return false, nil
	}
	slots, standings, err := ended(ctx, tx, conversation)
	if err != nil {
		return false, err
	}
	return true, fold(ctx, tx, conversation, form, slots, standings)
}

// fold counts one conversation of a form after the other: whoever locks the
// form's row sees who speaks already.
func fold(ctx context.Context, tx pgx.Tx, conversation, form string, slots []questioning.Slot, standings []questioning.SlotState) error {
	if _, err := tx.Exec(ctx, `INSERT INTO shared_statistics (form, document) VALUES ($1, '{}') ON CONFLICT DO NOTHING`, form); err != nil {
		return fmt.Errorf("begin statistics: %w", err)
	}
	var document []byte
	if err := tx.QueryRow(ctx, `SELECT document FROM shared_statistics WHERE form = $1 FOR UPDATE`, form).Scan(&document); err != nil {
		return fmt.Errorf("lock statistics: %w", err)
	}
	var user string
	if err := tx.QueryRow(ctx, `SELECT user_id FROM counted_conversations WHERE conversation_id = $1`, conversation).Scan(&user); err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	var e earlier
	batch := &pgx.Batch{}
	queue(batch, form, user, func(read earlier) { e = read })
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	added := questioning.Merge(e.own, e.users, e.others).Contribution(slots, standings)
	contribution, err := json.Marshal(added)
	if err != nil {
		return fmt.Errorf("encode contribution: %w", err)
	}
	var speaks bool
	if err := tx.QueryRow(ctx, `
		UPDATE counted_conversations n SET contribution = $2, counted_at = clock_timestamp(),
		    for_user   = NOT EXISTS (SELECT FROM counted_conversations o
		                             WHERE o.principal = n.principal AND o.form = n.form AND o.user_id = n.user_id AND o.for_user),
		    for_others = NOT EXISTS (SELECT FROM counted_conversations o
		                             WHERE o.principal = n.principal AND o.form = n.form AND o.for_others)
		WHERE conversation_id = $1 RETURNING for_others`, conversation, contribution).Scan(&speaks); err != nil {
		return fmt.Errorf("store contribution: %w", err)
	}
	if !speaks {
		return nil
	}
	var shared questioning.Statistics
	if err := json.Unmarshal(document, &shared); err != nil {
		return fmt.Errorf("statistics of %s: %w", form, err)
	}
	return store(ctx, tx, form, shared.With(added))
}

// store replaces the shared counts of a form. Counts of nobody are deleted: they
// name the options of what was forgotten.
func store(ctx context.Context, tx pgx.Tx, form string, shared questioning.Statistics) error {
	var err error
	if shared.Conversations == 0 {
		_, err = tx.Exec(ctx, `DELETE FROM shared_statistics WHERE form = $1`, form)
	} else if document, problem := json.Marshal(shared); problem != nil {
		err = problem
	} else {
		_, err = tx.Exec(ctx, `UPDATE shared_statistics SET document = $2, updated_at = now() WHERE form = $1`, form, document)
	}
	if err != nil {
		return fmt.Errorf("store statistics: %w", err)
	}
	return nil
}

// Forget takes back from the shared counts what conversations of the principal
// added to them. It belongs in the transaction that deletes the conversations,
// before that; tx is bound to the principal.
func Forget(ctx context.Context, tx pgx.Tx, conversations any) error {
	votes := map[string]questioning.Contribution{}
	forms := []string{}
	var form string
	var document []byte
	rows, _ := tx.Query(ctx, `
		SELECT form, contribution FROM counted_conversations
		WHERE conversation_id = ANY($1) AND principal = current_setting('app.principal') AND for_others`, conversations)
	if _, err := pgx.ForEachRow(rows, []any{&form, &document}, func() error {
		added, err := contributions([][]byte{document})
		if err == nil {
			forms, votes[form] = append(forms, form), added[0]
		}
		return err
	}); err != nil {
		return fmt.Errorf("read contributions: %w", err)
	}
	if len(forms) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, `SELECT set_config('app.role', 'eventing', true)`); err != nil {
		return err
	}
	left := map[string]questioning.Statistics{}
	rows, _ = tx.Query(ctx, `SELECT form, document FROM shared_statistics WHERE form = ANY($1) ORDER BY form FOR UPDATE`, forms)
	if _, err := pgx.ForEachRow(rows, []any{&form, &document}, func() error {
		var shared questioning.Statistics
		err := json.Unmarshal(document, &shared)
		left[form] = shared.Without(votes[form])
		return err
	}); err != nil {
		return fmt.Errorf("lock statistics: %w", err)
	}
	for form, shared := range left {
		if err := store(ctx, tx, form, shared); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `SELECT set_config('app.role', '', true)`)
	return err
}

// ended reads where the slots of a conversation stand.
func ended(ctx context.Context, tx pgx.Tx, id string) (slots []questioning.Slot, standings []questioning.SlotState, err error) {
	rows, _ := tx.Query(ctx, `
		SELECT definition, state, value, coalesce(words, ''), answers, passed FROM slots WHERE conversation_id = $1 ORDER BY position`, id)
	var definition, value []byte
	var standing questioning.SlotState
	_, err = pgx.ForEachRow(rows, []any{&definition, &standing.Status, &value, &standing.Words, &standing.Answers, &standing.Passed}, func() error {
		var slot questioning.Slot
		if err := json.Unmarshal(definition, &slot); err != nil {
			return fmt.Errorf("definition: %w", err)
		}
		one := standing
		one.Value = nil
		if value != nil {
			if err := json.Unmarshal(value, &one.Value); err != nil {
				return fmt.Errorf("value of %s: %w", slot.Key, err)
			}
		}
		slots, standings = append(slots, slot), append(standings, one)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read slots: %w", err)
	}
	return slots, standings, nil
}
