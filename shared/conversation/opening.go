package conversation

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/language"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/slotspec"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// AskInput opens a conversation, or continues one.
type AskInput struct {
	Context           string          `json:"context" jsonschema:"The goal."`
	UserID            string          `json:"user_id,omitempty" jsonschema:"Who is asked; only this keeps people apart."`
	SessionID         string          `json:"session_id,omitempty"`
	ConversationID    string          `json:"conversation_id,omitempty" jsonschema:"Continue this one."`
	PreviousMessages  []Message       `json:"previous_messages,omitempty" jsonschema:"The chat so far."`
	Known             []Known         `json:"known,omitempty" jsonschema:"What the chat tells."`
	Metadata          map[string]any  `json:"metadata,omitempty"`
	InformationNeeded json.RawMessage `json:"information_needed,omitempty" jsonschema:"Slots, or a JSON Schema object; left out, a playbook serves."`
	Playbook          string          `json:"playbook,omitempty" jsonschema:"Asks by this one."`
	BatchSize         int             `json:"batch_size,omitempty" jsonschema:"Questions at once, 1 to 10 (3)."`
	MaxQuestions      int             `json:"max_questions,omitempty" jsonschema:"Stop after so many."`
	Language          string          `json:"language,omitempty" jsonschema:"Such as de."`

	// Direct says that no model stands between the person and this call: see Continuation.
	Direct bool `json:"-"`
}

// Bounds on an opening that no schema can state: JSON Schema counts characters.
// 64 KiB is a long document as a goal, and 256 KiB more schema than a person can answer.
const (
	maxContext  = 64 << 10  // bytes
	maxMetadata = 16 << 10  // bytes
	maxNeeded   = 256 << 10 // bytes
)

// open opens a conversation and returns its first batch of questions. Where an
// identical call opened one before, it returns what that call returned.
//
// Everything slow or optional comes before the transaction: the model that proposes
// slots or words questions, and memory. What is opened is therefore stored whole, in
// one transaction without a pause.
func (s *Service) open(ctx context.Context, in AskInput) (Turn, error) {
	if err := s.checkOpening(in); err != nil {
		return Turn{}, err
	}
	o, err := s.opening(ctx, in)
	if err != nil {
		return Turn{}, err
	}
	earlier, err := s.store.Open(ctx, &o.Opening)
	var notKept *store.NotKeptError
	switch {
	case errors.Is(err, store.ErrForeignSession):
		return Turn{}, fault.Invalidf("session_id", "belongs to another user; leave it out to start a new one")
	case errors.Is(err, store.ErrOtherCall):
		return Turn{}, fault.Invalidf("metadata.idempotency_key", "was used for another call; give a new one")
	case errors.As(err, &notKept):
		return Turn{}, fault.Invalidf("metadata.idempotency_key", "opened conversation %s, whose first result is no longer kept; "+
			"continue it with sequential_questioning_follow_up and that conversation_id, or give a new key to open another", notKept.ConversationID)
	case err != nil:
		return Turn{}, unavailable(err)
	case earlier != nil:
		return restoredTurn(earlier)
	}
	s.metrics.opened(ctx, o.Playbook)
	s.announce(ctx, o.Change)
	return o.turn, nil
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
	if _, err := language.Parse(in.Language); in.Language != "" && err != nil {
		return fault.Invalidf("language", "%q is no language tag; de and pt-BR are", in.Language)
	}
	return nil
}

// opening is what a new conversation starts from.
type opening struct {
	store.Opening
	language     string   // as a BCP 47 tag, empty where it is not known
	reason       string   // why the slots are these
	alternatives []string // playbooks that would serve too
	warnings     []string // about information_needed
	turn         Turn
}

