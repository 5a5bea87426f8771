package conversation

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// FollowUpInput is a person's answers.
type FollowUpInput struct {
	ConversationID   string        `json:"conversation_id,omitempty"`
	UserID           string        `json:"user_id,omitempty" jsonschema:"Who answered."`
	Answers          []AnswerInput `json:"answers,omitempty" jsonschema:"One for each thing said, also what was not asked yet."`
	PreviousMessages []Message     `json:"previous_messages,omitempty" jsonschema:"Or the chat, ending with the reply."`
}

// maxReply bounds, in bytes, what is read of the person's last messages.
const maxReply = 256 << 10

// FollowUp records a person's answers and returns the next batch. Without
// answers it returns the batch that is waiting. Without a conversation_id the
// messages open a new conversation.
func (s *Service) FollowUp(ctx context.Context, in FollowUpInput) (Turn, error) {
	if err := s.CheckUser(in.UserID); err != nil {
		return Turn{}, err
	}
	if in.ConversationID == "" {
		return s.openFromMessages(ctx, in)
	}
	return s.follow(ctx, "sequential_questioning_follow_up", in, in, 0)
}

func (s *Service) openFromMessages(ctx context.Context, in FollowUpInput) (Turn, error) {
	if len(in.Answers) > 0 {
		return Turn{}, fault.Invalidf("conversation_id", "is needed to answer; previous_messages alone open a new conversation")
	}
	said := strings.Join(personTexts(in.PreviousMessages), "\n")
	if said == "" {
		return Turn{}, fault.Invalidf("conversation_id", "is missing; give it, or previous_messages with what the person said to open a new conversation")
	}
	return s.Ask(ctx, AskInput{Context: said, UserID: in.UserID, PreviousMessages: in.PreviousMessages})
}

// Continuation is the next step of an open conversation.
type Continuation struct {
	FollowUpInput
	Playbook  string // asks by this one, while nothing is answered; empty for the one that serves
	BatchSize int    // questions at once; 0 for as many as the conversation asks
	// Tool and Call, the tool's whole input, identify a call: the same again changes
	// nothing.
	Tool string
	Call any
}

// Continue records what a step says and returns the next batch: FollowUp for a tool
// that leads conversations itself.
func (s *Service) Continue(ctx context.Context, c Continuation) (Turn, error) {
	if err := s.CheckUser(c.UserID); err != nil {
		return Turn{}, err
	}
	if c.Playbook != "" {
		return s.changePlaybook(ctx, c.Tool, c.Call, c.FollowUpInput, c.Playbook, c.BatchSize)
	}
	return s.follow(ctx, c.Tool, c.Call, c.FollowUpInput, c.BatchSize)
}

// follow advances a conversation by what a call brings. call is the tool's
// whole input, which identifies a repeated call.
func (s *Service) follow(ctx context.Context, tool string, call any, in FollowUpInput, batchSize int) (Turn, error) {
	if err := checkFollowUp(in); err != nil {
		return Turn{}, err
	}
	text := replyText(in.PreviousMessages)
	if len(text) > maxReply {
		return Turn{}, fault.Invalidf("previous_messages", "the person's last messages have %d bytes, at most %d are read", len(text), maxReply)
	}
	said := brought{in.Answers, text, parse.QuestionNumbers(text)}
	id, err := fingerprint(tool, call)
	if err != nil {
		return Turn{}, err
	}
	var turn Turn
	var rec *conversation
	var stored *store.Change
	err = s.write(ctx, func(tx *store.Tx) error {
		stored = nil
		var earlier *store.Call
		var err error
		rec, earlier, err = lock(ctx, tx, in.ConversationID, in.UserID, id)
		if err != nil {
			return err
		}
		// Words and answers that name no question say something new once other
		// questions are open.
		named := (text == "" || len(said.numbers) > 0) && !allUnnamed(in.Answers)
		if earlier != nil && (named || earlier.Revision == rec.Revision) {
			err := json.Unmarshal(earlier.Result, &turn)
			turn.repeats = !named && len(turn.Questions) > 0
			return err
		}
		if batchSize != 0 {
			rec.State.Limits.BatchSize = batchSize
		}
		if err := s.prepare(ctx, tx, rec); err != nil {
			return err
		}
		c := store.Change{Before: snapshot(rec.State), Fingerprint: id}
		t, err := s.takeIn(ctx, tx, rec, said, &c)
		if err != nil {
			return err
		}
		c.Batch = rec.State.Next()
		c.Completed = c.Batch.Stop != nil && rec.StopReason == ""
		if len(c.Answers) == 0 && c.Batch.New == 0 && reflect.DeepEqual(c.Before.SlotStates, rec.State.SlotStates) {
			turn = newTurn(rec, c.Batch, t)
			return nil
		}
		rec.Revision++
		turn = newTurn(rec, c.Batch, t)
		if c.Result, err = json.Marshal(turn); err != nil {
			return fmt.Errorf("encode result: %w", err)
		}
		if text != "" {
			c.Messages = keptOf(tail(in.PreviousMessages))
		}
		stored = &c
		return tx.Save(ctx, rec.Conversation, c)
	})
	if err == nil && stored != nil {
		s.stored(ctx, rec, *stored, &turn)
	}
	return turn, err
}

// snapshot copies what a change is measured against.
func snapshot(iv *questioning.State) *questioning.State {
	before := *iv
	before.SlotStates = append([]questioning.SlotState(nil), iv.SlotStates...)
	return &before
}

// checkFollowUp holds a call against what its schema cannot state.
func checkFollowUp(in FollowUpInput) error {
	if err := checkID(in.ConversationID); err != nil {
		return err
	}
	for i, a := range in.Answers {
		err := checkAnswer(a)
		if err == nil && a.unnamed() && !allUnnamed(in.Answers) {
			err = unnamedError("")
		}
		if err != nil {
			return fault.Within(fmt.Sprintf("answers[%d]", i), err)
		}
	}
	return nil
}
