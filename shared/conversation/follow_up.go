package conversation

import (
	"context"
	"fmt"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// FollowUpInput is a person's answers: typed by the client's model, in the person's
// words, or both. Without either it asks what is waiting.
type FollowUpInput struct {
	ConversationID   string        `json:"conversation_id,omitempty"`
	UserID           string        `json:"user_id,omitempty" jsonschema:"Who answered."`
	Answers          []AnswerInput `json:"answers,omitempty" jsonschema:"One for each thing said."`
	PreviousMessages []Message     `json:"previous_messages,omitempty" jsonschema:"Or the chat, ending with the reply."`
	Stop             bool          `json:"stop,omitempty" jsonschema:"No more questions are wanted."`
}

// maxReply bounds, in bytes, what is read of the person's last messages. The parser
// takes less than 100 ms for as much.
const maxReply = 256 << 10

// FollowUp records a person's answers and returns the next batch. Without
// answers it returns the batch that is waiting. Without a conversation_id the
// messages open a new conversation.
func (s *Service) FollowUp(ctx context.Context, in FollowUpInput) (Turn, error) {
	if in.ConversationID == "" {
		return s.openFromMessages(ctx, in)
	}
	return s.Continue(ctx, Continuation{FollowUpInput: in, Tool: followUpTool, Call: in})
}

// openFromMessages opens a conversation about what the person said: for clients that
// know one tool only. What the person wrote becomes the goal as it stands; nothing in
// it is taken for an answer before it was asked.
func (s *Service) openFromMessages(ctx context.Context, in FollowUpInput) (Turn, error) {
	if err := s.CheckUser(in.UserID); err != nil {
		return Turn{}, err
	}
	if len(in.Answers) > 0 {
		return Turn{}, fault.Invalidf("conversation_id", "is needed to answer; previous_messages alone open a new conversation")
	}
	goal := strings.Join(personTexts(in.PreviousMessages), "\n")
	if goal == "" {
		return Turn{}, fault.Invalidf("conversation_id", "is missing; give it, or previous_messages with what the person said to open a new conversation")
	}
	return s.open(ctx, AskInput{Context: goal, UserID: in.UserID, PreviousMessages: in.PreviousMessages})
}

// Continuation is the next step of an open conversation.
type Continuation struct {
	FollowUpInput
	Known     []Known // what the client's model read elsewhere in the chat
	Playbook  string  // asks by this one, while nothing is answered; empty for the one that serves
	BatchSize int     // questions at once; 0 for as many as the conversation asks
	Resume    bool    // asks on where asking was over although something wanted is open
	// Direct says that no model stands between the person and this call, as with a form:
	// what cannot be read is put to the person again at once.
	Direct bool
	// Tool and Call, the tool's whole input, identify a call: the same again changes
	// nothing.
	Tool string
	Call any
}

// Continue records what a step says and returns the next batch: FollowUp for a tool
// that leads conversations itself. Its errors name the argument
// (fault.Invalid), or are safe to retry (fault.Unavailable).
func (s *Service) Continue(ctx context.Context, c Continuation) (Turn, error) {
	if err := s.CheckUser(c.UserID); err != nil {
		return Turn{}, err
	}
	if err := checkFollowUp(c.FollowUpInput); err != nil {
		return Turn{}, err
	}
	// A playbook's name is checked here, before anything is loaded. Whether the
	// conversation can still change its playbook is known only then: see replace.
	f := &followUp{Service: s, Continuation: c}
	if c.Playbook != "" {
		choice, err := s.choose("", c.Playbook)
		if err != nil {
			return Turn{}, err
		}
		f.choice = &choice
	}
	text := replyText(c.PreviousMessages)
	if len(text) > maxReply {
		return Turn{}, fault.Invalidf("previous_messages", "the person's last messages have %d bytes, at most %d are read", len(text), maxReply)
	}
	f.reply = reply{answers: c.Answers, text: text, numbers: parse.QuestionNumbers(text), asked: askedText(c.PreviousMessages)}
	var err error
	if f.fingerprint, err = fingerprint(c.Tool, c.Call); err != nil {
		return Turn{}, err
	}
	err = s.advance(ctx, f)
	return f.turn, err
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

// followUp is a call that says something, or names another playbook. One value serves
// every attempt of a call. What an attempt finds out is kept in the last fields, which
// record sets again.
type followUp struct {
	*Service
	Continuation
	choice      *playbook.Choice // nil to ask by the one that serves
	reply       reply
	fingerprint []byte

	replaced bool     // the playbook, by this call
	chat     []Unread // what the goal and the chat name of its slots and was not read
	summary  summary
	turn     Turn
}

func (f *followUp) target() (id, userID string, named store.Named) {
	return f.ConversationID, f.UserID, store.Named{
		Fingerprint: f.fingerprint, Questions: f.reply.named(f.ConversationID), Messages: f.choice != nil,
	}
}

// returned is false for words and answers that name no question: they say
// something new once other questions are open.
func (f *followUp) returned(c *conversation) (bool, error) {
	named := (f.reply.text == "" || len(f.reply.numbers) > 0) && !allUnnamed(f.Answers)
	if f.replaces(c) || !named && c.Earlier.Revision != c.Revision {
		return false, nil
	}
	var err error
	f.turn, err = restoredTurn(c.Earlier.Result)
	if !named && len(f.turn.Questions) > 0 {
		f.turn.repeat()
	}
	return true, err
}

// replaces reports a call that names another playbook than the one that serves. Naming
// the one that serves changes nothing, so a client may name it with every call.
func (f *followUp) replaces(c *conversation) bool {
	return f.choice != nil && f.choice.Playbook.Name != c.Playbook
}

// record reads and records the reply. Another playbook replaces the slots instead, and
// then a reply has nothing to answer: the call's text is part of the chat, which is
// read for the new slots.
func (f *followUp) record(ctx context.Context, tx *store.Tx, c *conversation, change *store.Change) (err error) {
	if f.BatchSize != 0 {
		c.State.Limits.BatchSize = f.BatchSize
	}
	var says parsed
	f.chat = nil
	if f.summary, f.replaced = (summary{}), f.replaces(c); f.replaced {
		if err := f.replace(ctx, tx, c, change); err != nil {
			return err
		}
	} else {
		if err := f.start(ctx, tx, c, change); err != nil {
			return err
		}
		if f.reply.text != "" {
			change.Messages = stored(tail(f.PreviousMessages))
		}
		if says, err = c.parse(f.reply, f.parseContext(c.State)); err != nil {
			return err
		}
	}
	// Known values are read after a replacement too: they may be about the new slots.
	known, err := c.parseKnown(f.Known, f.parseContext(c.State))
	if err != nil {
		return err
	}
	// An ended conversation still takes answers; asking continues only when the call says so.
	if f.Resume {
		c.State.Resume()
	}
	if f.summary, err = c.record(ctx, tx, says.and(known), change); err != nil {
		return err
	}
	f.summary.add(f.chat, c.State)
	if f.Stop || says.ended {
		c.State.End()
	}
	return nil
}

// replace asks an open conversation by another playbook, while nothing is answered: its
// slots and questions are others, and what the goal and the chat tell is assumed again.
// Questions keep counting up, as those before were put. Messages of the chat are read
// again from the store as well as from the call, since a client may send only its
// latest.
func (f *followUp) replace(ctx context.Context, tx *store.Tx, c *conversation, change *store.Change) error {
	switch {
	case c.Playbook == "":
		return fault.Invalidf("playbook", "the conversation was opened with information_needed; leave it out, or open another")
	case c.State.Answered > 0:
		return fault.Invalidf("playbook", "is settled once an answer is recorded; leave it out, or leave conversation_id out to open another conversation")
	}
	old := c.State
	slots := f.choice.Playbook.For(c.Goal, messages.In(old.Language).Language())
	c.Playbook, c.SchemaKey = f.choice.Playbook.Name, schemaKeyOf(f.choice.Playbook.Name, nil)
	c.State, f.chat = f.begin(c.Goal, old.Language, slots, old.Limits, append(loaded(c.Messages), latest(f.PreviousMessages)...))
	c.State.Asked = old.Asked
	change.Replaced, change.Messages = true, stored(f.PreviousMessages)
	return f.start(ctx, tx, c, change)
}

// said leaves out what is unread where nobody can read it before the person is asked
// again.
func (f *followUp) said() summary {
	said := f.summary
	if f.Direct {
		said.unread = nil
	}
	return said
}

func (f *followUp) render(c *conversation, change *store.Change) any {
	f.turn = newTurn(c, change, f.summary)
	if f.choice != nil {
		f.turn.Metadata.Playbook = c.Playbook
	}
	if f.replaced {
		f.turn.Metadata.PlaybookReason = f.choice.Reason
		f.turn.OpenSlots = c.openSlots()
	}
	f.turn.advise(f.replaced)
	return f.turn.kept()
}
