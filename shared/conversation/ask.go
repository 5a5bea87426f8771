package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/slotspec"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// AskInput opens a conversation, or continues one.
type AskInput struct {
	Context           string          `json:"context" jsonschema:"The goal, and what is known already: a line 'Budget: 500' each is not asked for."`
	UserID            string          `json:"user_id,omitempty" jsonschema:"Who is asked; only this keeps people apart."`
	SessionID         string          `json:"session_id,omitempty"`
	ConversationID    string          `json:"conversation_id,omitempty" jsonschema:"Continue this one."`
	PreviousMessages  []Message       `json:"previous_messages,omitempty" jsonschema:"The chat so far."`
	Metadata          map[string]any  `json:"metadata,omitempty"`
	InformationNeeded json.RawMessage `json:"information_needed,omitempty" jsonschema:"What to gather: slots, or a JSON Schema object. Left out, a playbook serves."`
	Playbook          string          `json:"playbook,omitempty" jsonschema:"Asks by this one."`
	BatchSize         int             `json:"batch_size,omitempty" jsonschema:"Questions at once, 1 to 10 (3)."`
	MaxQuestions      int             `json:"max_questions,omitempty" jsonschema:"Stop after so many."`
	Language          string          `json:"language,omitempty" jsonschema:"The person's, such as de."`
}

// Bounds on an opening that no schema can state: JSON Schema counts characters.
const (
	maxContext  = 64 << 10  // bytes
	maxMetadata = 16 << 10  // bytes
	maxNeeded   = 256 << 10 // bytes
)

// opening is what a new conversation starts from.
type opening struct {
	store.Opening
	language     string   // as a BCP 47 tag, empty where it is not known
	alternatives []string // playbooks that would serve too
	warnings     []string // about information_needed
	turn         Turn
}

func (o *opening) loaded() *conversation { return &conversation{&o.Conversation} }

// Ask opens a conversation and returns its first batch of questions. With a
// conversation_id it continues that one, as FollowUp does.
func (s *Service) Ask(ctx context.Context, in AskInput) (Turn, error) {
	if err := s.CheckUser(in.UserID); err != nil {
		return Turn{}, err
	}
	if string(in.InformationNeeded) == "null" {
		in.InformationNeeded = nil
	}
	if strings.TrimSpace(in.Context) == "" {
		return Turn{}, fault.Invalidf("context", "is empty; say what the information is for")
	}
	if in.ConversationID != "" {
		return s.continueOpen(ctx, in)
	}
	o, err := s.opening(ctx, in)
	if err != nil {
		return Turn{}, err
	}
	earlier, err := s.store.Open(ctx, &o.Opening)
	switch {
	case errors.Is(err, store.ErrForeignSession):
		return Turn{}, fault.Invalidf("session_id", "belongs to another user; leave it out to start a new one")
	case errors.Is(err, store.ErrOtherCall):
		return Turn{}, fault.Invalidf("metadata.idempotency_key", "was used for another call; give a new one")
	case err != nil:
		return Turn{}, unavailable(err)
	case earlier != nil:
		var turn Turn
		err := json.Unmarshal(earlier, &turn)
		return turn, err
	}
	s.metrics.opened(ctx, o.Playbook)
	s.stored(ctx, o.loaded(), o.Change, &o.turn)
	return o.turn, nil
}

// continueOpen serves Ask on a conversation that is already open.
func (s *Service) continueOpen(ctx context.Context, in AskInput) (Turn, error) {
	switch {
	case in.InformationNeeded != nil:
		return Turn{}, fault.Invalidf("information_needed", "is settled when a conversation opens; leave it out, or leave conversation_id out to open another")
	case in.MaxQuestions != 0:
		return Turn{}, fault.Invalidf("max_questions", "is settled when a conversation opens; leave it out")
	case in.Language != "":
		return Turn{}, fault.Invalidf("language", "is settled when a conversation opens; leave it out")
	}
	said := FollowUpInput{ConversationID: in.ConversationID, UserID: in.UserID, PreviousMessages: in.PreviousMessages}
	if in.Playbook != "" {
		return s.changePlaybook(ctx, "sequential_questioning", in, said, in.Playbook, in.BatchSize)
	}
	return s.follow(ctx, "sequential_questioning", in, said, in.BatchSize)
}

// opening checks the input of a new conversation and plans its first batch.
func (s *Service) opening(ctx context.Context, in AskInput) (*opening, error) {
	if err := s.checkOpening(in); err != nil {
		return nil, err
	}
	limits := questioning.Limits{
		BatchSize: s.config.BatchSize, MaxQuestions: s.config.MaxQuestions, MinBits: minBits, Confidence: s.config.Confidence,
	}
	if in.BatchSize != 0 {
		limits.BatchSize = in.BatchSize
	}
	if in.MaxQuestions != 0 {
		limits.MaxQuestions = in.MaxQuestions
	}
	o := &opening{language: languageOf(in)}
	o.UserID = in.UserID
	slots, why, err := s.slots(ctx, in, o)
	if err != nil {
		return nil, err
	}
	o.State = questioning.New(in.Context, slots, limits)
	o.State.Language = o.language
	assume(o.State, openingTexts(in.Context, in.PreviousMessages), s.reading(o.State))
	var remembered string
	o.AssumedFrom, remembered = s.remember(ctx, o.State, in.UserID)
	if o.State.Statistics, err = s.readStatistics(ctx, o.SchemaKey, in.UserID); err != nil {
		return nil, err
	}
	keyOf := ""
	if s.config.RequireUser {
		keyOf = in.UserID
	}
	if err := o.identify(in, keyOf); err != nil {
		return nil, err
	}
	o.Goal, o.Revision, o.Messages = in.Context, 1, keptOf(in.PreviousMessages)
	o.Batch = o.State.Next()
	if o.Completed = o.Batch.Stop != nil; o.Completed {
		o.StopReason = string(o.Batch.Stop.Reason)
	}
	o.turn = newTurn(o.loaded(), o.Batch, tally{})
	o.turn.Metadata.PlaybookReason, o.turn.Metadata.Memory = why, remembered
	o.turn.Metadata.PlaybookAlternatives, o.turn.Metadata.Warnings = o.alternatives, o.warnings
	o.Result, err = json.Marshal(o.turn)
	return o, err
}

