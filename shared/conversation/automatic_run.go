package conversation

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation/form"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// run is one call on its way.
type run struct {
	*Automatic
	in       AutomaticInput
	exchange elicitation.Exchange
	at       progress
	rec      *record // as loaded, for its slots and revision
	turn     Turn
}

// begin opens the conversation, or takes up one that is open.
func (r *run) begin(ctx context.Context) error {
	size := 0
	if r.exchange.Elicits {
		size = r.config.FormSize
	}
	if r.in.MaxRounds < 0 || r.in.MaxRounds > MostRounds {
		return fault.Invalidf("max_rounds", "must be from 1 to %d", MostRounds)
	}
	var err error
	switch {
	case r.in.ConversationID == "":
		r.turn, err = r.Service.Ask(ctx, AskInput{
			Context: r.in.Context, UserID: r.in.UserID, SessionID: r.in.SessionID, PreviousMessages: r.in.PreviousMessages,
			Metadata: r.in.Metadata, InformationNeeded: r.in.InformationNeeded, Playbook: r.in.Playbook, BatchSize: size, Language: r.in.Language,
		})
	case r.in.InformationNeeded != nil:
		return fault.Invalidf("information_needed", "is settled when a conversation opens; leave it out, or leave conversation_id out to open another")
	case r.in.Language != "":
		return fault.Invalidf("language", "is settled when a conversation opens; leave it out, or leave conversation_id out to open another")
	default:
		in := FollowUpInput{ConversationID: r.in.ConversationID, UserID: r.in.UserID, PreviousMessages: r.in.PreviousMessages}
		if r.in.Playbook != "" {
			r.turn, err = r.changePlaybook(ctx, AutomaticTool, r.in, in, r.in.Playbook, size)
		} else {
			r.turn, err = r.follow(ctx, AutomaticTool, r.in, in, size)
		}
	}
	if err != nil {
		return err
	}
	if err := r.load(ctx, r.turn.ConversationID); err != nil {
		return err
	}
	return r.refresh(ctx)
}

// resume opens the state that the client carried.
func (r *run) resume(ctx context.Context, call []byte) error {
	const goOn = "; call again without it, with conversation_id to go on where it stopped"
	if err := r.sealer.Open(r.exchange.State, &r.at, principal.From(ctx), AutomaticTool); err != nil {
		return fault.Invalidf("requestState", "%v%s", err, goOn)
	}
	if string(r.at.Call) != string(call) {
		return fault.Invalidf("requestState", "belongs to a call with other arguments%s", goOn)
	}
	if err := r.load(ctx, r.at.Conversation); err != nil {
		return err
	}
	for _, q := range r.at.Questions {
		if r.rec.interview.Index(q.Slot) < 0 {
			return fault.Invalidf("requestState", "belongs to a form of the playbook before%s", goOn)
		}
	}
	return nil
}

func (r *run) load(ctx context.Context, conversationID string) error {
	return r.inTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		r.rec, _, err = find(ctx, tx, conversationID, r.in.UserID, nil)
		return err
	})
}

// refresh replaces a turn that is no longer the latest: a repeated call returns
// what it returned first.
func (r *run) refresh(ctx context.Context) error {
	if r.turn.ConversationID != "" && r.turn.Metadata.Revision >= r.rec.revision {
		return nil
	}
	size := 0
	if r.exchange.Elicits {
		size = r.config.FormSize
	}
	asOf := struct {
		Conversation string
		Revision     int
	}{r.rec.id, r.rec.revision}
	var err error
	r.turn, err = r.follow(ctx, AutomaticTool, asOf, FollowUpInput{ConversationID: r.rec.id, UserID: r.in.UserID}, size)
	return err
}

// answered records the person's response to a form. Declining or closing a form
// says nothing about its questions: they are asked as text.
func (r *run) answered(ctx context.Context) (AutomaticResult, *elicitation.Ask, error) {
	response := r.exchange.Response
	if response == nil {
		// Nothing became of it: the same form again, or none for a client that shows none.
		r.at.Round--
		if err := r.refresh(ctx); err != nil {
			return AutomaticResult{}, nil, err
		}
		return r.ask(ctx)
	}
	var answers []AnswerInput
	var status Status
	switch response.Action {
	case mcp.ElicitationResponseActionAccept:
		answers = r.filledIn(elicitation.Content(response))
		if len(answers) == 0 {
			status = StatusOpen
		}
	case mcp.ElicitationResponseActionDecline:
		status = r.ifShown(StatusDeclined)
	case mcp.ElicitationResponseActionCancel:
		status = r.ifShown(StatusCancelled)
	default:
		return AutomaticResult{}, nil, fault.Invalidf("inputResponses.form.action", "%q is not known; accept, decline and cancel are", response.Action)
	}
	r.forms.answered(ctx, response.Action, status)
	if len(r.at.Questions) == 0 {
		status = "" // assumptions that are not confirmed stay assumptions
	}
	if err := r.record(ctx, answers); err != nil {
		return AutomaticResult{}, nil, err
	}
	if status != "" {
		return r.end(ctx, status)
	}
	r.at.Shown = append(r.at.Shown, r.at.Confirm...)
	return r.ask(ctx)
}