// opening takes a new conversation as far as any other call: parse → record → plan →
// word → render. The order in which things become known is that of their strength: what
// the goal and the chat tell is assumed first, what the client's model knows is an
// answer and replaces it, and memory fills only what is still open. It writes nothing.
// Only the model, memory and the statistics are asked, and each of them may fail
// without failing the call, but for the statistics: without the database there is
// nothing to open.
func (s *Service) opening(ctx context.Context, in AskInput) (*opening, error) {
	o := &opening{language: in.Language}
	if o.language == "" { // what the person's own words are in; empty where they do not tell
		o.language = parse.Language(strings.Join(openingTexts(in.Context, in.PreviousMessages), "\n"))
	}
	slots, err := s.slots(ctx, in, o)
	if err != nil {
		return nil, err
	}
	if err := s.identify(o, in); err != nil {
		return nil, err
	}
	o.UserID, o.Goal, o.Revision, o.Messages = in.UserID, in.Context, 1, stored(in.PreviousMessages)
	limits := questioning.Limits{BatchSize: cmp.Or(in.BatchSize, s.config.BatchSize), MaxQuestions: cmp.Or(in.MaxQuestions, s.config.MaxQuestions)}
	var unread []Unread
	o.State, unread = s.begin(in.Context, o.language, slots, limits, in.PreviousMessages)
	c := &conversation{&store.Loaded{Conversation: &o.Conversation}}
	if err := s.prepare(ctx, s.store, c); err != nil {
		return nil, unavailable(err)
	}
	says, err := c.parseKnown(in.Known, s.parseContext(o.State))
	if err != nil {
		return nil, err
	}
	counted, err := c.apply(says, nil, &o.Change)
	if err != nil {
		return nil, err
	}
	counted.add(unread, c.State)
	if in.Direct {
		counted.unread = nil // the person is asked
	}
	var memory string
	// Last, since it fills only what is still open.
	o.AssumedFrom, memory = s.remember(ctx, o.State, in.UserID)
	c.plan(&o.Change, counted)
	if o.Completed {
		o.StopReason = string(o.Batch.Stop.Reason)
	}
	(&wording{model: s.model}).put(ctx, c, &o.Change)
	o.turn = newTurn(c, &o.Change, counted)
	o.turn.SessionID, o.turn.Metadata.Playbook, o.turn.OpenSlots = o.SessionID, o.Playbook, c.openSlots()
	o.turn.advise(o.Playbook != "" || len(in.Known) == 0)
	o.turn.Metadata.PlaybookReason, o.turn.Metadata.PlaybookAlternatives = o.reason, o.alternatives
	o.turn.Metadata.Memory, o.turn.Metadata.Warnings = memory, o.warnings
	o.Result, err = json.Marshal(o.turn.kept())
	return o, err
}

// slots are what the caller names, those of the playbook that the caller names or that
// fits the goal, or what a model proposes. The order is that of how sure they are to be
// what is wanted. A model is asked only where nothing but the generic playbook fits.
func (s *Service) slots(ctx context.Context, in AskInput, o *opening) ([]questioning.Slot, error) {
	if in.InformationNeeded != nil {
		if in.Playbook != "" {
			return nil, fault.Invalidf("playbook", "goes without information_needed; leave one of them out")
		}
		return s.read(ctx, in, o)
	}
	choice, err := s.choose(in.Context, in.Playbook)
	if err != nil {
		return nil, err
	}
	o.Playbook, o.reason, o.alternatives = choice.Playbook.Name, choice.Reason, choice.Alternatives
	if choice.Playbook.Name == playbook.Generic && in.Playbook == "" {
		if slots := s.propose(ctx, in.Context, in.PreviousMessages); slots != nil {
			o.Playbook, o.reason = Proposed, choice.Reason+" A model proposed what to ask for."
			return slots, nil
		}
	}
	// Proposed slots have no schema key: no two proposals are alike, so nothing can be
	// learnt from one for another.
	o.SchemaKey = schemaKeyOf(o.Playbook, nil)
	return choice.Playbook.For(in.Context, messages.In(o.language).Language()), nil
}

// read takes the slots that the caller names. A JSON Schema is compiled here as well,
// though only the report needs it: a schema that cannot be compiled is refused before
// anybody is asked anything.
func (s *Service) read(ctx context.Context, in AskInput, o *opening) ([]questioning.Slot, error) {
	read, err := s.needed.of(ctx, in.InformationNeeded)
	var problem *slotspec.Error
	if errors.As(err, &problem) {
		return nil, fault.Within("information_needed", &fault.Invalid{Field: problem.Path, Problem: problem.Problem})
	}
	if err != nil {
		return nil, err
	}
	o.Needed, o.SchemaKey, o.warnings = in.InformationNeeded, read.schemaKey, slices.Clip(read.Warnings)
	return slices.Clone(read.Slots), nil
}

// identify gives the conversation its ids, and finds what tells a repeated
// opening call from another one: an idempotency key, or the same arguments
// from the same user or session while nothing has been answered. A key is the
// user's alone where every call names its user.
func (s *Service) identify(o *opening, in AskInput) error {
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
		if s.config.RequireUser {
			o.OpenedBy = digest([]byte("key"), []byte(text), []byte(in.UserID))
		}
	case in.UserID != "" || in.SessionID != "":
		o.OpenedBy = digest([]byte("call"), o.Fingerprint)
	}
	return nil
}
