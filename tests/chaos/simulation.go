package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Kinds of conversations.
const (
	byAnswers   = "answers and words"
	byForms     = "forms, input_required"
	byOlderForm = "forms, elicitation/create"
)

// mostTurns bounds a conversation; one with more turns is a failure.
const mostTurns = 60

// Odds: one in so many.
const (
	leavesOut  = 12 // replies leave a question out
	volunteers = 12 // replies volunteer an answer
	copies     = 20 // successful calls are repeated
	revises    = 3  // conversations revise an answer
	cancels    = 30 // forms are closed
	declines   = 30 // forms are declined
)

// simulation is one simulated conversation with one person, whose client is killed
// now and then. It is one goroutine's.
// The embedded types share their random numbers and the story; none of them is used alone.
type simulation struct {
	*story
	*client
	*person
	random *rand.Rand // of all three
	user   string
	// settled has the slots with an acknowledged answer.
	settled map[string]bool
	turn    conversation.Turn
}

// newSimulation plans the conversation with a number. All its choices follow from
// the seed and the number, so that a story can be looked into by its number.
// Timing does not follow from them: kills meet other calls in another run.
func newSimulation(o options, number int, address string, t *tally) *simulation {
	random := rand.New(rand.NewPCG(uint64(o.seed), uint64(number)))
	s := &story{Number: number, Seed: o.seed}
	switch random.IntN(10) {
	case 0, 1, 2:
		s.Kind = byForms
	case 3:
		s.Kind = byOlderForm
	default:
		s.Kind = byAnswers
	}
	return &simulation{
		story:   s,
		client:  &client{url: address, http: &http.Client{Transport: newTransport()}, tally: t, story: s, random: random, killEvery: o.clientLife},
		person:  newPerson(random),
		random:  random,
		user:    fmt.Sprintf("person-%d-%d", o.seed, number),
		settled: map[string]bool{},
	}
}

// converse runs the conversation, checks its report and returns it; nil if there is none.
// Findings are in the story.
// Whatever ends it early is a finding, except the end of the run.
func (sim *simulation) converse(ctx context.Context) *conversation.Report {
	defer func() { sim.client.http.CloseIdleConnections() }()
	lead := map[string]func(context.Context) error{byAnswers: sim.talk, byForms: sim.fillIn, byOlderForm: sim.fillInOlder}[sim.Kind]
	err := lead(ctx)
	var report *conversation.Report
	if err == nil {
		report, err = sim.report(ctx)
	}
	if err != nil {
		if ctx.Err() == nil {
			sim.find(wrong, "the conversation cannot continue: %v", err)
		}
		return nil
	}
	sim.check(*report)
	return report
}

// report reads the report, with new clients if one is killed.
func (sim *simulation) report(ctx context.Context) (*conversation.Report, error) {
	for {
		var report conversation.Report
		_, err := sim.call(ctx, params{Name: reportTool, Arguments: map[string]any{
			"conversation_id": sim.Conversation, "user_id": sim.user, "include_history": true}}, &report)
		if !errors.Is(err, errKilled) {
			return &report, err
		}
	}
}

// opening returns the arguments that open the conversation. Repeated by another client they
// open the same one.
func (sim *simulation) opening() map[string]any {
	return map[string]any{
		"context":            fmt.Sprintf("Gather the information of conversation %d", sim.Number),
		"information_needed": sim.needed(),
		"user_id":            sim.user,
		"metadata":           map[string]any{"idempotency_key": sim.user},
	}
}

// talk runs the conversation with answers and words. A killed client's opening is
// repeated by the next one with the same idempotency key, and must not open a
// second conversation.
func (sim *simulation) talk(ctx context.Context) error {
	arguments := sim.opening()
	arguments["batch_size"] = 1 + sim.random.IntN(4)
	for {
		err := sim.turnBy(ctx, params{Name: askTool, Arguments: arguments})
		if err == nil {
			return sim.continueByAnswers(ctx)
		}
		if !errors.Is(err, errKilled) {
			return err
		}
	}
}

// turnBy makes a call that returns a turn.
// It acknowledges nothing: its calls contain no answers.
func (sim *simulation) turnBy(ctx context.Context, p params) error {
	var turn conversation.Turn
	if _, err := sim.call(ctx, p, &turn); err != nil {
		return err
	}
	sim.take(turn)
	return nil
}

