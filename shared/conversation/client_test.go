package conversation_test

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// A client's model that does no more than what results say. It sees one part of each
// result, as some hosts pass it on, does what next says, and knows of the person only what
// the goal tells and what the person then says.

// seen is what a model sees of a result.
type seen struct {
	id, next string
	asked    []seenSlot // questions, by number
	open     []seenSlot // open_slots, by key
	unread   []seenSlot
}

// seenSlot is something that a value can be sent for.
type seenSlot struct{ number, key, about, kind string }

// hosts pass on one part of a result to their model.
var hosts = map[string]func(*testing.T, conversation.Turn) seen{"structuredContent": seenInStructure, "text": seenInText}

func seenInStructure(t *testing.T, turn conversation.Turn) (s seen) {
	var result struct {
		ConversationID string `json:"conversation_id"`
		Next           string
		Questions      []struct {
			QuestionNumber int    `json:"question_number"`
			QuestionText   string `json:"question_text"`
			Options        []string
			Metadata       struct{ Type string }
		}
		OpenSlots []string `json:"open_slots"`
		Unread    []struct {
			Slot, Words string
			Schema      json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, turn)), &result))
	s.id, s.next = result.ConversationID, result.Next
	for _, q := range result.Questions {
		s.asked = append(s.asked, seenSlot{number: strconv.Itoa(q.QuestionNumber), about: q.QuestionText, kind: q.Metadata.Type + strings.Join(q.Options, ", ")})
	}
	s.open = seenOpen(result.OpenSlots)
	for _, u := range result.Unread {
		s.unread = append(s.unread, seenSlot{key: u.Slot, about: u.Words, kind: string(u.Schema)})
	}
	return s
}

var (
	textQuestion = regexp.MustCompile(`(?m)^(\d+)\. (.*)(?:\n {3}(.*))?$`)
	textOpen     = regexp.MustCompile(`(?s)\nopen_slots:\n(.*?)\n\n`)
	textUnread   = regexp.MustCompile(`(?m)^- (\w+): "(.*?)"(?: \(\w+\))? (\{.*\})$`)
	textNext     = regexp.MustCompile(`\((.*) conversation_id ([0-9a-f-]{36})\)$`)
	openSlot     = regexp.MustCompile(`^(\w+)(?: \(([^)]*)\))?(?:: (.*))?$`)
)

func seenInText(t *testing.T, turn conversation.Turn) (s seen) {
	text := turn.Text()
	next := textNext.FindStringSubmatch(text)
	require.NotNil(t, next, text)
	s.next, s.id = next[1], next[2]
	for _, q := range textQuestion.FindAllStringSubmatch(text, -1) {
		s.asked = append(s.asked, seenSlot{number: q[1], about: q[2], kind: q[3]})
	}
	if list := textOpen.FindStringSubmatch(text); list != nil {
		s.open = seenOpen(strings.Split(list[1], "\n"))
	}
	for _, u := range textUnread.FindAllStringSubmatch(text, -1) {
		s.unread = append(s.unread, seenSlot{key: u[1], about: u[2], kind: u[3]})
	}
	return s
}

func seenOpen(lines []string) (open []seenSlot) {
	for _, line := range lines {
		if parts := openSlot.FindStringSubmatch(line); parts != nil {
			open = append(open, seenSlot{key: parts[1], about: parts[1] + " " + parts[3], kind: parts[2]})
		}
	}
	return open
}

// fact is something that the goal tells, or that the person says when asked: as a model
// understands what a slot is about and what its values are.
type fact struct {
	about, kind string // patterns
	value       any
	words       string
	kept        any
}

func (f fact) fits(s seenSlot) bool {
	return regexp.MustCompile("(?i)"+f.about).MatchString(s.about) && regexp.MustCompile("(?i)"+f.kind).MatchString(s.kind)
}

func (s seenSlot) answer(f fact) conversation.AnswerInput {
	number, _ := strconv.Atoi(s.number)
	return conversation.AnswerInput{QuestionNumber: number, Slot: s.key, Value: f.value, Text: f.words}
}

// follow leads a conversation to its end by what results say, and returns its id and the
// texts of the questions that the person was asked.
func follow(t *testing.T, s *conversation.Service, host func(*testing.T, conversation.Turn) seen, opened conversation.Turn, told, says []fact) (id string, asked []string) {
	t.Helper()
	turn := opened
	for steps := 0; ; steps++ {
		require.Less(t, steps, 30, "it comes to an end")
		now := host(t, turn)
		id = now.id
		in := conversation.FollowUpInput{ConversationID: id}
		find := func(facts []fact, slots ...seenSlot) {
			for _, slot := range slots {
				for _, f := range facts {
					if f.fits(slot) {
						in.Answers = append(in.Answers, slot.answer(f))
						break
					}
				}
			}
		}
		switch {
		case strings.Contains(now.next, "Before you ask, send what the chat already tells"):
			find(told, append(now.asked, now.open...)...)
		case strings.Contains(now.next, "Send what you can read in unread"):
			find(append(told, says...), now.unread...)
		}
		switch {
		case len(in.Answers) > 0:
		case strings.Contains(now.next, "sk the person"):
			for _, q := range now.asked {
				asked = append(asked, q.about)
				for _, f := range told {
					assert.False(t, f.fits(q), "%s was told: %s", q.about, f.words)
				}
				before := len(in.Answers)
				if find(says, q); len(in.Answers) == before {
					number, _ := strconv.Atoi(q.number)
					in.Answers = append(in.Answers, conversation.AnswerInput{QuestionNumber: number, Outcome: questioning.Unknown, Text: "no idea"})
				}
			}
		case strings.Contains(now.next, "sequential_questioning_report"):
			return id, asked
		}
		var err error
		turn, err = s.FollowUp(t.Context(), in)
		require.NoError(t, err, "%+v", in.Answers)
	}
}