// checkOpening holds an opening against what its schema cannot state.
func (s *Service) checkOpening(in AskInput) error {
	switch {
	case len(in.Context) > maxContext:
		return fault.Invalidf("context", "has %d bytes, at most %d are allowed", len(in.Context), maxContext)
	case in.MaxQuestions > s.config.MaxQuestions:
		return fault.Invalidf("max_questions", "is %d, at most %d are allowed here", in.MaxQuestions, s.config.MaxQuestions)
	case len(in.InformationNeeded) > maxNeeded:
		return fault.Invalidf("information_needed", "has %d bytes, at most %d are allowed", len(in.InformationNeeded), maxNeeded)
	}
	return checkLanguage(in.Language)
}

// slots are what the caller names, those of the playbook that the caller names or
// that fits the goal, or what a model proposes, and why they were taken.
func (s *Service) slots(ctx context.Context, in AskInput, o *opening) ([]questioning.Slot, string, error) {
	if in.InformationNeeded != nil {
		if in.Playbook != "" {
			return nil, "", fault.Invalidf("playbook", "goes without information_needed; leave one of them out")
		}
		slots, err := o.read(ctx, in)
		return slots, "", err
	}
	choice, err := s.choose(in.Context, in.Playbook)
	if err != nil {
		return nil, "", err
	}
	o.Playbook, o.alternatives = choice.Playbook.Name, choice.Alternatives
	if choice.Playbook.Name == playbook.Generic && in.Playbook == "" {
		if slots := s.propose(ctx, in); slots != nil {
			o.Playbook = Proposed
			return slots, choice.Reason + " A model proposed what to ask for.", nil
		}
	}
	o.SchemaKey = formOf(o.Playbook, nil)
	return choice.Playbook.For(in.Context, messages.In(o.language).Language()), choice.Reason, nil
}

// read takes what the caller names.
func (o *opening) read(ctx context.Context, in AskInput) ([]questioning.Slot, error) {
	wanted, err := slotspec.Read(ctx, in.InformationNeeded)
	if err == nil && wanted.Schema != nil {
		_, err = schema.Compile(ctx, wanted.Schema) // the report will
	}
	var problem *slotspec.Error
	if errors.As(err, &problem) {
		return nil, fault.Within("information_needed", &fault.Invalid{Field: problem.Path, Problem: problem.Problem})
	}
	if err != nil {
		return nil, err
	}
	o.Needed, o.SchemaKey, o.warnings = in.InformationNeeded, formOf("", in.InformationNeeded), wanted.Warnings
	return wanted.Slots, nil
}

// identify gives the conversation its ids, and finds what tells a repeated
// opening call from another one: an idempotency key, or the same arguments
// from the same user or session while nothing has been answered. A key is its
// owner's alone, where one is given.
func (o *opening) identify(in AskInput, keyOf string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make conversation id: %w", err)
	}
	o.ID, o.SessionID = id.String(), in.SessionID
	if o.SessionID == "" {
		o.SessionID = id.String()
	}
	if o.Fingerprint, err = fingerprint("sequential_questioning", in); err != nil {
		return err
	}
	if in.Metadata == nil {
		in.Metadata = map[string]any{}
	}
	if o.Metadata, err = json.Marshal(in.Metadata); err != nil {
		return fmt.Errorf("encode metadata: %w", err)
	}
	if len(o.Metadata) > maxMetadata {
		return fault.Invalidf("metadata", "has %d bytes, at most %d are allowed", len(o.Metadata), maxMetadata)
	}
	switch key, given := in.Metadata["idempotency_key"]; {
	case given:
		text, ok := key.(string)
		if !ok || text == "" {
			return fault.Invalidf("metadata.idempotency_key", "must be a string that is not empty")
		}
		o.OpenedBy, o.WithKey = digest([]byte("key"), []byte(text)), true
		if keyOf != "" {
			o.OpenedBy = digest([]byte("key"), []byte(text), []byte(keyOf))
		}
	case in.UserID != "" || in.SessionID != "":
		o.OpenedBy = digest([]byte("call"), o.Fingerprint)
	}
	return nil
}

// assume takes what the goal and the person's messages tell as answers to be
// corrected rather than asked for. What was said last holds.
func assume(iv *questioning.State, texts []string, c parse.Context) {
	for _, text := range texts {
		for _, part := range parse.ReadReply(text, nil, iv.Slots, c).Volunteered {
			iv.AssumeVolunteered(part.Slot, part.Value, part.Words, messages.FromContext)
		}
	}
}
