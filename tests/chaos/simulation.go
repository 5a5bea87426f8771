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

// The kinds of interview.
const (
	byAnswers   = "answers and words"
	byForms     = "forms, input_required"
	byOlderForm = "forms, elicitation/create"
)

// mostTurns bounds an interview; one that takes more does not end.
const mostTurns = 60

// One in so many.
const (
	leavesOut  = 12 // replies leave a question out
	volunteers = 12 // replies bring an answer that was not asked for
	copies     = 20 // calls are repeated although they succeeded
	revises    = 3  // interviews revise an answer
	cancels    = 30 // forms are closed
	declines   = 30 // forms are declined
)

// interview is one conversation with one person, held by a client that dies now
// and then.
type interview struct {
	*story
	*client
	*person
	random *rand.Rand // of all three
	user   string
	// settled are the slots that hold an acknowledged answer.
	settled map[string]bool
	turn    conversation.Turn
}

// newInterview plans the interview with a number.
func newInterview(o options, number int, address string, t *tally) *interview {
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
	return &interview{
		story:   s,
		client:  &client{url: address, http: &http.Client{Transport: newTransport()}, tally: t, story: s, random: random, killEvery: o.clientLife},
		person:  newPerson(random),
		random:  random,
		user:    fmt.Sprintf("person-%d-%d", o.seed, number),
		settled: map[string]bool{},
	}
}

// hold holds the interview and checks its report, which it returns; nil where
// there is none. What is found is in the story.
func (iv *interview) hold(ctx context.Context) *conversation.Report {
	defer func() { iv.client.http.CloseIdleConnections() }()
	lead := map[string]func(context.Context) error{byAnswers: iv.talk, byForms: iv.fillIn, byOlderForm: iv.fillInOlder}[iv.Kind]
	err := lead(ctx)
	var report *conversation.Report
	if err == nil {
		report, err = iv.report(ctx)
	}
	if err != nil {
		if ctx.Err() == nil {
			iv.find(wrong, "the interview cannot go on: %v", err)
		}
		return nil
	}
	iv.check(*report)
	return report
}

// report reads the report, by as many clients as it takes.
func (iv *interview) report(ctx context.Context) (*conversation.Report, error) {
	for {
		var report conversation.Report
		_, err := iv.call(ctx, params{Name: reportTool, Arguments: map[string]any{
			"conversation_id": iv.Conversation, "user_id": iv.user, "include_history": true}}, &report)
		if !errors.Is(err, errKilled) {
			return &report, err
		}
	}
}

// opening is the arguments of the call that opens the conversation. Repeated by
// another client it opens the same one.
func (iv *interview) opening() map[string]any {
	return map[string]any{
		"context":            fmt.Sprintf("Gather what interview %d is about", iv.Number),
		"information_needed": iv.needed(),
		"user_id":            iv.user,
		"metadata":           map[string]any{"idempotency_key": iv.user},
	}
}

// talk holds the conversation by answers and words.
func (iv *interview) talk(ctx context.Context) error {
	arguments := iv.opening()
	arguments["batch_size"] = 1 + iv.random.IntN(4)
	for {
		err := iv.turnBy(ctx, params{Name: askTool, Arguments: arguments})
		if err == nil {
			return iv.goOn(ctx)
		}
		if !errors.Is(err, errKilled) {
			return err
		}
	}
}

// turnBy makes a call that returns a turn.
func (iv *interview) turnBy(ctx context.Context, p params) error {
	var turn conversation.Turn
	if _, err := iv.call(ctx, p, &turn); err != nil {
		return err
	}
	iv.take(turn)
	return nil
}

// take looks at what is asked next: nothing that was answered.
func (iv *interview) take(turn conversation.Turn) {
	iv.turn, iv.Conversation = turn, turn.ConversationID
	for _, q := range turn.Questions {
		if q.Metadata.Purpose == questioning.Ask && iv.settled[q.Slot] {
			iv.find(lost, "question %d asks for %s, which was answered and acknowledged", q.QuestionNumber, q.Slot)
		}
	}
}

