package automatic

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation/form"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// Ask asks the person until the conversation is complete or the person, the client or a
// limit ends it. Every question is stored before its form is returned. A form counts
// once: its state sent again changes nothing. Exactly one of the result and the form is
// set where there is no error.
func (s *Service) Ask(ctx context.Context, in Input, e elicitation.Exchange) (Result, *elicitation.Ask, error) {
	if err := s.CheckUser(in.UserID); err != nil {
		return Result{}, nil, err
	}
	c := &call{Service: s, in: in, exchange: e}
	if e.State != "" {
		if err := c.resume(ctx); err != nil {
			return Result{}, nil, err
		}
		return c.respond(ctx)
	}
	if err := c.begin(ctx); err != nil {
		return Result{}, nil, err
	}
	return c.next(ctx)
}

// call is one call of the tool. It takes several requests, one for each form. A value
// lives for one request; what has to last until the next is in progress.
type call struct {
	*Service
	in       Input
	exchange elicitation.Exchange
	at       progress
	view     conversation.View // as read at the start of this request
	turn     conversation.Turn

	unanswered bool // the form that this request brings was accepted and says nothing
}

// progress is how far a call has come, as the client carries it from form to form. The
// client cannot read or change it (requeststate), but it can send an old one again:
// whatever is done with a state has to be done once.
type progress struct {
	Conversation string         `json:"conversation"`
	Revision     int            `json:"revision"`
	Questions    []formQuestion `json:"questions"` // those on the form
	Confirm      []string       `json:"confirm"`   // slots whose assumptions are on the form
	Shown        []string       `json:"shown"`     // those of earlier forms of this call
	Round        int            `json:"round"`     // number of the form, from 1
	AskedAt      time.Time      `json:"asked_at"`
	Arguments    []byte         `json:"arguments"` // their digest
	// Unrecorded are the slots whose answers came on a form too late to be recorded, and
	// on no later form of this call: the result says so.
	Unrecorded []string `json:"unrecorded,omitempty"`
	// Unmatched are the words that were read for no slot, and Doubts say of values in
	// them why they are not recorded. No later form shows them, so the result does.
	Unmatched []string `json:"unmatched,omitempty"`
	Doubts    []string `json:"doubts,omitempty"`
}

// formQuestion is a question on a form.
type formQuestion struct {
	Number int    `json:"number"`
	Slot   string `json:"slot"`
}

// begin opens the conversation, or continues one that is open. It records what the call
// says, since a first request carries no form.
func (c *call) begin(ctx context.Context) error {
	var err error
	if c.at.Arguments, err = digest(c.in); err != nil {
		return err
	}
	if c.in.ConversationID == "" {
		c.turn, err = c.Service.Service.Ask(ctx, conversation.AskInput{
			Context: c.in.Context, UserID: c.in.UserID, SessionID: c.in.SessionID, PreviousMessages: c.in.PreviousMessages, Known: c.in.Known, Metadata: c.in.Metadata,
			InformationNeeded: c.in.InformationNeeded, Playbook: c.in.Playbook, BatchSize: c.batchSize(), Language: c.in.Language, Direct: c.exchange.Elicits,
		})
	} else {
		err = c.continueOpen(ctx)
	}
	if err != nil {
		return err
	}
	// Before refresh, which may replace the turn that has it.
	c.keepUnread()
	if c.view, err = c.View(ctx, c.turn.ConversationID, c.in.UserID); err != nil {
		return err
	}
	return c.refresh(ctx)
}

// keepUnread takes what was not read from the turn, which a later one replaces.
func (c *call) keepUnread() {
	of := &c.turn.Metadata
	if of.Unmatched != "" {
		c.at.Unmatched = append(c.at.Unmatched, plain.Excerpt(of.Unmatched, form.MaxWords))
	}
	c.at.Doubts = append(c.at.Doubts, of.Doubts...)
	of.Unmatched, of.Doubts = "", nil
}

