package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Proposed is the playbook of conversations whose slots a model proposed.
const Proposed = "proposed"

// propose asks the model for the slots of a goal that no playbook fits; nil
// when there is no model or it gives nothing of use in time.
func (s *Service) propose(ctx context.Context, in AskInput) []questioning.Slot {
	if !s.model.Asks() {
		return nil
	}
	slots, err := s.model.ProposeSlots(ctx, in.Context, personTexts(in.PreviousMessages))
	if err != nil {
		slog.WarnContext(ctx, "no slots proposed", "error", err)
		return nil
	}
	return slots
}

// reword puts a turn's new questions into the person's language, when a model
// can. What was said is stored already: whatever fails, the plain questions stand.
func (s *Service) reword(ctx context.Context, rec *record, c change, turn *Turn) {
	if !s.model.Asks() || c.batch.New == 0 || len(turn.Questions) == 0 {
		return
	}
	fresh := turn.Questions[len(turn.Questions)-min(c.batch.New, len(turn.Questions)):]
	wording := model.Wording{Goal: rec.goal, Said: personTexts(c.messages)}
	for _, a := range c.answers {
		wording.Said = append(wording.Said, a.Words)
	}
	numbers := make([]int, len(fresh))
	for i, q := range fresh {
		wording.Questions = append(wording.Questions, q.QuestionText)
		numbers[i] = q.QuestionNumber
	}
	texts, err := s.model.Rephrase(ctx, wording)
	if err != nil {
		if !errors.Is(err, model.ErrNotConfigured) {
			slog.WarnContext(ctx, "questions not reworded", "error", err)
		}
		return
	}
	reworded := *turn
	reworded.Questions = append([]Question(nil), turn.Questions...)
	for i, text := range texts {
		q := &reworded.Questions[len(turn.Questions)-len(fresh)+i]
		reworded.CurrentQuestion = strings.Replace(reworded.CurrentQuestion, numberedLine(*q), numberedLine(Question{QuestionNumber: q.QuestionNumber, QuestionText: text}), 1)
		q.QuestionText = text
	}
	if err := s.keepWording(ctx, rec.id, numbers, texts, c.fingerprint, reworded); err != nil {
		slog.WarnContext(ctx, "questions not reworded", "error", err)
		return
	}
	*turn = reworded
}

// keepWording stores the texts as they are put, and what a repeated call returns.
func (s *Service) keepWording(ctx context.Context, id string, numbers []int, texts []string, fingerprint []byte, turn Turn) error {
	result, err := json.Marshal(turn)
	if err != nil {
		return err
	}
	return s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		bind(ctx, batch)
		batch.Queue(`
			UPDATE questions q SET text = w.text FROM unnest($2::integer[], $3::text[]) AS w (number, text)
			WHERE q.conversation_id = $1 AND q.number = w.number`, id, numbers, texts)
		batch.Queue(`UPDATE calls SET result = $3 WHERE conversation_id = $1 AND fingerprint = $2`, id, fingerprint, result)
		return tx.SendBatch(ctx, batch).Close()
	})
}