const birthday = "Plan a birthday party for my son who turns 7, 20 people on June 5 in Berlin, budget about 400 euros"

// birthdayTold is what the goal tells, as a model understands it.
var birthdayTold = []fact{
	{`kind of event|occasion`, `birthday|private`, "Birthday or other private party", "a birthday party", "private_party"},
	{`how many guests|number of guests`, `whole number|integer`, "20", "20 people", 20.0},
	{`which day|^event_date|^date\b`, `^date|a date`, "2027-06-05", "on June 5", "2027-06-05"},
	{`cost|budget`, `number`, "400", "about 400 euros", 400.0},
	{`which place|area|city`, `^$|string`, "Berlin", "in Berlin", "Berlin"},
	{`age`, `whole number|integer`, "7", "turns 7", 7.0},
}

func TestAModelThatFollowsTheResultAsksNothingThatTheGoalTells(t *testing.T) {
	t.Parallel()
	own := json.RawMessage(`{"slots": [
		{"key": "occasion", "title": "Occasion", "options": [{"value": "private_party", "title": "Birthday or other private party"}, {"value": "company", "title": "Company party"}]},
		{"key": "guests", "title": "Number of guests", "type": "integer"}, {"key": "event_date", "title": "Date", "type": "date"},
		{"key": "city", "title": "City"}, {"key": "budget", "title": "Budget", "type": "number"}, {"key": "age", "title": "Age of the child", "type": "integer"},
		{"key": "motto", "title": "Motto"}, {"key": "outdoors", "title": "Outdoors", "type": "boolean"}, {"key": "food", "title": "Food", "options": ["cake", "pizza", "barbecue"]}]}`)
	says := []fact{
		{`take place`, ``, "Outdoors, in a garden or park", "in the park", "outdoors"},
		{`rain|weather`, ``, "we move it to our flat", "then we move it to our flat", "we move it to our flat"},
		{`motto`, ``, "Space", "something with space", "Space"},
		{`outdoors\?`, ``, "true", "yes, in the park", true},
		{`food\?`, `pizza`, "pizza", "pizza of course", "pizza"},
	}
	for name, needed := range map[string]json.RawMessage{"a playbook": nil, "information_needed": unwrapped(t, own)} {
		for part, host := range hosts {
			t.Run(name+", "+part, func(t *testing.T) {
				t.Parallel()
				s, _ := newService(t)
				turn, err := s.Ask(t.Context(), conversation.AskInput{Context: birthday, InformationNeeded: needed})
				require.NoError(t, err)
				id, asked := follow(t, s, host, turn, birthdayTold, says)
				assert.NotEmpty(t, asked, "what the goal does not tell")
				report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
				require.NoError(t, err)
				assert.True(t, report.Complete, report.OpenPoints)
				held := map[any]bool{}
				for _, value := range report.Values {
					if _, isList := value.([]any); !isList {
						held[value] = true
					}
				}
				for _, f := range birthdayTold {
					if f.kept != 7.0 || needed != nil { // the playbook asks for no age
						assert.True(t, held[f.kept], "%v is in %v", f.kept, report.Values)
					}
				}
				cited := report.Citations["occasion"]
				require.Len(t, cited, 1)
				assert.Equal(t, "a birthday party", cited[0].Words, "the person's own words")
			})
		}
	}
}

// unwrapped is the list in {"slots": […]}, as the tool takes it out.
func unwrapped(t *testing.T, needed json.RawMessage) json.RawMessage {
	t.Helper()
	var wrapped struct{ Slots json.RawMessage }
	require.NoError(t, json.Unmarshal(needed, &wrapped))
	return wrapped.Slots
}

// What the person says in reply may not be readable here. The model that reads one part of
// the result sends it as a value, and the person is not asked again.
func TestAModelThatFollowsTheResultSendsWhatWasNotRead(t *testing.T) {
	t.Parallel()
	understood := []fact{
		{`sixty`, `integer`, 60.0, "as many as last year, so sixty", 60.0},
		{`anything but`, `enum`, "red", "anything but green", "red"},
		{`turn of the year`, `date`, "2026-12-31", "at the turn of the year", "2026-12-31"},
	}
	for part, host := range hosts {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			s, _ := newService(t)
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", Known: []conversation.Known{{Slot: "motto", Value: "Space"}}, InformationNeeded: json.RawMessage(
				`[{"key": "guests", "type": "integer"}, {"key": "colour", "options": ["red", "green"]}, {"key": "event_date", "type": "date"}, "motto"]`)})
			require.NoError(t, err)
			turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(wordsFor(turn, map[string]string{
				"guests": understood[0].words, "colour": understood[1].words, "event_date": understood[2].words}))})
			require.NoError(t, err)
			assert.Empty(t, turn.Questions, "nothing is put to the person again at once")
			assert.False(t, turn.Metadata.Complete)
			id, asked := follow(t, s, host, turn, nil, understood)
			assert.Empty(t, asked)
			report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: id})
			require.NoError(t, err)
			assert.True(t, report.Complete)
			assert.Equal(t, map[string]any{"guests": 60.0, "colour": "red", "event_date": "2026-12-31", "motto": "Space"}, report.Values)
		})
	}
}

// wordsFor is a reply that numbers what is said to the questions of a turn.
func wordsFor(turn conversation.Turn, said map[string]string) string {
	var lines []string
	for _, q := range turn.Questions {
		lines = append(lines, strconv.Itoa(q.QuestionNumber)+". "+said[q.Slot])
	}
	return strings.Join(lines, "\n")
}
