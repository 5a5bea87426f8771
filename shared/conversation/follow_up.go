package conversation

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// Bounds on the answers of one call.
const (
	maxAnswers = 200
	maxWords   = 64 << 10 // bytes of one answer
	maxReply   = 256 << 10
)

// FollowUp takes in a person's answers and returns the next batch. Without
// answers it returns the batch that is waiting. Without a conversation_id the
// messages open a new conversation.
func (s *Service) FollowUp(ctx context.Context, in FollowUpInput) (Turn, error) {
	if err := s.checkUser(in.UserID); err != nil {
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
	said := strings.Join(saidBy(in.PreviousMessages), "\n")
	if said == "" {
		return Turn{}, fault.Invalidf("conversation_id", "is missing; give it, or previous_messages with what the person said to open a new conversation")
	}
	return s.Ask(ctx, AskInput{Context: said, UserID: in.UserID, PreviousMessages: in.PreviousMessages})
}

// follow advances a conversation by what a call brings. call is the tool's
// whole input, which identifies a repeated call.
func (s *Service) follow(ctx context.Context, tool string, call any, in FollowUpInput, batchSize int) (Turn, error) {
	if err := checkFollowUp(in, batchSize); err != nil {
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
	var rec *record
	var stored *change
	err = s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		stored = nil
		var earlier *replay
		var err error
		rec, earlier, err = find(ctx, tx, in.ConversationID, in.UserID, id)
		if err != nil {
			return err
		}
		// Words and answers that name no question say something new once other
		// questions are open.
		named := (text == "" || len(said.numbers) > 0) && !allUnnamed(in.Answers)
		if earlier != nil && (named || earlier.revision == rec.revision) {
			err := json.Unmarshal(earlier.result, &turn)
			turn.repeats = !named && len(turn.Questions) > 0
			return err
		}
		if batchSize != 0 {
			rec.interview.Limits.BatchSize = batchSize
		}
		if err := s.prepare(ctx, tx, rec); err != nil {
			return err
		}
		c := change{before: snapshot(rec.interview), fingerprint: id}
		t, err := s.takeIn(ctx, tx, rec, said, &c)
		if err != nil {
			return err
		}
		c.batch = rec.interview.Next()
		c.completed = c.batch.Stop != nil && rec.stopReason == nil
		if len(c.answers) == 0 && c.batch.New == 0 && reflect.DeepEqual(c.before.SlotStates, rec.interview.SlotStates) {
			turn = newTurn(rec, c.batch, t)
			return nil
		}
		rec.revision++
		turn = newTurn(rec, c.batch, t)
		if c.result, err = json.Marshal(turn); err != nil {
			return fmt.Errorf("encode result: %w", err)
		}
		if text != "" {
			c.messages = latest(tail(in.PreviousMessages))
		}
		stored = &c
		return rec.advance(ctx, tx, c)
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

func checkFollowUp(in FollowUpInput, batchSize int) error {
	if err := checkID(in.ConversationID); err != nil {
		return err
	}
	if batchSize < 0 || batchSize > MaxBatchSize {
		return fault.Invalidf("batch_size", "must be from 1 to %d", MaxBatchSize)
	}
	if len(in.Answers) > maxAnswers {
		return fault.Invalidf("answers", "has %d answers, at most %d are allowed", len(in.Answers), maxAnswers)
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
	return checkMessages(in.PreviousMessages)
}

func checkAnswer(a AnswerInput) error {
	switch a.Outcome {
	case "", questioning.Answered:
		if a.Value == nil && strings.TrimSpace(a.Text) == "" {
			return fault.Invalidf("", "needs a value or a text, or an outcome of unknown, declined or not_applicable")
		}
	case questioning.Unknown, questioning.Declined, questioning.NotApplicable:
		if a.Value != nil {
			return fault.Invalidf("value", "goes with the outcome answered only, not with %s", a.Outcome)
		}
	default:
		return fault.Invalidf("outcome", "%q is not known; answered, unknown, declined and not_applicable are", a.Outcome)
	}
	if len(a.Text) > maxWords {
		return fault.Invalidf("text", "has %d bytes, at most %d are allowed", len(a.Text), maxWords)
	}
	return nil
}

// tail returns the messages at the end that the person wrote since the
// assistant last spoke: the reply.
func tail(messages []Message) []Message {
	start := len(messages)
	for start > 0 && messages[start-1].Role == "user" {
		start--
	}
	return messages[start:]
}

func replyText(messages []Message) string {
	var parts []string
	for _, m := range tail(messages) {
		if text := strings.TrimSpace(m.Content); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "\n")
}
