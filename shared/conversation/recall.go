package conversation

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// defaultRecalled is how many answers are recalled where the call does not say: about
// as many as a model can weigh against each other.
const defaultRecalled = 10

// maxQuery bounds, in bytes, what memory is asked: it is compared by meaning, which a
// longer text would only blur.
const maxQuery = 4 << 10

// RecallInput asks for what was said earlier.
type RecallInput struct {
	Query  string `json:"query" jsonschema:"What about, in any words."`
	UserID string `json:"user_id,omitempty" jsonschema:"Who said it; left out, anybody."`
	Limit  int    `json:"limit,omitempty" jsonschema:"1 to 50 (10)."`
}

// Recalled is what was found, best first.
type Recalled struct {
	Found  []RecalledAnswer `json:"found"`
	Memory string           `json:"memory" jsonschema:"consulted, or why it was not."`
	// Warnings say what was taken differently from what was sent.
	Warnings []string `json:"warnings,omitempty" jsonschema:"What was taken differently from what was sent."`
}

// Warn adds what was taken differently from what was sent.
func (r *Recalled) Warn(notes []string) { r.Warnings = append(r.Warnings, notes...) }

// RecalledAnswer is an earlier answer and where it comes from.
type RecalledAnswer struct {
	Slot           string    `json:"slot"`
	Title          string    `json:"title"`
	QuestionText   string    `json:"question_text,omitempty"`
	Value          any       `json:"value,omitempty"`
	Words          string    `json:"words"`
	ConversationID string    `json:"conversation_id"`
	Goal           string    `json:"goal"`
	AnswerNumber   int       `json:"answer_number"`
	AnsweredAt     time.Time `json:"answered_at"`
	Score          float64   `json:"score" jsonschema:"How well it fits, beside the others."`

	kind questioning.Type // by which the text prints dates and times
}

// Text renders what was found for a person.
func (r Recalled) Text() string {
	if r.Memory != MemoryConsulted {
		return "Memory was " + r.Memory + "."
	}
	if len(r.Found) == 0 {
		return "Nothing that was said earlier is about this."
	}
	var b strings.Builder
	for i, f := range r.Found {
		fmt.Fprintf(&b, "%d. %s: %s (%s, for %s, conversation %s)\n", i+1, plain.Line(f.Title), answerText(questioning.Slot{Type: f.kind}, f.Value, f.Words, messages.English),
			f.AnsweredAt.Format("2 January 2006"), excerpt(f.Goal), plain.Line(f.ConversationID))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Recall finds earlier answers of the caller's by meaning. Memory only proposes them:
// each is held against the database before it is returned, so that nothing revised or
// forgotten is. Without memory the result is empty and says why; it is no error.
func (s *Service) Recall(ctx context.Context, in RecallInput) (Recalled, error) {
	if err := s.CheckUser(in.UserID); err != nil {
		return Recalled{}, err
	}
	switch {
	case strings.TrimSpace(in.Query) == "":
		return Recalled{}, fault.Invalidf("query", "is empty; say what about")
	case len(in.Query) > maxQuery:
		return Recalled{}, fault.Invalidf("query", "has %d bytes, at most %d are allowed", len(in.Query), maxQuery)
	case in.Limit == 0:
		in.Limit = defaultRecalled
	}
	recalled := Recalled{Found: []RecalledAnswer{}, Memory: MemoryConsulted}
	if s.memory == nil || !s.memory.Configured() {
		recalled.Memory = "not consulted: there is none (QDRANT_URL is not set)"
		return recalled, nil
	}
	found, err := s.memory.Recall(ctx, principal.From(ctx), in.UserID, in.Query, in.Limit)
	s.metrics.lookedUp(ctx, err)
	if err != nil {
		slog.WarnContext(ctx, "memory not consulted", "error", err)
		recalled.Memory = MemoryNotConsulted
		return recalled, nil
	}
	if len(found) > 0 {
		if found, err = s.holding(ctx, found); err != nil {
			return Recalled{}, err
		}
	}
	for _, f := range found {
		recalled.Found = append(recalled.Found, RecalledAnswer{
			Slot: f.Slot, Title: f.Title, QuestionText: f.Question, Value: f.Value, Words: f.Words,
			ConversationID: f.ConversationID, Goal: f.Goal, AnswerNumber: f.AnswerNumber, AnsweredAt: f.AnsweredAt.UTC(), Score: f.Score,
			kind: f.Type,
		})
	}
	return recalled, nil
}
