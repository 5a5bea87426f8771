package conversation_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
	"github.com/sequential-questioning/sequential-questioning/shared/tool/tooltest"
)

// declared is a tool that takes an input of the service, as the functions declare it.
func declared[In any, Out tool.Rendered](run func(context.Context, In) (Out, error)) tool.Tool {
	return tool.Define(tool.Definition{
		Name: "t", Title: "T", Description: "A tool.",
		Schemas: conversation.Schemas(), Refine: conversation.Refine, Declare: conversation.Declare,
	}, run)
}

func tools(s *conversation.Service) map[string]tool.Tool {
	return map[string]tool.Tool{
		"ask": declared(s.Ask), "follow up": declared(s.FollowUp), "revise": declared(s.Revise),
		"report": declared(s.Report), "recall": declared(s.Recall), "forget": declared(s.Forget),
	}
}

func TestEveryProviderTakesWhatIsDeclared(t *testing.T) {
	t.Parallel()
	for name, one := range tools(nil) {
		assert.Empty(t, tooltest.Lint(one.Declaration), name)
	}
}

func TestAnArgumentOutOfBoundsIsRefusedByItsName(t *testing.T) {
	t.Parallel()
	all := tools(nil) // refused before the service is called
	for name, c := range map[string]struct{ tool, arguments, says string }{
		"a batch too large":       {"ask", `{"context": "x", "batch_size": 11}`, "batch_size: maximum"},
		"a batch of none":         {"ask", `{"context": "x", "batch_size": 0}`, "batch_size: minimum"},
		"no question":             {"ask", `{"context": "x", "max_questions": 0}`, "max_questions: minimum"},
		"a session's id":          {"ask", `{"context": "x", "session_id": "` + strings.Repeat("é", 129) + `"}`, "session_id: maxLength"},
		"a user's id":             {"report", `{"conversation_id": "x", "user_id": "` + strings.Repeat("é", 257) + `"}`, "user_id: maxLength"},
		"a language":              {"ask", `{"context": "x", "language": "` + strings.Repeat("x", 36) + `"}`, "language: maxLength"},
		"an unknown role":         {"ask", `{"context": "x", "previous_messages": [{"role": "bot", "content": "x"}]}`, "previous_messages[0].role"},
		"an unknown outcome":      {"follow up", `{"conversation_id": "x", "answers": [{"slot": "a", "outcome": "maybe"}]}`, "answers[0].outcome"},
		"question 0":              {"follow up", `{"conversation_id": "x", "answers": [{"question_number": 0, "text": "x"}]}`, "answers[0].question_number: minimum"},
		"too many answers":        {"follow up", `{"conversation_id": "x", "answers": [` + strings.Repeat(`{"slot": "a", "text": "x"},`, 200) + `{"slot": "a", "text": "x"}]}`, "answers"},
		"answer 0":                {"revise", `{"conversation_id": "x", "answer_number": 0, "text": "x"}`, "answer_number: minimum"},
		"more than is recalled":   {"recall", `{"query": "x", "limit": 51}`, "limit: maximum"},
		"information of a number": {"ask", `{"context": "x", "information_needed": 7}`, "information_needed"},
	} {
		_, err := all[c.tool].Call(t.Context(), json.RawMessage(c.arguments))
		refused(t, err, c.says, name)
	}
}

func TestWhatWasTakenDifferentlyIsSaid(t *testing.T) {
	t.Parallel()
	notes := []string{"batch_size: a text taken as a number"}
	var turn conversation.Turn
	var report conversation.Report
	var recalled conversation.Recalled
	var forgotten conversation.Forgotten
	for _, result := range []tool.Warned{&turn, &report, &recalled, &forgotten} {
		result.Warn(notes)
		result.Warn(notes)
		assert.Contains(t, asJSON(t, result), `"warnings":["batch_size: a text taken as a number","batch_size: a text taken as a number"]`, "%T", result)
	}
}
