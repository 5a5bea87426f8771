package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
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
func (s *Service) reword(ctx context.Context, rec *conversation, c store.Change, turn *Turn) {
	if !s.model.Asks() || c.Batch.New == 0 || len(turn.Questions) == 0 {
		return
	}
	fresh := turn.Questions[len(turn.Questions)-min(c.Batch.New, len(turn.Questions)):]
	wording := model.Wording{Goal: rec.Goal, Said: personTexts(messagesOf(c.Messages))}
	for _, a := range c.Answers {
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
	if err := s.keepWording(ctx, rec.ID, numbers, texts, c.Fingerprint, reworded); err != nil {
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
	return unavailable(s.store.SaveWording(ctx, id, numbers, texts, fingerprint, result))
}
