package conversation

import (
	"context"
	"log/slog"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Proposed is the playbook of conversations whose slots a model proposed.
const Proposed = "proposed"

// propose asks the model for the slots of a goal that no playbook fits; nil when there
// is no model or it gives nothing of use in time. The person's texts are passed so that
// the model does not propose what they already say.
func (s *Service) propose(ctx context.Context, goal string, chat []Message) []questioning.Slot {
	if s.model == nil {
		return nil
	}
	slots, err := s.model.ProposeSlots(ctx, goal, personTexts(chat))
	if err != nil {
		slog.WarnContext(ctx, "no slots proposed", "error", err)
		return nil
	}
	return slots
}

// wording puts the new questions of one call into the person's language, when a
// model can. Whatever fails, the plain questions stand.
//
// It comes before the result is rendered and saved, so that a question has one
// text: in the result, in its event and when the call is repeated. An answer
// therefore waits for the model, at most MODEL_TIMEOUT and not at all while the
// model is down, but it does not depend on it: it is saved even when the caller
// has given up meanwhile. Nothing is locked while the model is asked, and an
// attempt that starts over uses what the first one got.
type wording struct {
	model Model             // nil for none
	tried bool              // by the first attempt; a later one holds a lock, and does not wait for a model
	texts map[string]string // by the plain text
}

// put words the questions that a change adds.
func (w *wording) put(ctx context.Context, c *conversation, change *store.Change) {
	fresh := c.State.Open[len(c.State.Open)-change.Batch.New:]
	first := !w.tried
	w.tried = true
	if w.model == nil || len(fresh) == 0 {
		return
	}
	if first {
		w.ask(ctx, c, change, fresh)
	}
	for i, q := range fresh {
		if text, ok := w.texts[q.Text]; ok {
			fresh[i].Text = text
		}
	}
	copy(change.Batch.Questions, c.State.Open) // the batch is what is open, the first of it
}

func (w *wording) ask(ctx context.Context, c *conversation, change *store.Change, fresh []questioning.Question) {
	in := Wording{Goal: c.Goal, Said: personTexts(loaded(change.Messages))}
	for _, a := range change.Answers {
		in.Said = append(in.Said, a.Words)
	}
	for _, q := range fresh {
		in.Questions = append(in.Questions, q.Text)
	}
	texts, err := w.model.Rephrase(ctx, in)
	if err != nil {
		slog.WarnContext(ctx, "questions not reworded", "error", err)
		return
	}
	w.texts = map[string]string{}
	for i, text := range texts {
		w.texts[in.Questions[i]] = text
	}
}