// continueOpen records what a first call says to a conversation that is open.
func (c *call) continueOpen(ctx context.Context) error {
	const settled = "is settled when a conversation opens; leave it out, or leave conversation_id out to open another"
	switch {
	case c.in.InformationNeeded != nil:
		return fault.Invalidf("information_needed", settled)
	case c.in.Language != "":
		return fault.Invalidf("language", settled)
	}
	var err error
	c.turn, err = c.Continue(ctx, conversation.Continuation{
		FollowUpInput: conversation.FollowUpInput{ConversationID: c.in.ConversationID, UserID: c.in.UserID, PreviousMessages: c.in.PreviousMessages},
		Known:         c.in.Known, Playbook: c.in.Playbook, BatchSize: c.batchSize(), Resume: true, Direct: c.exchange.Elicits, Tool: ToolName, Call: c.in,
	})
	return err
}

// batchSize is how many questions are put at once: a form's, or the
// conversation's own where the caller puts them.
func (c *call) batchSize() int {
	if c.exchange.Elicits {
		return c.config.FormSize
	}
	return 0
}

// resume opens the state that the client carried. A state is refused where it is
// another principal's, tool's or call's, too old, or about slots that a change of
// playbook took away. The error says how the call can continue, since the conversation
// itself is not lost.
func (c *call) resume(ctx context.Context) error {
	const again = "; call again without it, with conversation_id to continue where it stopped"
	arguments, err := digest(c.in)
	if err != nil {
		return err
	}
	if err := c.sealer.Open(c.exchange.State, &c.at, principal.From(ctx), ToolName); err != nil {
		return fault.Invalidf("requestState", "%v%s", err, again)
	}
	if !bytes.Equal(c.at.Arguments, arguments) {
		return fault.Invalidf("requestState", "belongs to a call with other arguments%s", again)
	}
	if c.view, err = c.View(ctx, c.at.Conversation, c.in.UserID); err != nil {
		return err
	}
	for _, item := range c.onForm() {
		if item.Slot.Key == "" {
			return fault.Invalidf("requestState", "belongs to a form of the playbook before%s", again)
		}
	}
	return nil
}

// refresh replaces a turn that is no longer the latest: a repeated call returns what it
// returned first. It asks by a call of its own, identified by conversation and
// revision, so that two requests at one revision get the same batch.
func (c *call) refresh(ctx context.Context) error {
	if c.turn.ConversationID != "" && c.turn.Metadata.Revision >= c.view.Revision {
		return nil
	}
	asOf := struct {
		Conversation string
		Revision     int
	}{c.view.ConversationID, c.view.Revision}
	var err error
	c.turn, err = c.Continue(ctx, conversation.Continuation{
		FollowUpInput: conversation.FollowUpInput{ConversationID: c.view.ConversationID, UserID: c.in.UserID},
		BatchSize:     c.batchSize(), Direct: c.exchange.Elicits, Tool: ToolName, Call: asOf,
	})
	return err
}

// respond records the person's response to a form. Declining or closing a form
// says nothing about its questions: they are asked as text.
func (c *call) respond(ctx context.Context) (Result, *elicitation.Ask, error) {
	response := c.exchange.Response
	if response == nil {
		// Nobody responded: the same form again, or none for a client that shows none.
		// next counts it again, as it is the same form.
		c.at.Round--
		if err := c.refresh(ctx); err != nil {
			return Result{}, nil, err
		}
		return c.next(ctx)
	}
	var filled filledIn
	var status Status
	switch response.Action {
	case mcp.ElicitationResponseActionAccept:
		if filled = c.filledIn(elicitation.Content(response)); filled.empty() {
			status = StatusOpen
		}
	case mcp.ElicitationResponseActionDecline:
		status = c.ifShown(StatusDeclined)
	case mcp.ElicitationResponseActionCancel:
		status = c.ifShown(StatusCancelled)
	default:
		return Result{}, nil, fault.Invalidf("inputResponses.form.action", "%q is not known; accept, decline and cancel are", response.Action)
	}
	c.metrics.responded(ctx, response.Action, status)
	if len(c.at.Questions) == 0 {
		status = "" // assumptions that are not confirmed stay assumptions
	}
	if err := c.record(ctx, filled); err != nil {
		return Result{}, nil, err
	}
	// A revision that did not move means that nothing was recorded.
	if len(filled.answers) == 0 && filled.words != "" && c.turn.Metadata.Revision <= c.at.Revision {
		status = StatusOpen // words that say nothing here: the client's model reads them before the person is asked again
	}
	c.unanswered = status == StatusOpen
	if status != "" {
		return c.end(ctx, status)
	}
	c.at.Shown = append(c.at.Shown, c.at.Confirm...)
	return c.next(ctx)
}

