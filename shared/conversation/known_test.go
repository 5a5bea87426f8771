package conversation_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestWhatTheClientKnowsIsRecordedAndCited(t *testing.T) {
	t.Parallel()
	s, url := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, Known: []conversation.Known{
		{Slot: "guests", Value: 20.0, Text: "20 people"},
		{Slot: "eventDate", Value: "2026-06-05", Text: "on June 5"},
		{Slot: "where it is", Value: "Berlin"},
		{Slot: "budget", Value: "a lot", Text: "money is no problem"},
		{Text: "Motto: Space"},
		{Slot: "motto"},
	}})
	require.NoError(t, err)
	assert.Equal(t, 4, turn.Metadata.AnswersRecorded, "one of them unread")
	slots := standing(turn)
	assert.Equal(t, 20.0, slots["guests"].Value)
	assert.Equal(t, questioning.StatusAnswered, slots["guests"].State)
	assert.Equal(t, "2026-06-05", slots["event_date"].Value, "by a name near the slot's")
	assert.Equal(t, questioning.StatusAnswered, slots["motto"].State)
	assert.Equal(t, "where it is: Berlin", turn.Metadata.Unmatched, "what finds no slot is reported")
	require.Len(t, turn.Unread, 1)
	assert.Equal(t, "budget", turn.Unread[0].Slot)
	assert.Equal(t, "money is no problem", turn.Unread[0].Words)
	for _, q := range turn.Questions {
		assert.Equal(t, "place", q.Slot, "nothing else is asked")
	}
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, "20 people", report.Citations["guests"][0].Words)
	assert.Equal(t, 4, count(t, url, `SELECT answers_recorded FROM conversations`))
	turn = answerSlots(t, s, turn.ConversationID, map[string]any{"place": "Berlin", "budget": 400.0})
	assert.True(t, turn.Metadata.Complete)
}

func TestWhatIsKnownCanCompleteAConversationAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: json.RawMessage(`[{"key": "guests", "type": "integer"}]`),
		Known: []conversation.Known{{Slot: "guests", Value: 20.0}}})
	require.NoError(t, err)
	assert.True(t, turn.Metadata.Complete)
	assert.Empty(t, turn.Questions)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.True(t, report.Complete)
	assert.Equal(t, map[string]any{"guests": 20.0}, report.Values)
}

func TestWhatIsKnownCountsWithAnotherPlaybook(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Plan a birthday party"})
	require.NoError(t, err)
	turn, err = s.Ask(t.Context(), conversation.AskInput{Context: "Plan a birthday party", ConversationID: turn.ConversationID, Playbook: "travel",
		Known: []conversation.Known{{Slot: "destination", Value: "Lisbon", Text: "to Lisbon"}}})
	require.NoError(t, err)
	assert.Equal(t, "travel", turn.Metadata.Playbook)
	assert.NotEmpty(t, turn.OpenSlots)
	assert.Equal(t, questioning.StatusAnswered, standing(turn)["destination"].State)
}

// waiting is a slot that a client's model can send a value for, as the result shows it.
type waiting struct{ slot, about, kind string }

// openSlot is a line of open_slots.
var openSlot = regexp.MustCompile(`^(\w+)(?: \(([^)]*)\))?(?:: (.*))?$`)

// waits are the slots that a result asks for or lists.
func waits(t *testing.T, turn conversation.Turn) []waiting {
	t.Helper()
	var all []waiting
	for _, q := range turn.Questions {
		kind := string(q.Metadata.Type)
		if len(q.Options) > 0 {
			kind = strings.Join(q.Options, "|")
		}
		all = append(all, waiting{q.Slot, q.Slot + " " + q.QuestionText, kind})
	}
	for _, line := range turn.OpenSlots {
		parts := openSlot.FindStringSubmatch(line)
		require.NotNil(t, parts, line)
		all = append(all, waiting{parts[1], parts[1] + " " + parts[3], parts[2]})
	}
	return all
}

