package conversation

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// These are up to how many questions a result says of each why it is asked, and what
// a good answer contains: of more, a model could not afford it.
const (
	withReason  = 3
	withLookFor = 2
)

// newTurn renders the batch of a change for the caller.
func newTurn(c *conversation, change *store.Change, what summary) Turn {
	batch := change.Batch
	turn := Turn{
		Questions:               make([]Question, len(batch.Questions)),
		ConversationID:          c.ID,
		TotalQuestionsInBatch:   len(batch.Questions),
		TotalQuestionsEstimated: batch.Estimated,
		NextBatchNeeded:         batch.More,
		Coverage:                changedCoverage(c.State, change),
		Unread:                  c.allUnread(what.unread),
		Metadata: TurnMetadata{
			Complete:        batch.Stop != nil && c.State.Settled(),
			Revision:        c.Revision,
			AnswersRecorded: what.recorded,
			AnswersRepeated: what.repeated,
			Unmatched:       bounded(what.unmatched),
			Language:        spoken(c.State.Language),
			Doubts:          what.doubts,
		},
	}
	turn.shown.Assumed, turn.shown.Read = assumedTexts(c.State), c.readTexts(what.read)
	if batch.Stop != nil {
		turn.Metadata.StopReason = string(batch.Stop.Reason)
		turn.CurrentQuestion = batch.Stop.Text
		return turn
	}
	var text strings.Builder
	for i, q := range batch.Questions {
		slot := c.State.Slots[c.State.Index(q.Slot)]
		turn.Questions[i] = newQuestion(c, q, slot)
		if len(batch.Questions) > withReason {
			turn.Questions[i].Metadata.Reason = ""
		}
		if len(batch.Questions) > withLookFor {
			turn.Questions[i].Metadata.InformationToLookFor = nil
		}
		fmt.Fprintf(&text, "%s\n", numberedLine(turn.Questions[i]))
		if hint := hint(slot, c.State.Language); hint != "" {
			fmt.Fprintf(&text, "   %s\n", hint)
		}
	}
	turn.shown.Batch = strings.TrimSuffix(text.String(), "\n")
	if len(batch.Questions) > 0 {
		turn.CurrentQuestion, turn.CurrentQuestionNumber = batch.Questions[0].Text, batch.Questions[0].Number
	}
	return turn
}

// assumedTexts are the values of assumptions as a person reads them, by slot; nil
// without any.
func assumedTexts(state *questioning.State) map[string]string {
	var texts map[string]string
	for i, s := range state.SlotStates {
		if s.Status == questioning.StatusAssumed {
			if texts == nil {
				texts = map[string]string{}
			}
			texts[state.Slots[i].Key] = state.Slots[i].Quote(s.Value, state.Language)
		}
	}
	return texts
}

// readTexts are the values that were read in words, each with its slot's title, so that
// the client's model can hold them against the words. Texts are the words themselves.
func (c *conversation) readTexts(keys []string) (texts []string) {
	for _, key := range keys {
		i := c.State.Index(key)
		if slot := c.State.Slots[i]; !lengthy(slot.Type) {
			texts = append(texts, slot.Title+" "+slot.Quote(c.State.SlotStates[i].Value, c.State.Language))
		}
	}
	return texts
}

// maxUnmatched bounds, in bytes, what a result repeats of words that belong to no slot: the
// client has them all.
const maxUnmatched = 2000

func bounded(words string) string {
	if short := plain.Prefix(words, maxUnmatched); short != words {
		return short + "…"
	}
	return words
}

func numberedLine(q Question) string {
	return fmt.Sprintf("%d. %s", q.QuestionNumber, plain.Line(q.QuestionText))
}

// hint is the form of the answer, where it is not plain from the question.
func hint(slot questioning.Slot, language string) string {
	say := messages.In(language)
	var hint string
	if slot.Type != questioning.Text && slot.Type != questioning.Boolean {
		hint = say.Text(messages.Answer, plain.Line(parse.Hint(slot, language)))
	}
	if slot.Default != nil {
		hint = strings.TrimSpace(hint + " " + say.Text(messages.Usually, slot.Quote(slot.Default, language)))
	}
	return hint
}

