package conversation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// choose returns the playbook that is named, or else the one that fits the goal.
func (s *Service) choose(goal, name string) (playbook.Choice, error) {
	if name == "" {
		return s.playbooks.Choose(goal), nil
	}
	choice, found := s.playbooks.Named(name, goal)
	if !found {
		return choice, fault.Invalidf("playbook", "%q is not known; %s are", name, strings.Join(s.playbooks.Names(), ", "))
	}
	return choice, nil
}

// changePlaybook asks an open conversation by another playbook, while nothing is
// answered: its slots and questions are replaced, and what the goal and the chat
// tell is assumed again. Questions keep counting up, as those before were put.
// With the playbook that serves already it is follow.
func (s *Service) changePlaybook(ctx context.Context, tool string, call any, in FollowUpInput, name string, batchSize int) (Turn, error) {
	if err := checkFollowUp(in); err != nil {
		return Turn{}, err
	}
	choice, err := s.choose("", name)
	if err != nil {
		return Turn{}, err
	}
	id, err := fingerprint(tool, call)
	if err != nil {
		return Turn{}, err
	}
	var o *opening
	err = s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		rec, _, err := find(ctx, tx, in.ConversationID, in.UserID, id)
		if err != nil {
			return err
		}
		switch {
		case rec.playbook != nil && *rec.playbook == name:
			o = nil
			return nil
		case rec.playbook == nil:
			return fault.Invalidf("playbook", "the conversation was opened with information_needed; leave it out, or open another")
		case rec.interview.Answered > 0:
			return fault.Invalidf("playbook", "is settled once an answer is recorded; leave it out, or leave conversation_id out to open another conversation")
		}
		o = &opening{record: *rec, language: rec.interview.Language}
		o.fingerprint = id
		if batchSize != 0 {
			o.interview.Limits.BatchSize = batchSize
		}
		return s.replace(ctx, tx, o, choice, in)
	})
	if err != nil {
		return Turn{}, err
	}
	if o == nil {
		return s.follow(ctx, tool, call, in, batchSize)
	}
	s.stored(ctx, &o.record, o.change, &o.turn)
	return o.turn, nil
}

// replace plans an open conversation by another playbook and stores that.
func (s *Service) replace(ctx context.Context, tx pgx.Tx, o *opening, choice playbook.Choice, in FollowUpInput) error {
	said, err := messagesOf(ctx, tx, o.id)
	if err != nil {
		return err
	}
	old := o.interview
	o.playbook, o.form = &choice.Playbook.Name, formOf(&choice.Playbook.Name, nil)
	o.interview = questioning.New(o.goal, choice.Playbook.For(o.goal, messages.In(old.Language).Language()), old.Limits)
	o.interview.Language, o.interview.Asked = old.Language, old.Asked
	assume(o.interview, openingTexts(o.goal, append(said, latest(in.PreviousMessages)...)), s.reading(o.interview))
	if err := s.prepare(ctx, tx, &o.record); err != nil {
		return err
	}
	o.before = snapshot(o.interview)
	o.batch = o.interview.Next()
	o.completed = o.batch.Stop != nil && o.stopReason == nil
	o.revision++
	o.messages = latest(in.PreviousMessages)
	o.turn = newTurn(&o.record, o.batch, tally{})
	o.turn.Metadata.PlaybookReason = choice.Reason
	if o.result, err = json.Marshal(o.turn); err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE conversations SET playbook = $2, form = $3 WHERE id = $1`, o.id, o.playbook, o.form)
	batch.Queue(`DELETE FROM slots WHERE conversation_id = $1`, o.id) // and the questions for them
	for i, slot := range o.interview.Slots {
		if err := queueSlot(batch, o.id, i, slot, o.interview.SlotStates[i], ""); err != nil {
			return err
		}
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("replace the playbook: %w", err)
	}
	return o.advance(ctx, tx, o.change)
}

// messagesOf are the messages kept of a conversation, in their order.
func messagesOf(ctx context.Context, tx pgx.Tx, id string) ([]Message, error) {
	rows, _ := tx.Query(ctx, `SELECT role, content, sent_at FROM messages WHERE conversation_id = $1 ORDER BY revision, position`, id)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Message])
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return all, nil
}
