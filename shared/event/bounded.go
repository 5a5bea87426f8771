package event

import (
	"encoding/json"
	"unicode/utf8"
)

// maxGoal and maxText bound the texts of an event, in bytes: brokers refuse
// large events. A value beyond them is left out. The truth is in Postgres.
const (
	maxGoal = 1 << 10
	maxText = 64 << 10
)

func (e QuestionAsked) bounded() Event {
	e.Goal, e.QuestionText, e.Reason = cut(e.Goal, maxGoal), cut(e.QuestionText, maxText), cut(e.Reason, maxText)
	return e
}

func (e AnswerRecorded) bounded() Event {
	e.Goal, e.Answer = cut(e.Goal, maxGoal), e.Answer.bounded()
	return e
}

func (e AnswerRevised) bounded() Event {
	e.Goal, e.Answer = cut(e.Goal, maxGoal), e.Answer.bounded()
	// Lists are lists also when there is nothing in them.
	e.Supersedes, e.Reopened = append([]int{}, e.Supersedes...), append([]string{}, e.Reopened...)
	return e
}

func (e ConversationCompleted) bounded() Event {
	e.Goal = cut(e.Goal, maxGoal)
	return e
}

func (e ConversationErased) bounded() Event { return e }

func (a Answer) bounded() Answer {
	a.QuestionText, a.Words, a.Problem = cut(a.QuestionText, maxText), cut(a.Words, maxText), cut(a.Problem, maxText)
	if data, err := json.Marshal(a.Value); err != nil || len(data) > maxText {
		a.Value = nil
	}
	return a
}

// cut shortens a text to at most so many bytes, between characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const mark = "…"
	end := most - len(mark)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