// take checks the next questions: none may ask for an answered slot.
func (sim *simulation) take(turn conversation.Turn) {
	sim.turn, sim.Conversation = turn, turn.ConversationID
	for _, q := range turn.Questions {
		if q.Metadata.Purpose == questioning.Ask && sim.settled[q.Slot] {
			sim.find(lost, "question %d asks for %s, which was answered and acknowledged", q.QuestionNumber, q.Slot)
		}
	}
}

// continueByAnswers answers until there are no more questions, and revises at times.
func (sim *simulation) continueByAnswers(ctx context.Context) error {
	for range mostTurns {
		var err error
		switch {
		case sim.turn.Metadata.Complete && (len(sim.settled) == 0 || sim.random.IntN(revises) > 0):
			return nil
		case sim.turn.Metadata.Complete:
			err = sim.revise(ctx)
		case len(sim.turn.Questions) == 0 && sim.turn.NextBatchNeeded: // what was not read is asked again
			err = sim.turnBy(ctx, params{Name: followUpTool, Arguments: map[string]any{"conversation_id": sim.Conversation, "user_id": sim.user}})
		case sim.turn.Metadata.StopReason == string(questioning.RequiredOpen):
			return nil // the person left a question out twice
		case len(sim.turn.Questions) == 0:
			return errors.New("there are no questions, but it is not complete")
		default:
			err = sim.answer(ctx)
		}
		for errors.Is(err, errKilled) {
			// A new client only knows the conversation's id.
			err = sim.turnBy(ctx, params{Name: followUpTool, Arguments: map[string]any{"conversation_id": sim.Conversation, "user_id": sim.user}})
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("it does not end within %d turns", mostTurns)
}

// answer replies to the open questions.
// The result must have taken each answer, recorded or repeated, and left no words unmatched.
func (sim *simulation) answer(ctx context.Context) error {
	arguments := map[string]any{"conversation_id": sim.Conversation, "user_id": sim.user}
	asked := slices.Clone(sim.turn.Questions)
	if len(asked) > 1 && sim.random.IntN(leavesOut) == 0 {
		left := sim.random.IntN(len(asked))
		asked = slices.Delete(asked, left, left+1)
	}
	var said []statement
	if sim.random.IntN(2) == 0 {
		said = sim.inWords(asked, arguments)
	} else {
		said = sim.byNumber(asked, arguments)
	}
	var turn conversation.Turn
	first := len(sim.Statements)
	sim.say(said...)
	p := params{Name: followUpTool, Arguments: arguments}
	if _, err := sim.call(ctx, p, &turn); err != nil {
		return err
	}
	sim.acknowledge(first)
	if taken := turn.Metadata.AnswersRecorded + turn.Metadata.AnswersRepeated; taken != len(said) || turn.Metadata.Unmatched != "" {
		sim.find(wrong, "%d answers were given, %d are taken, unmatched is %q", len(said), taken, turn.Metadata.Unmatched)
	}
	sim.take(turn)
	return sim.copy(ctx, p)
}

// acknowledge marks all answers from first on as acknowledged.
// Unreadable words do not settle a slot: it is asked for again.
func (sim *simulation) acknowledge(first int) {
	for i := first; i < len(sim.Statements); i++ {
		sim.Statements[i].Acknowledged = true
		if said := sim.Statements[i]; said.Outcome != questioning.Answered || said.Value != nil {
			sim.settled[said.Slot] = true
		}
	}
}

// copy repeats a successful call at times, as hosts do.
// The result is not compared here; a second effect would show in the report.
func (sim *simulation) copy(ctx context.Context, p params) error {
	if sim.random.IntN(copies) > 0 {
		return nil
	}
	sim.tally.copied()
	_, err := sim.call(ctx, p, nil)
	return err
}

// inWords replies in the person's own words, numbered like the questions.
func (sim *simulation) inWords(asked []conversation.Question, arguments map[string]any) []statement {
	var said []statement
	var lines []string
	for _, q := range asked {
		one := sim.spoken(q.Slot, q.Metadata.Purpose == questioning.Ask)
		said = append(said, one)
		lines = append(lines, fmt.Sprintf("%d. %s", q.QuestionNumber, one.Words))
	}
	arguments["previous_messages"] = []any{
		map[string]any{"role": "assistant", "content": sim.turn.CurrentQuestion},
		map[string]any{"role": "user", "content": strings.Join(lines, "\n")},
	}
	return said
}

// byNumber replies with typed answers, at times with a volunteered one.
func (sim *simulation) byNumber(asked []conversation.Question, arguments map[string]any) []statement {
	var said []statement
	var answers []any
	open := map[string]bool{}
	for _, q := range sim.turn.Questions {
		open[q.Slot] = true
	}
	for _, q := range asked {
		one := sim.typed(q.Slot)
		said = append(said, one)
		answers = append(answers, one.as("question_number", q.QuestionNumber))
	}
	if sim.random.IntN(volunteers) == 0 {
		for _, key := range sim.keys {
			if !open[key] && !sim.spokenOf(key) && sim.wants[key].on == "" {
				one := sim.typed(key)
				said, answers = append(said, one), append(answers, one.as("slot", key))
				break
			}
		}
	}
	arguments["answers"] = answers
	return said
}

// spokenOf reports whether the person made a statement about a slot, acknowledged or not.
func (sim *simulation) spokenOf(slot string) bool {
	return slices.ContainsFunc(sim.Statements, func(s statement) bool { return s.Slot == slot })
}

// as converts the statement to an argument, with name as the reference to its question or
// slot.
func (s statement) as(name string, of any) map[string]any {
	answer := map[string]any{name: of, "text": s.Words}
	if s.Outcome != questioning.Answered {
		answer["outcome"] = s.Outcome
	} else if s.Value != nil {
		answer["value"] = s.Value
	}
	return answer
}

// revise revises an answer. It checks that the revision reopens the slots that
// depend on the answer.
func (sim *simulation) revise(ctx context.Context) error {
	held := sim.revisable()
	if len(held) == 0 {
		return nil
	}
	key := held[sim.random.IntN(len(held))]
	said := statement{Slot: key, Outcome: questioning.Answered, Revises: true}
	said.Value, said.Words = sim.other(key, sim.held(key))
	said.Words += ", on second thoughts " + sim.token()
	arguments := said.as("slot", key)
	arguments["conversation_id"], arguments["user_id"] = sim.Conversation, sim.user
	sim.say(said)
	p := params{Name: reviseTool, Arguments: arguments}
	var revision conversation.Revision
	if _, err := sim.call(ctx, p, &revision); err != nil {
		// It may have taken effect, with its effects on dependent slots.
		for _, other := range sim.keys {
			if sim.wants[other].on == key {
				sim.reopen(other, func(s *statement) { s.Shaken = true })
			}
		}
		return err
	}
	sim.Statements[len(sim.Statements)-1].Acknowledged = true
	if !revision.Changed {
		sim.find(wrong, "revising %s to %v changed nothing", key, said.Value)
	}
	for _, again := range revision.Reopened {
		sim.reopen(again.Slot, func(s *statement) { s.Reopened = true })
	}
	sim.take(revision.Turn)
	return sim.copy(ctx, p)
}

// revisable returns the slots whose value is known.
// Slots with an uncertain answer are left out: whether a revision changes them is unknown.
func (sim *simulation) revisable() []string {
	var held []string
	for _, key := range sim.keys {
		if sim.settled[key] && !sim.unsure(key) {
			held = append(held, key)
		}
	}
	return held
}

// held returns the latest value given for a slot.
func (sim *simulation) held(slot string) any {
	for _, said := range slices.Backward(sim.Statements) {
		if said.Slot == slot {
			return said.Value
		}
	}
	return nil
}

// reopen marks the statements about a slot as no longer, or possibly no longer, valid.
func (sim *simulation) reopen(slot string, note func(*statement)) {
	delete(sim.settled, slot)
	for i := range sim.Statements {
		if sim.Statements[i].Slot == slot {
			note(&sim.Statements[i])
		}
	}
}

// encode encodes a value as JSON for the story.
func encode(value any) json.RawMessage {
	data, err := json.Marshal(value)
	if err != nil {
		data, _ = json.Marshal(err.Error()) // a string always encodes
	}
	return data
}