// newQuestion renders a question. What is so of most questions is left out: a text, a
// first question, no default.
func newQuestion(c *conversation, q questioning.Question, slot questioning.Slot) Question {
	question := Question{
		QuestionID:     questionID(c.ID, q.Number),
		QuestionNumber: q.Number,
		QuestionText:   q.Text,
		Slot:           q.Slot,
		Options:        optionTitles(slot),
		Metadata: QuestionMetadata{
			Importance:           importance(slot),
			InformationToLookFor: slot.LookFor,
			Default:              slot.Default,
			Reason:               q.Reason,
		},
	}
	if slot.Type != questioning.Text && slot.Type != questioning.Choice {
		question.Metadata.Type = slot.Type
	}
	if q.Purpose != questioning.Ask {
		question.Metadata.Purpose = q.Purpose
	}
	return question
}

// optionTitles are what a person can answer. A title is taken as a value too.
func optionTitles(slot questioning.Slot) []string {
	var titles []string
	for _, o := range slot.Options {
		titles = append(titles, cmp.Or(o.Title, fmt.Sprint(o.Value)))
	}
	return titles
}

// importance says in a word what required and weight say in numbers: a model uses it to
// tell which question must not be left out.
func importance(slot questioning.Slot) string {
	switch {
	case slot.Required:
		return "high"
	case slot.Weight == 0 || slot.Weight >= 1:
		return "medium"
	}
	return "low"
}

// coverage is what is known of each slot, in the order of the slots, as a report has it.
// A slot whose condition does not hold is not applicable there, though nobody said so.
func coverage(state *questioning.State) []Coverage {
	all := make([]Coverage, len(state.Slots))
	for i := range all {
		all[i] = coverageOf(state, i)
	}
	return all
}

func coverageOf(state *questioning.State, i int) Coverage {
	c := state.CoverageOf(i)
	one := Coverage{
		Slot: c.Slot.Key, Title: c.Slot.Title, Required: c.Slot.Required,
		State: c.Status, Value: c.Value, Answers: c.Answers, Reopened: c.Reopened,
	}
	if c.Status == questioning.StatusAssumed {
		one.Source = sourceText(c.Source, state.Language)
	}
	if c.Value == nil {
		one.Words = c.Words
	}
	return one
}

// sourceText says where an assumption comes from: one of the catalogue's messages, or a
// text that was made from one and may hold any sign.
func sourceText(source, language string) string {
	switch source {
	case "":
		source = messages.FromContext
	case messages.FromContext, messages.FromStatistics, messages.FromReply:
	default:
		return source
	}
	return messages.In(language).Text(source)
}

// changedCoverage is what a change did to the slots. Titles, and what is required, are
// left out where nobody is told about them; where asking is over, the person is told
// every assumption.
func changedCoverage(state *questioning.State, change *store.Change) []Coverage {
	changed := []Coverage{}
	for i, now := range state.SlotStates {
		assumed := now.Status == questioning.StatusAssumed
		var before questioning.SlotState
		if change.Before != nil && i < len(change.Before.SlotStates) && !change.Replaced {
			before = change.Before.SlotStates[i]
		} else {
			before.Status = questioning.StatusMissing
		}
		same := before.Status == now.Status && reflect.DeepEqual(before.Value, now.Value) && slices.Equal(before.Answers, now.Answers) && before.Reopened == now.Reopened
		if same && !(assumed && change.Batch.Stop != nil) {
			continue
		}
		c := coverageOf(state, i)
		if !assumed {
			c.Title = ""
		}
		if c.State == questioning.StatusAnswered && lengthy(state.Slots[i].Type) {
			c.Value = nil // the client has just sent it
		}
		c.Required, c.Answers, c.Words = false, nil, "" // unread has the words that hold no value
		changed = append(changed, c)
	}
	return changed
}

// lengthy reports types whose values are not normalised and may be long.
func lengthy(kind questioning.Type) bool { return kind == questioning.Text || kind == questioning.List }

// spoken is the language of a conversation's texts, empty for English, which goes
// without saying.
func spoken(tag string) string {
	if code := messages.In(tag).Language(); code != messages.English {
		return code
	}
	return ""
}
