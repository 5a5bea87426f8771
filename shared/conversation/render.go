package conversation

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// newTurn renders a batch for the caller.
func newTurn(c *conversation, batch questioning.Batch, what summary) Turn {
	turn := Turn{
		Questions:               make([]Question, len(batch.Questions)),
		ConversationID:          c.ID,
		SessionID:               c.SessionID,
		TotalQuestionsInBatch:   len(batch.Questions),
		TotalQuestionsEstimated: batch.Estimated,
		NextBatchNeeded:         batch.More,
		Coverage:                coverage(c.State),
		Metadata: TurnMetadata{
			Complete:        batch.Stop != nil,
			Playbook:        c.Playbook,
			Revision:        c.Revision,
			AnswersRecorded: what.recorded,
			AnswersRepeated: what.repeated,
			Unmatched:       what.unmatched,
			Language:        spoken(c.State.Language),
			Doubts:          what.doubts,
		},
	}
	if batch.Stop != nil {
		turn.Metadata.StopReason = string(batch.Stop.Reason)
		turn.CurrentQuestion = batch.Stop.Text
		return turn
	}
	var text strings.Builder
	for i, q := range batch.Questions {
		slot := c.State.Slots[c.State.Index(q.Slot)]
		turn.Questions[i] = newQuestion(c, q, slot)
		fmt.Fprintf(&text, "%s\n", numberedLine(turn.Questions[i]))
		if hint := hint(slot, c.State.Language); hint != "" {
			fmt.Fprintf(&text, "   %s\n", hint)
		}
	}
	turn.CurrentQuestion = strings.TrimSuffix(text.String(), "\n")
	if len(batch.Questions) > 0 {
		turn.CurrentQuestionNumber = batch.Questions[0].Number
	}
	return turn
}

func numberedLine(q Question) string {
	return fmt.Sprintf("%d. %s", q.QuestionNumber, plain.Line(q.QuestionText))
}

// hint is the form of the answer, where it is not plain from the question.
func hint(slot questioning.Slot, language string) string {
	say := messages.In(language)
	var hint string
	if slot.Type != questioning.Text && slot.Type != questioning.Boolean {
		hint = say.Text(messages.Answer, plain.Line(parse.Expected(slot, language)))
	}
	if slot.Default != nil {
		hint = strings.TrimSpace(hint + " " + say.Text(messages.Usually, questioning.Quote(slot.Default, language)))
	}
	return hint
}

func newQuestion(c *conversation, q questioning.Question, slot questioning.Slot) Question {
	lookFor := slot.LookFor
	if len(lookFor) == 0 {
		lookFor = []string{cmp.Or(slot.Description, slot.Title)}
	}
	return Question{
		QuestionID:     questionID(c.ID, q.Number),
		QuestionNumber: q.Number,
		QuestionText:   q.Text,
		Slot:           q.Slot,
		Options:        slot.Options,
		Metadata: QuestionMetadata{
			Importance:           importance(slot),
			InformationToLookFor: lookFor,
			Expected:             parse.Expected(slot, c.State.Language),
			Type:                 slot.Type,
			Required:             slot.Required,
			Default:              slot.Default,
			Purpose:              q.Purpose,
			Reason:               q.Reason,
			Bits:                 q.Bits,
		},
	}
}

// questionID names a question in all conversations: conversation:number.
func questionID(conversationID string, number int) string {
	return fmt.Sprintf("%s:%d", conversationID, number)
}

func importance(slot questioning.Slot) string {
	switch {
	case slot.Required:
		return "high"
	case slot.Weight == 0 || slot.Weight >= 1:
		return "medium"
	}
	return "low"
}

// coverage is what is known of each slot.
func coverage(state *questioning.State) []Coverage {
	all := make([]Coverage, len(state.Slots))
	for i, c := range state.Coverage() {
		all[i] = Coverage{
			Slot: c.Slot.Key, Title: c.Slot.Title, Required: c.Slot.Required,
			State: c.Status, Value: c.Value, Answers: c.Answers, Reopened: c.Reopened,
		}
		if c.Status == questioning.StatusAssumed {
			all[i].Source = messages.In(state.Language).Text(cmp.Or(c.Source, messages.FromContext))
		}
		if all[i].Answers == nil {
			all[i].Answers = []int{}
		}
		if c.Value == nil {
			all[i].Words = c.Words
		}
	}
	return all
}

// spoken is the language of a conversation's texts, empty for English, which goes
// without saying.
func spoken(tag string) string {
	if code := messages.In(tag).Language(); code != messages.English {
		return code
	}
	return ""
}
