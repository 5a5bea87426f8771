package conversation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// AnswerInput is one answer as a client sends it. It names what it is about by
// question, by slot, or not at all; says what was answered by a value, by words, or by
// an outcome that needs neither; and may do all of it, where its parts agree.
type AnswerInput struct {
	QuestionNumber int                 `json:"question_number,omitempty"`
	QuestionID     string              `json:"question_id,omitempty"`
	Slot           string              `json:"slot,omitempty"`
	Value          any                 `json:"value,omitempty" jsonschema:"By the slot's type: 3, true, 2027-05-01, [\"a\"]."`
	Text           string              `json:"text,omitempty" jsonschema:"The person's own words."`
	Outcome        questioning.Outcome `json:"outcome,omitempty"`
}

// Known is a value that the client's model read in the chat.
type Known struct {
	Slot  string `json:"slot,omitempty"`
	Value any    `json:"value,omitempty"`
	Text  string `json:"text,omitempty" jsonschema:"The words it rests on."`
}

// unnamed says that an answer names no question and no slot.
func (a AnswerInput) unnamed() bool {
	return a.QuestionNumber == 0 && a.QuestionID == "" && a.Slot == ""
}

// said is what an answer says, in words: its value, or its text without one.
func (a AnswerInput) said() string {
	if a.Value == nil {
		return a.Text
	}
	return fmt.Sprint(a.Value)
}

// allUnnamed reports answers of which none names anything: they are meant for the open
// questions in their order. One that does among others that do not would leave open
// which order is meant.
func allUnnamed(answers []AnswerInput) bool {
	return len(answers) > 0 && !slices.ContainsFunc(answers, func(a AnswerInput) bool { return !a.unnamed() })
}

// unnamedError is the error of an answer that does not say what it answers. It has no
// field: the caller knows the answer's place in the list and adds it (fault.Within).
func unnamedError(more string) error {
	return fault.Invalidf("", "needs a question_number, a question_id or a slot%s", more)
}

// number returns the question an answer names, 0 when it names a slot only. A
// question's id may begin with the whole id of its conversation, as earlier releases
// had it, or with the end of it.
func (a AnswerInput) number(conversationID string) (int, error) {
	if a.QuestionID == "" {
		return a.QuestionNumber, nil
	}
	of, text, _ := strings.Cut(a.QuestionID, ":")
	number, err := strconv.Atoi(text)
	switch {
	case err != nil || number < 1 || len(of) < idDigits || !strings.HasSuffix(conversationID, of):
		return 0, fault.Invalidf("question_id", "%q is no question of this conversation", a.QuestionID)
	case a.QuestionNumber != 0 && a.QuestionNumber != number:
		return 0, fault.Invalidf("question_id", "%q and question_number %d are different questions", a.QuestionID, a.QuestionNumber)
	}
	return number, nil
}

// idDigits is how much of a conversation's id, from its end, its questions' ids begin
// with: enough to notice a question of another conversation.
const idDigits = 8

// questionID names a question.
func questionID(conversationID string, number int) string {
	return fmt.Sprintf("%s:%d", conversationID[max(0, len(conversationID)-idDigits):], number)
}

// maxWords bounds, in bytes, the person's words of one answer: a long report pasted
// into a field, but not a file.
const maxWords = 64 << 10

// checkAnswer holds an answer against what its schema cannot state.
func checkAnswer(a AnswerInput) error {
	switch a.Outcome {
	case "", questioning.Answered:
		if a.Value == nil && strings.TrimSpace(a.Text) == "" {
			return fault.Invalidf("", "needs a value or a text, or an outcome of unknown, declined or not_applicable")
		}
	case questioning.Unknown, questioning.Declined, questioning.NotApplicable:
		if a.Value != nil {
			return fault.Invalidf("value", "goes with the outcome answered only, not with %s", a.Outcome)
		}
	}
	if len(a.Text) > maxWords {
		return fault.Invalidf("text", "has %d bytes, at most %d are allowed", len(a.Text), maxWords)
	}
	return nil
}