// ifShown is a status that only a person can bring about, and StatusBatch when the
// response came sooner than a person can have read the form. Clients without a screen
// for forms cancel or decline in a person's name, and a person who did neither would be
// told otherwise.
func (c *call) ifShown(status Status) Status {
	if time.Since(c.at.AskedAt) < c.config.ShownAfter {
		return StatusBatch
	}
	return status
}

// onForm are the items of the form that the person was shown.
func (c *call) onForm() []form.Item {
	var items []form.Item
	for _, q := range c.at.Questions {
		items = append(items, c.item(q.Slot, form.Item{Question: q.Number}))
	}
	for _, key := range c.at.Confirm {
		items = append(items, c.item(key, form.Item{}))
	}
	return items
}

// item adds the slot to an item; it stays empty where the conversation has none of
// that key.
func (c *call) item(key string, item form.Item) form.Item {
	for _, slot := range c.view.Slots {
		if slot.Key == key {
			item.Slot = slot
		}
	}
	return item
}

// filledIn is what the person said on an accepted form.
type filledIn struct {
	answers []conversation.AnswerInput // in its fields
	words   string                     // beside them
}

func (f filledIn) empty() bool { return len(f.answers) == 0 && f.words == "" }

// filledIn reads what the form's fields hold, against the form as this call sent it: a
// client may return fields that it was not asked for.
func (c *call) filledIn(content map[string]any) filledIn {
	given, words := form.Read(c.onForm(), content, parse.Context{Now: time.Now(), Language: c.view.Language})
	filled := filledIn{words: words}
	for _, one := range given {
		answer := conversation.AnswerInput{QuestionNumber: one.Question, Value: one.Value, Text: one.Text}
		if one.Question == 0 {
			answer.Slot = one.Slot.Key
		}
		filled.answers = append(filled.answers, answer)
	}
	return filled
}

// record stores what a form says, once: the state identifies the call, so that
// whatever comes with the same state later changes nothing. A state so old that
// its call is no longer kept does not count either: the result names its slots and
// quotes its words.
func (c *call) record(ctx context.Context, filled filledIn) error {
	slots := c.slotsOf(filled.answers)
	switch {
	case filled.empty():
	// By now nobody can tell whether this state was recorded before.
	case !c.view.KeepsCallsOf(c.at.Revision):
		all := slices.Sorted(slices.Values(append(c.at.Unrecorded, slots...)))
		c.at.Unrecorded = slices.Compact(all)
		if filled.words != "" {
			c.at.Unmatched = append(c.at.Unmatched, plain.Excerpt(filled.words, form.MaxWords))
		}
	default:
		of := conversation.Form{
			ConversationID: c.view.ConversationID, UserID: c.in.UserID, Answers: filled.answers, Words: filled.words,
			BatchSize: c.config.FormSize, Tool: ToolName, Call: c.at,
		}
		for _, q := range c.at.Questions {
			of.Questions = append(of.Questions, q.Number)
		}
		var err error
		if c.turn, c.view, err = c.RecordForm(ctx, of); err != nil {
			return err
		}
		c.keepUnread()
		c.at.Unrecorded = slices.DeleteFunc(c.at.Unrecorded, func(slot string) bool { return slices.Contains(slots, slot) })
	}
	return c.refresh(ctx)
}

