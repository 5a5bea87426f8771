package conversation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Form is what a person filled in on a form of an open conversation.
type Form struct {
	ConversationID, UserID string
	Questions              []int         // the numbers of those on the form
	Answers                []AnswerInput // what its fields hold
	// Words are what the person said beside the fields. They are read for the form's
	// questions and for every other slot, as a reply in the chat is; a field wins over
	// them. What is read for no slot is the turn's unmatched text.
	Words     string
	BatchSize int // questions put at once; 0 for as many as the conversation asks
	// Tool and Call identify the form: the same again changes nothing.
	Tool string
	Call any
}

// RecordForm records what was filled in on a form and returns the next batch, with the
// conversation as it stands then. A form counts once, whatever has happened since: unlike a
// reply in the chat, its words cannot mean what is asked by now.
func (s *Service) RecordForm(ctx context.Context, form Form) (Turn, View, error) {
	if err := s.CheckUser(form.UserID); err != nil {
		return Turn{}, View{}, err
	}
	if err := checkFollowUp(FollowUpInput{ConversationID: form.ConversationID, Answers: form.Answers}); err != nil {
		return Turn{}, View{}, err
	}
	if len(form.Words) > maxWords {
		return Turn{}, View{}, fault.Invalidf("inputResponses.form.content", "has %d bytes in own words, at most %d are allowed", len(form.Words), maxWords)
	}
	f := &filledForm{Service: s, Form: form}
	var err error
	if f.fingerprint, err = fingerprint(form.Tool, form.Call); err != nil {
		return Turn{}, View{}, err
	}
	err = s.advance(ctx, f)
	return f.turn, f.view, err
}

// filledForm is the operation of RecordForm.
type filledForm struct {
	*Service
	Form
	fingerprint []byte
	summary     summary
	turn        Turn
	view        View
}

// target loads every question of the form, also those that were settled meanwhile: an
// answer to one of them still belongs to its slot.
func (f *filledForm) target() (id, userID string, named store.Named) {
	named.Fingerprint = f.fingerprint
	named.Questions = reply{answers: f.Answers, numbers: f.Questions}.named(f.ConversationID)
	return f.ConversationID, f.UserID, named
}

// returned is always true: a form's words cannot mean what is asked by now.
func (f *filledForm) returned(c *conversation) (bool, error) {
	var err error
	f.turn, err = restoredTurn(c.Earlier.Result)
	f.view = c.view()
	return true, err
}

// record stores the words as a message, so that what no slot took is kept with the
// chat.
func (f *filledForm) record(ctx context.Context, tx *store.Tx, c *conversation, change *store.Change) error {
	if f.BatchSize != 0 {
		c.State.Limits.BatchSize = f.BatchSize
	}
	if err := f.start(ctx, tx, c, change); err != nil {
		return err
	}
	says, err := f.parsed(c)
	if err != nil {
		return err
	}
	if f.Words != "" {
		change.Messages = []store.Message{{Role: "user", Content: f.Words}}
	}
	if f.summary, err = c.record(ctx, tx, says, change); err != nil {
		return err
	}
	if says.ended {
		c.State.End()
	}
	return nil
}

// parsed reads the fields, and then the words for what no field says.
func (f *filledForm) parsed(c *conversation) (parsed, error) {
	with := f.parseContext(c.State)
	fields, err := c.parseAnswers(f.Answers, with)
	if err != nil || f.Words == "" {
		return parsed{answers: fields, spoken: true}, err
	}
	says := f.parsedWords(c, fields, with)
	// A field wins over words: the person set it on purpose and saw it. Words that say
	// something else are not lost; they become a doubt in the result.
	beside := func(a answer) bool {
		if !slices.ContainsFunc(fields, func(field answer) bool { return field.Slot == a.Slot }) {
			return false
		}
		says.doubts = append(says.doubts, f.besideField(c, a, fields)...)
		return true
	}
	says.volunteered = slices.DeleteFunc(says.volunteered, beside)
	says.answers = append(fields, slices.DeleteFunc(says.answers, beside)...)
	return says, nil
}

// parsedWords reads the words for the questions that no field answers. The field
// that they come from is a question too, which takes what answers no other one: a
// question whose field was left empty gets no stray words.
func (f *filledForm) parsedWords(c *conversation, fields []answer, with parse.Context) parsed {
	// No question has a negative number, so that what this one takes is told apart.
	own := parse.OpenQuestion{Number: -1, Slot: questioning.Slot{Type: questioning.Text}}
	var open []parse.OpenQuestion
	for _, number := range f.Questions {
		if !slices.ContainsFunc(fields, func(field answer) bool { return field.question == number }) {
			open = append(open, parse.OpenQuestion{Number: number, Slot: c.State.Slots[c.State.Index(c.SlotOf[number])]})
		}
	}
	read := parse.ReadReply(f.Words, append(open, own), c.State.Slots, with)
	all := saidIn(read)
	says := all
	says.answers = nil
	unmatched := func(words string) { says.unmatched = strings.TrimPrefix(says.unmatched+"\n"+words, "\n") }
	for _, a := range all.answers {
		switch {
		case a.question != own.Number:
			says.answers = append(says.answers, a)
		case a.Outcome == questioning.Answered || len(open) == 0:
			unmatched(a.Words)
		}
	}
	if len(says.answers)+len(says.volunteered)+len(says.doubts) == 0 && says.unmatched == "" && !says.ended {
		unmatched(f.Words)
	}
	return says
}

// besideField reports words for a slot whose field holds something else. It returns nil
// where they say the same: that is no contradiction to report.
func (f *filledForm) besideField(c *conversation, said answer, fields []answer) []string {
	slot := c.State.Slots[c.State.Index(said.Slot)]
	for _, field := range fields {
		if field.Slot == said.Slot && sameAnswer(field, said) {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: its field on the form counts, not %s", slot.Title, plain.Quote(said.Words))}
}

// sameAnswer compares values as they are written: 3 of a field and 3.0 of words are one
// value.
func sameAnswer(a, b answer) bool {
	return a.Outcome == b.Outcome && a.Problem == b.Problem &&
		questioning.Render(a.Value, "") == questioning.Render(b.Value, "")
}

// said leaves out what is unread: no model stands between the person and a form, so
// the next one asks again.
func (f *filledForm) said() summary {
	said := f.summary
	said.unread = nil
	return said
}

func (f *filledForm) render(c *conversation, change *store.Change) any {
	f.turn = newTurn(c, change, f.summary)
	f.turn.advise(false)
	f.view = c.view()
	return f.turn.kept()
}
