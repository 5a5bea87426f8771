package conversation_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// tokens is what text costs a model, about.
func tokens(text string) int { return utf8.RuneCountInString(text) / 4 }

// cost is what a result costs, by the part that a host passes on.
type cost struct{ structured, text int }

func (c *cost) atLeast(t *testing.T, turn conversation.Turn) {
	c.structured, c.text = max(c.structured, tokens(asJSON(t, turn))), max(c.text, tokens(turn.Text()))
}

// These bound what a result costs a model, which pays for it again in each of its later
// steps: one with all the open slots of a playbook beside ten questions, and one with
// three questions.
var (
	mostOfOpening = cost{structured: 900, text: 900}
	mostOfTurn    = cost{structured: 350, text: 250}
	// German has the longest words of the languages that playbooks ask in.
	mostOfGermanTurn = cost{structured: 360, text: 250}
)

// answers are a value, by the type, to every question; every third is not known.
func answers(turn conversation.Turn) (all []conversation.AnswerInput) {
	for i, q := range turn.Questions {
		a := conversation.AnswerInput{QuestionNumber: q.QuestionNumber, Value: map[questioning.Type]any{
			questioning.Integer: "3", questioning.Number: "20", questioning.Boolean: "true", questioning.Date: "2027-06-05", questioning.Time: "14:30",
			questioning.DateTime: "2027-06-05T14:30:00Z", questioning.Email: "ada@example.org", questioning.URI: "https://example.org/a",
		}[q.Metadata.Type]}
		switch {
		case i == 2:
			a.Value, a.Outcome = nil, questioning.Unknown
		case len(q.Options) > 0:
			a.Value = q.Options[0]
		case a.Value == nil:
			a.Value = "as much as it takes"
		}
		all = append(all, a)
	}
	return all
}

// spoken are the same answers as a person writes them, by number.
func spoken(turn conversation.Turn) []conversation.Message {
	var lines []string
	for _, a := range answers(turn) {
		if a.Outcome != "" {
			a.Value = "no idea"
		}
		lines = append(lines, fmt.Sprintf("%d. %v", a.QuestionNumber, a.Value))
	}
	return user(strings.Join(lines, "\n"))
}

func TestResultsAreLean(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	library, err := playbook.Open(playbook.Config{})
	require.NoError(t, err)
	t.Logf("tokens of structuredContent/text at most, when a conversation opens and later:\n%-24s %11s %11s %11s %11s %11s %11s", "playbook", "1 question", "later", "3 questions", "later", "10", "later")
	for _, name := range library.Names() {
		row := fmt.Sprintf("%-24s", name)
		for _, size := range []int{1, 3, 10} {
			var opening, later cost
			for n := range 3 {
				inWords := n == 1
				in := conversation.AskInput{Context: "Gather what is wanted for a purpose that is described in a sentence", Playbook: name, BatchSize: size}
				most := mostOfTurn
				if n == 2 {
					in.Language, most = "de", mostOfGermanTurn
				}
				turn, err := s.Ask(t.Context(), in)
				require.NoError(t, err)
				opening.atLeast(t, turn)
				for range 30 {
					in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
					if inWords {
						in.PreviousMessages = spoken(turn)
					} else {
						in.Answers = answers(turn)
					}
					turn, err = s.FollowUp(t.Context(), in)
					require.NoError(t, err)
					if len(turn.Questions) == 0 {
						break
					}
					later.atLeast(t, turn)
					if size == 3 {
						assert.LessOrEqual(t, tokens(asJSON(t, turn)), most.structured, "%s: %s", name, asJSON(t, turn))
						assert.LessOrEqual(t, tokens(turn.Text()), most.text, "%s: %s", name, turn.Text())
					}
				}
			}
			for _, all := range []cost{opening, later} {
				row += fmt.Sprintf(" %11s", fmt.Sprintf("%d/%d", all.structured, all.text))
				assert.LessOrEqual(t, all.structured, mostOfOpening.structured, "%s, %d questions", name, size)
				assert.LessOrEqual(t, all.text, mostOfOpening.text, "%s, %d questions", name, size)
			}
		}
		t.Log(row)
	}
}