// slotsOf are the slots that answers of the form are about.
func (c *call) slotsOf(answers []conversation.AnswerInput) []string {
	byNumber := map[int]string{}
	for _, q := range c.at.Questions {
		byNumber[q.Number] = q.Slot
	}
	slots := make([]string, len(answers))
	for i, a := range answers {
		slots[i] = cmp.Or(a.Slot, byNumber[a.QuestionNumber])
	}
	return slots
}

// next puts what is left on a form, or ends the call. The form's state has the revision
// that its questions belong to, and the time from which ifShown counts.
func (c *call) next(ctx context.Context) (Result, *elicitation.Ask, error) {
	items := c.items()
	rounds := cmp.Or(c.in.MaxRounds, MaxRounds)
	switch {
	case c.turn.Metadata.Complete && (len(items) == 0 || !c.exchange.Elicits || c.at.Round >= rounds):
		return c.end(ctx, StatusComplete)
	case c.turn.Metadata.StopReason == string(questioning.EndedByPerson):
		return c.end(ctx, StatusEnded)
	case !c.exchange.Elicits:
		return c.end(ctx, StatusBatch)
	case len(items) == 0 || c.at.Round >= rounds:
		return c.end(ctx, StatusOpen)
	}
	c.at.Conversation, c.at.Revision = c.view.ConversationID, c.turn.Metadata.Revision
	c.at.Round++
	c.at.AskedAt = time.Now().UTC()
	c.at.Questions, c.at.Confirm = nil, nil
	for _, item := range items {
		if item.Question > 0 {
			c.at.Questions = append(c.at.Questions, formQuestion{item.Question, item.Slot.Key})
		} else {
			c.at.Confirm = append(c.at.Confirm, item.Slot.Key)
		}
	}
	state, err := c.sealer.Seal(c.at, principal.From(ctx), ToolName)
	if err != nil {
		return Result{}, nil, err
	}
	return Result{}, &elicitation.Ask{
		Form: form.New(c.view.Goal, items, c.view.Language), State: state, Conversation: c.view.ConversationID,
	}, nil
}

// items are what the next form asks for: the batch, and assumptions that no form of
// this call has shown. An assumption is shown once in a call: whoever leaves it as it
// is has confirmed nothing, and would be shown it for ever.
func (c *call) items() []form.Item {
	var items []form.Item
	for _, q := range c.turn.Questions[:min(len(c.turn.Questions), c.config.FormSize)] {
		items = append(items, c.item(q.Slot, form.Item{Question: q.QuestionNumber, Text: q.QuestionText}))
	}
	confirm := 0
	for _, of := range c.view.Assumed {
		if confirm < c.config.FormSize && !slices.Contains(c.at.Shown, of.Slot) {
			items = append(items, c.item(of.Slot, form.Item{Assumed: of.Value, Source: of.Source}))
			confirm++
		}
	}
	return items
}

// end is the call's result.
func (c *call) end(ctx context.Context, status Status) (Result, *elicitation.Ask, error) {
	if c.turn.Metadata.Complete {
		status = StatusComplete // even where the form was declined: its questions were answered elsewhere
	}
	report, err := c.Report(ctx, conversation.ReportInput{ConversationID: c.view.ConversationID, UserID: c.in.UserID})
	if err != nil {
		return Result{}, nil, err
	}
	return newResult(status, c.at.Round, c.turn, report, c.unanswered).without(c.at.Unrecorded).unread(c.at.Unmatched, c.at.Doubts), nil, nil
}

// digest identifies a call's arguments. A state is bound to it, or a client could open
// a form with one call and have it answered for another.
func digest(in Input) ([]byte, error) {
	data, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("digest arguments: %w", err)
	}
	sum := sha256.Sum256(data)
	return sum[:], nil
}