// A client's model that does no more than what results say: it cannot know the slots
// of the playbook, so it sends what the chat tells once it sees them.
func TestAModelThatFollowsTheResultAsksNothingThatWasSaid(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	told := []struct {
		about, kind  *regexp.Regexp // what a model understands of a slot
		value, words string
		kept         any
	}{
		{regexp.MustCompile(`(?i)kind of event|occasion`), regexp.MustCompile(`(?i)private.party`), "Birthday or other private party", "a birthday party", "private_party"},
		{regexp.MustCompile(`(?i)guests`), regexp.MustCompile(`integer`), "20", "20 people", 20.0},
		{regexp.MustCompile(`(?i)date`), regexp.MustCompile(`^date$`), "2027-06-05", "on June 5", "2027-06-05"},
		{regexp.MustCompile(`(?i)budget`), regexp.MustCompile(`number`), "400", "about 400 euros", 400.0},
		{regexp.MustCompile(`(?i)area|city|where`), regexp.MustCompile(`^$`), "Berlin", "in Berlin", "Berlin"},
	}
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Plan a birthday party for my son who turns 7, 20 people on June 5 in Berlin, budget about 400 euros"})
	require.NoError(t, err)
	assert.Equal(t, "event-planning", turn.Metadata.Playbook)
	assert.Contains(t, turn.Next, "Before you ask, send what the chat already tells about these questions and open_slots with sequential_questioning_follow_up")
	var answers []conversation.AnswerInput
	known := map[string]bool{}
	for _, one := range told {
		for _, slot := range waits(t, turn) {
			if one.about.MatchString(slot.about) && one.kind.MatchString(slot.kind) && !known[slot.slot] {
				answers = append(answers, conversation.AnswerInput{Slot: slot.slot, Value: one.value, Text: one.words})
				known[slot.slot] = true
				break
			}
		}
	}
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: answers})
	require.NoError(t, err)
	asked := 0
	for ; len(turn.Questions) > 0 && asked < 20; asked++ {
		in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
		for _, q := range turn.Questions {
			assert.False(t, known[q.Slot], "%s was told", q.QuestionText)
			in.Answers = append(in.Answers, conversation.AnswerInput{QuestionNumber: q.QuestionNumber, Outcome: questioning.Unknown})
		}
		turn, err = s.FollowUp(t.Context(), in)
		require.NoError(t, err)
	}
	assert.Positive(t, asked)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.True(t, report.Complete)
	held := map[any]bool{}
	for _, value := range report.Values {
		if _, isList := value.([]any); !isList {
			held[value] = true
		}
	}
	for _, one := range told {
		assert.True(t, held[one.kept], "%v is in %v", one.kept, report.Values)
	}
}

// tokens is what text costs a model, about.
func tokens(text string) int { return len(text) / 4 }

// A model pays for a result in each of its later steps.
func TestResultsAreLean(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	structured := func(turn conversation.Turn) int { return tokens(asJSON(t, turn)) }
	library, err := playbook.Open(playbook.Config{})
	require.NoError(t, err)
	for _, name := range library.Names() {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Gather what is wanted for a purpose that is described in a sentence", Playbook: name, BatchSize: 10})
		require.NoError(t, err)
		assert.LessOrEqual(t, structured(turn), 900, "%s, %d questions and all open slots: %s", name, len(turn.Questions), asJSON(t, turn))

		turn, err = s.Ask(t.Context(), conversation.AskInput{Context: "Gather what is wanted for a purpose", Playbook: name})
		require.NoError(t, err)
		for n := 0; len(turn.Questions) == 3; n++ {
			if n > 0 {
				assert.LessOrEqual(t, structured(turn), 350, "%s, batch %d: %s", name, n+1, asJSON(t, turn))
				assert.LessOrEqual(t, tokens(turn.Text()), 250, "%s, batch %d: %s", name, n+1, turn.Text())
			}
			in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
			for _, q := range turn.Questions {
				in.Answers = append(in.Answers, conversation.AnswerInput{QuestionNumber: q.QuestionNumber, Outcome: questioning.Unknown})
			}
			turn, err = s.FollowUp(t.Context(), in)
			require.NoError(t, err)
		}
	}
}
