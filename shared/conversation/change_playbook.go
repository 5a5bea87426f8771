package conversation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
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
	err = s.write(ctx, func(tx *store.Tx) error {
		rec, _, err := lock(ctx, tx, in.ConversationID, in.UserID, id)
		if err != nil {
			return err
		}
		switch {
		case rec.Playbook == name:
			o = nil
			return nil
		case rec.Playbook == "":
			return fault.Invalidf("playbook", "the conversation was opened with information_needed; leave it out, or open another")
		case rec.State.Answered > 0:
			return fault.Invalidf("playbook", "is settled once an answer is recorded; leave it out, or leave conversation_id out to open another conversation")
		}
		o = &opening{Opening: store.Opening{Conversation: *rec.Conversation}}
		o.Fingerprint = id
		if batchSize != 0 {
			o.State.Limits.BatchSize = batchSize
		}
		return s.replace(ctx, tx, o, choice, in)
	})
	if err != nil {
		return Turn{}, err
	}
	if o == nil {
		return s.follow(ctx, tool, call, in, batchSize)
	}
	s.stored(ctx, o.loaded(), o.Change, &o.turn)
	return o.turn, nil
}

// replace plans an open conversation by another playbook and stores that.
func (s *Service) replace(ctx context.Context, tx *store.Tx, o *opening, choice playbook.Choice, in FollowUpInput) error {
	said, err := tx.Messages(ctx, o.ID)
	if err != nil {
		return err
	}
	old := o.State
	o.Playbook, o.SchemaKey = choice.Playbook.Name, formOf(choice.Playbook.Name, nil)
	o.State = questioning.New(o.Goal, choice.Playbook.For(o.Goal, messages.In(old.Language).Language()), old.Limits)
	o.State.Language, o.State.Asked = old.Language, old.Asked
	assume(o.State, openingTexts(o.Goal, append(messagesOf(said), latest(in.PreviousMessages)...)), s.reading(o.State))
	if err := s.prepare(ctx, tx, o.loaded()); err != nil {
		return err
	}
	o.Before = snapshot(o.State)
	o.Batch = o.State.Next()
	o.Completed = o.Batch.Stop != nil && o.StopReason == ""
	o.Revision++
	o.Messages = keptOf(in.PreviousMessages)
	o.turn = newTurn(o.loaded(), o.Batch, tally{})
	o.turn.Metadata.PlaybookReason = choice.Reason
	if o.Result, err = json.Marshal(o.turn); err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	return tx.ReplacePlaybook(ctx, &o.Conversation, o.Change)
}
