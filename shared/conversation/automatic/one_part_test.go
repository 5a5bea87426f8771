package automatic_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
)

// result is what a tool returns.
type result interface{ Text() string }

// hosts pass on one part of a result to their model: some the text alone, some
// structuredContent alone.
var hosts = map[string]func(t *testing.T, of result) string{
	"text": func(_ *testing.T, of result) string { return of.Text() },
	"structuredContent": func(t *testing.T, of result) string {
		data, err := json.MarshalIndent(of, "", " ")
		require.NoError(t, err)
		return strings.ReplaceAll(string(data), `\n`, "\n")
	},
}

var (
	namesConversation = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	asksQuestion      = regexp.MustCompile(`(?m)(?:^(\d+)\. |"question_id": "[^"]+",\s+"question_number": (\d+),\s+"question_text": ")(Destination|Budget|Class|Start date|Insurance)\?`)
)

// reply is what the person says to the questions that a model sees, "" where it sees none.
func reply(seen string) string {
	said := map[string]string{"Destination": "Lisbon", "Budget": "500", "Class": "business", "Start date": "2026-12-10", "Insurance": "yes"}
	var lines []string
	for _, found := range asksQuestion.FindAllStringSubmatch(seen, -1) {
		lines = append(lines, fmt.Sprintf("%s%s. %s", found[1], found[2], said[found[3]]))
	}
	return strings.Join(lines, "\n")
}

// converse leads a conversation to its end as a model does that sees one part of each
// result, and returns its id.
func converse(t *testing.T, a *automatic.Service, shown func(*testing.T, result) string, of result) string {
	t.Helper()
	seen := shown(t, of)
	require.Contains(t, seen, "sequential_questioning_follow_up", "what to call next")
	id := namesConversation.FindString(seen)
	require.NotEmpty(t, id, seen)
	for turns := 0; reply(seen) != ""; turns++ {
		require.Less(t, turns, 5, seen)
		turn, err := a.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, PreviousMessages: []conversation.Message{{Role: "user", Content: reply(seen)}}})
		require.NoError(t, err)
		seen = shown(t, turn)
	}
	return id
}

func TestAHostThatPassesOnOnePartHoldsTheWholeConversation(t *testing.T) {
	t.Parallel()
	for name, shown := range hosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _ := newAsking(t)
			batch, form, err := a.Ask(t.Context(), tripInput(), elicitation.Exchange{})
			require.NoError(t, err)
			require.Nil(t, form)
			id := converse(t, a, shown, batch)

			again, _, err := a.Ask(t.Context(), automatic.Input{ConversationID: id}, elicitation.Exchange{})
			require.NoError(t, err)
			report, err := a.Report(t.Context(), conversation.ReportInput{ConversationID: id, IncludeHistory: true})
			require.NoError(t, err)
			for _, seen := range []string{shown(t, again), shown(t, report)} {
				for _, told := range []string{"Book a trip", "Lisbon", "500", "business", "2026-12-10"} {
					assert.Contains(t, seen, told)
				}
				assert.Regexp(t, `Insurance: yes|"insurance": true`, seen)
				assert.Empty(t, reply(seen), "nothing is left to ask")
			}
			assert.Contains(t, shown(t, again), "Nothing is left to ask.")
		})
	}
}

func TestAHostThatPassesOnOnePartContinuesWhereAFormEnded(t *testing.T) {
	t.Parallel()
	for name, shown := range hosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _ := newAsking(t)
			d := begin(t, a, tripInput())
			d.accept(map[string]any{"destination": "Lisbon", ownWords: "the cat needs a sitter"})
			d.respond("decline", nil)
			seen := shown(t, d.result)
			assert.Contains(t, seen, "The person declined the form, not its questions")
			assert.Contains(t, seen, "the cat needs a sitter", "what was not read")
			assert.Contains(t, seen, "Lisbon", "what was")
			assert.NotContains(t, reply(seen), "Lisbon")
			report, err := a.Report(t.Context(), conversation.ReportInput{ConversationID: converse(t, a, shown, d.result)})
			require.NoError(t, err)
			assert.Equal(t, tripValues, report.Values)
		})
	}
}