// ifShown is a status that only a person can bring about, and StatusBatch when the
// response came sooner than a person can have read the form.
func (r *run) ifShown(status Status) Status {
	if r.now().Sub(r.at.AskedAt) < r.config.ShownAfter {
		return StatusBatch
	}
	return status
}

// record stores a form's answers, once: the fingerprint is the state's, so that
// whatever comes with the same state later changes nothing. One so old that its
// fingerprint is no longer kept does not count either.
func (r *run) record(ctx context.Context, answers []AnswerInput) error {
	if len(answers) > 0 && r.rec.revision-r.at.Revision <= keptCalls {
		var err error
		r.turn, err = r.follow(ctx, AutomaticTool, r.at, FollowUpInput{
			ConversationID: r.rec.id, UserID: r.in.UserID, Answers: answers,
		}, r.config.FormSize)
		if err != nil {
			return err
		}
	}
	return r.refresh(ctx)
}

// filledIn are the answers on an accepted form.
func (r *run) filledIn(content map[string]any) []AnswerInput {
	var items []form.Item
	for _, q := range r.at.Questions {
		items = append(items, form.Item{Slot: r.slot(q.Slot), Question: q.Number})
	}
	for _, key := range r.at.Confirm {
		items = append(items, form.Item{Slot: r.slot(key)})
	}
	var answers []AnswerInput
	for _, given := range form.Read(items, content, r.reading(r.rec.interview)) {
		answer := AnswerInput{QuestionNumber: given.Question, Value: given.Value, Text: given.Text, Outcome: given.Outcome}
		if given.Question == 0 {
			answer.Slot = given.Slot.Key
		}
		answers = append(answers, answer)
	}
	return answers
}

func (r *run) slot(key string) questioning.Slot {
	return r.rec.interview.Slots[r.rec.interview.Index(key)]
}

// ask puts what is left on a form, or ends the call.
func (r *run) ask(ctx context.Context) (AutomaticResult, *elicitation.Ask, error) {
	items := r.items()
	rounds := r.config.MaxRounds
	if r.in.MaxRounds > 0 {
		rounds = min(rounds, r.in.MaxRounds)
	}
	switch {
	case r.turn.Metadata.Complete && (len(items) == 0 || !r.exchange.Elicits || r.at.Round >= rounds):
		return r.end(ctx, StatusComplete)
	case !r.exchange.Elicits:
		return r.end(ctx, StatusBatch)
	case len(items) == 0 || r.at.Round >= rounds:
		return r.end(ctx, StatusOpen)
	}
	r.at.Conversation, r.at.Revision = r.rec.id, r.turn.Metadata.Revision
	r.at.Round++
	r.at.AskedAt = r.now().UTC()
	r.at.Questions, r.at.Confirm = nil, nil
	for _, item := range items {
		if item.Question > 0 {
			r.at.Questions = append(r.at.Questions, onForm{item.Question, item.Slot.Key})
		} else {
			r.at.Confirm = append(r.at.Confirm, item.Slot.Key)
		}
	}
	state, err := r.sealer.Seal(r.at, principal.From(ctx), AutomaticTool)
	if err != nil {
		return AutomaticResult{}, nil, err
	}
	return AutomaticResult{}, &elicitation.Ask{
		Form: form.New(r.rec.goal, items, r.rec.interview.Language), State: state, Conversation: r.rec.id,
	}, nil
}

// items are what the next form asks for: the batch, and assumptions that no
// form of this call has shown.
func (r *run) items() []form.Item {
	var items []form.Item
	for _, q := range r.turn.Questions[:min(len(r.turn.Questions), r.config.FormSize)] {
		items = append(items, form.Item{Slot: r.slot(q.Slot), Question: q.QuestionNumber, Text: q.QuestionText})
	}
	confirm := 0
	for _, c := range r.turn.Coverage {
		if c.State == questioning.StatusAssumed && confirm < r.config.FormSize && !slices.Contains(r.at.Shown, c.Slot) {
			items = append(items, form.Item{Slot: r.slot(c.Slot), Assumed: c.Value, Source: c.Source})
			confirm++
		}
	}
	return items
}

// end is the call's result.
func (r *run) end(ctx context.Context, status Status) (AutomaticResult, *elicitation.Ask, error) {
	if r.turn.Metadata.Complete {
		status = StatusComplete // whatever became of the form: its questions were answered elsewhere
	}
	report, err := r.Report(ctx, ReportInput{ConversationID: r.rec.id, UserID: r.in.UserID})
	if err != nil {
		return AutomaticResult{}, nil, err
	}
	return newAutomaticResult(status, r.at.Round, r.turn, report), nil, nil
}