// goOn answers until nothing is left to ask, and revises at times.
func (iv *interview) goOn(ctx context.Context) error {
	for range mostTurns {
		var err error
		switch {
		case iv.turn.Metadata.Complete && (len(iv.settled) == 0 || iv.random.IntN(revises) > 0):
			return nil
		case iv.turn.Metadata.Complete:
			err = iv.revise(ctx)
		case len(iv.turn.Questions) == 0:
			return errors.New("nothing is asked, and it is not complete")
		default:
			err = iv.answer(ctx)
		}
		for errors.Is(err, errKilled) {
			// Another client, another day: it knows the conversation's id alone.
			err = iv.turnBy(ctx, params{Name: followUpTool, Arguments: map[string]any{"conversation_id": iv.Conversation, "user_id": iv.user}})
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("it does not end within %d turns", mostTurns)
}

// answer replies to the questions that are open.
func (iv *interview) answer(ctx context.Context) error {
	arguments := map[string]any{"conversation_id": iv.Conversation, "user_id": iv.user}
	asked := slices.Clone(iv.turn.Questions)
	if len(asked) > 1 && iv.random.IntN(leavesOut) == 0 {
		left := iv.random.IntN(len(asked))
		asked = slices.Delete(asked, left, left+1)
	}
	var said []statement
	if iv.random.IntN(2) == 0 {
		said = iv.inWords(asked, arguments)
	} else {
		said = iv.byNumber(asked, arguments)
	}
	var turn conversation.Turn
	first := len(iv.Statements)
	iv.say(said...)
	p := params{Name: followUpTool, Arguments: arguments}
	if _, err := iv.call(ctx, p, &turn); err != nil {
		return err
	}
	iv.acknowledge(first)
	if taken := turn.Metadata.AnswersRecorded + turn.Metadata.AnswersRepeated; taken != len(said) || turn.Metadata.Unmatched != "" {
		iv.find(wrong, "%d answers were given, %d are taken, unmatched is %q", len(said), taken, turn.Metadata.Unmatched)
	}
	iv.take(turn)
	return iv.copy(ctx, p)
}

// acknowledge notes that every answer from one on was taken.
func (iv *interview) acknowledge(first int) {
	for i := first; i < len(iv.Statements); i++ {
		iv.Statements[i].Acknowledged = true
		if said := iv.Statements[i]; said.Outcome != questioning.Answered || said.Value != nil {
			iv.settled[said.Slot] = true
		}
	}
}

// copy makes a call that succeeded again at times, as hosts do.
func (iv *interview) copy(ctx context.Context, p params) error {
	if iv.random.IntN(copies) > 0 {
		return nil
	}
	iv.tally.copied()
	_, err := iv.call(ctx, p, nil)
	return err
}

// inWords is a reply in the person's own words, numbered like the questions.
func (iv *interview) inWords(asked []conversation.Question, arguments map[string]any) []statement {
	var said []statement
	var lines []string
	for _, q := range asked {
		one := iv.spoken(q.Slot, q.Metadata.Purpose == questioning.Ask)
		said = append(said, one)
		lines = append(lines, fmt.Sprintf("%d. %s", q.QuestionNumber, one.Words))
	}
	arguments["previous_messages"] = []any{
		map[string]any{"role": "assistant", "content": iv.turn.CurrentQuestion},
		map[string]any{"role": "user", "content": strings.Join(lines, "\n")},
	}
	return said
}

// byNumber is a reply as typed answers, with one that was not asked for at times.
func (iv *interview) byNumber(asked []conversation.Question, arguments map[string]any) []statement {
	var said []statement
	var answers []any
	open := map[string]bool{}
	for _, q := range iv.turn.Questions {
		open[q.Slot] = true
	}
	for _, q := range asked {
		one := iv.typed(q.Slot)
		said = append(said, one)
		answers = append(answers, one.as("question_number", q.QuestionNumber))
	}
	if iv.random.IntN(volunteers) == 0 {
		for _, key := range iv.keys {
			if !open[key] && !iv.spokenOf(key) && iv.wants[key].on == "" {
				one := iv.typed(key)
				said, answers = append(said, one), append(answers, one.as("slot", key))
				break
			}
		}
	}
	arguments["answers"] = answers
	return said
}

// spokenOf says whether anything was said about a slot, acknowledged or not.
func (iv *interview) spokenOf(slot string) bool {
	return slices.ContainsFunc(iv.Statements, func(s statement) bool { return s.Slot == slot })
}

// as is the statement as an argument, by what names its question or slot.
func (s statement) as(name string, of any) map[string]any {
	answer := map[string]any{name: of, "text": s.Words}
	if s.Outcome != questioning.Answered {
		answer["outcome"] = s.Outcome
	} else if s.Value != nil {
		answer["value"] = s.Value
	}
	return answer
}

// revise puts another answer in the place of one.
func (iv *interview) revise(ctx context.Context) error {
	held := iv.revisable()
	if len(held) == 0 {
		return nil
	}
	key := held[iv.random.IntN(len(held))]
	said := statement{Slot: key, Outcome: questioning.Answered, Revises: true}
	said.Value, said.Words = iv.other(key, iv.held(key))
	said.Words += ", on second thoughts " + iv.token()
	arguments := said.as("slot", key)
	arguments["conversation_id"], arguments["user_id"] = iv.Conversation, iv.user
	iv.say(said)
	p := params{Name: reviseTool, Arguments: arguments}
	var revision conversation.Revision
	if _, err := iv.call(ctx, p, &revision); err != nil {
		// It may have been carried out, with what hangs on it.
		for _, other := range iv.keys {
			if iv.wants[other].on == key {
				iv.reopen(other, func(s *statement) { s.Shaken = true })
			}
		}
		return err
	}
	iv.Statements[len(iv.Statements)-1].Acknowledged = true
	if !revision.Changed {
		iv.find(wrong, "revising %s to %v changed nothing", key, said.Value)
	}
	for _, again := range revision.Reopened {
		iv.reopen(again.Slot, func(s *statement) { s.Reopened = true })
	}
	iv.take(revision.Turn)
	return iv.copy(ctx, p)
}

// revisable are the slots of which it is known what they hold.
func (iv *interview) revisable() []string {
	var held []string
	for _, key := range iv.keys {
		unsure := slices.ContainsFunc(iv.Statements, func(s statement) bool { return s.Slot == key && !s.sure() })
		if iv.settled[key] && !unsure {
			held = append(held, key)
		}
	}
	return held
}

// held is the latest value that was given for a slot.
func (iv *interview) held(slot string) any {
	for _, said := range slices.Backward(iv.Statements) {
		if said.Slot == slot {
			return said.Value
		}
	}
	return nil
}

// reopen notes that what was said about a slot no longer holds, or may not.
func (iv *interview) reopen(slot string, note func(*statement)) {
	delete(iv.settled, slot)
	for i := range iv.Statements {
		if iv.Statements[i].Slot == slot {
			note(&iv.Statements[i])
		}
	}
}

// encode is a value as JSON, for what goes into a story.
func encode(value any) json.RawMessage {
	data, err := json.Marshal(value)
	if err != nil {
		data, _ = json.Marshal(err.Error()) // a string always encodes
	}
	return data
}
