package conversation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestLabelsInGoalAndChatMeanTheSlotsThatTheySpeakOf(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for _, in := range []conversation.AskInput{
		{Context: "The summer party of our company\nWhen: 2027-07-17\nNumber of people: 80\nWhere: Hamburg, at the harbour\nCost: 6000 euros"},
		{Context: "The summer party of our company. When: 2027-07-17, number of people: 80, where: Hamburg, at the harbour; cost: 6000 euros"},
		{Context: "Das Sommerfest unserer Firma\nWann: 2027-07-17\nPersonen: 80\nWo: Hamburg, at the harbour\nKosten: 6000 Euro"},
		{Context: "The summer party", PreviousMessages: user("When: 2027-07-17\nPeople: 80\nWhere: Hamburg, at the harbour\nPrice: 6000")},
	} {
		for name, needed := range map[string]json.RawMessage{"a playbook": nil, "own slots": party} {
			in.InformationNeeded = needed
			if in.Playbook = ""; needed == nil {
				in.Playbook = "event-planning"
			}
			turn, err := s.Ask(t.Context(), in)
			require.NoError(t, err)
			slots, place := standing(turn), "place"
			if needed == nil {
				place = "area"
			}
			for key, want := range map[string]any{"guests": 80.0, "event_date": "2027-07-17", place: "Hamburg, at the harbour", "budget": 6000.0} {
				assert.Equal(t, questioning.StatusAssumed, slots[key].State, "%s of %s, %s", key, in.Context, name)
				assert.Equal(t, want, slots[key].Value, "%s of %s, %s", key, in.Context, name)
			}
		}
	}
}

func TestWhatTheGoalNamesAndNobodyReadGoesToTheModel(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party\nBudget: not too much\nMotto: Space", InformationNeeded: party})
	require.NoError(t, err)
	require.Len(t, turn.Unread, 1)
	assert.Equal(t, "budget", turn.Unread[0].Slot)
	assert.Equal(t, "not too much", turn.Unread[0].Words)
	assert.Contains(t, turn.Text(), `- budget: "not too much" {"type":"number"}`)
	for _, q := range turn.Questions {
		assert.NotEqual(t, "budget", q.Slot, "the model reads it first")
	}
	turn = answerSlots(t, s, turn.ConversationID, map[string]any{"guests": 3.0, "event_date": "2027-07-17", "place": "Berlin"})
	require.Len(t, turn.Questions, 1, "then the person is asked")
	assert.Equal(t, "budget", turn.Questions[0].Slot)
}

func TestWhatIsKnownTwiceAndDiffersIsAskedAbout(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, BatchSize: 1, Known: []conversation.Known{
		{Slot: "guest_count", Value: 20.0}, {Slot: "numberOfGuests", Value: 25.0, Text: "no, 25"}, {Slot: "when", Value: "2027-07-17"},
		{Text: "at least 12 adults"}, {Slot: "budget", Value: true}, {Slot: "colour", Value: "red"},
	}})
	require.NoError(t, err)
	require.Len(t, turn.Questions, 1)
	assert.Equal(t, "guests", turn.Questions[0].Slot)
	assert.Equal(t, questioning.Confirm, turn.Questions[0].Metadata.Purpose)
	assert.Equal(t, "2027-07-17", standing(turn)["event_date"].Value)
	require.Len(t, turn.Unread, 1, "a value that does not fit")
	assert.Equal(t, "budget", turn.Unread[0].Slot)
	assert.Contains(t, turn.Metadata.Unmatched, "colour: red", "a name that means no slot")
	require.Len(t, turn.Metadata.Doubts, 1, "words without a slot, which are read as a reply is")
	assert.Contains(t, turn.Metadata.Doubts[0], `"12 adults" for Number of guests`)
	for _, told := range []string{"colour: red", "12 adults", "- budget: "} {
		assert.Contains(t, turn.Text(), told)
	}
	assert.Contains(t, turn.Next, "If what belongs to no slot or is not recorded answers something, send it as well.")
}

// A client may send what it knows in one call for each thing, and has put no question yet.
// It may send the rest of a reply that was not read here, too.
func TestAnswersThatComeOneByOneLeaveNoQuestionOut(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "Book a trip", InformationNeeded: json.RawMessage(`["a", "b", "c", "d", "e", "f"]`), BatchSize: 3})
	require.NoError(t, err)
	for _, slot := range []string{"d", "a", "e", "f"} {
		turn = answerSlots(t, s, turn.ConversationID, map[string]any{slot: "x"})
	}
	var asked []string
	for _, q := range turn.Questions {
		asked = append(asked, q.Slot)
	}
	assert.ElementsMatch(t, []string{"b", "c"}, asked)
	turn = answerSlots(t, s, turn.ConversationID, map[string]any{"b": "x", "c": "x"})
	assert.True(t, turn.Metadata.Complete)

	turn, err = s.Ask(t.Context(), conversation.AskInput{Context: "A loan", InformationNeeded: json.RawMessage(
		`[{"key": "amount", "type": "number"}, {"key": "income", "type": "number"}, {"key": "birth", "type": "date"}, "purpose"]`), BatchSize: 4})
	require.NoError(t, err)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
		PreviousMessages: user("10k for a car. I was born on 4 March 1988, income I'd rather keep to myself")})
	require.NoError(t, err)
	require.NotEmpty(t, turn.Metadata.Unmatched)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
		Answers: []conversation.AnswerInput{{Slot: "purpose", Value: "a car"}, {Slot: "income", Outcome: questioning.Declined}}})
	require.NoError(t, err)
	require.Len(t, turn.Questions, 1, "one reply left it out, and not two")
	assert.Equal(t, "amount", turn.Questions[0].Slot)
}

func TestASentenceThatOnlyCorrectsReplacesWhatItSpeaksOf(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for words, want := range map[string]any{
		"Oh, actually make it 25 guests.":                       25.0,
		"Number of guests: 25":                                  25.0,
		"in the garden. And sorry, I meant 25 guests":           25.0,
		"My aunt actually brings 3 guests":                      20.0, // of hers: the person is asked
		"Should we actually make it 25 guests?":                 20.0,
		"actually, we asked the caterer and she wants 9 guests": 20.0,
	} {
		for _, needed := range []json.RawMessage{party, json.RawMessage(`[{"key": "guests", "title": "Number of guests", "type": "integer"}]`)} { // the second is complete
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: needed, Known: []conversation.Known{{Slot: "guests", Value: 20.0}}})
			require.NoError(t, err)
			turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(words)})
			require.NoError(t, err)
			got, changed := standing(turn)["guests"]
			switch {
			case want == 25.0:
				assert.Equal(t, questioning.StatusAnswered, got.State, words)
				assert.Equal(t, want, got.Value, words)
			case changed:
				assert.Equal(t, questioning.StatusContradicted, got.State, "the person says which holds: %s", words)
			default:
				assert.NotEmpty(t, turn.Metadata.Unmatched, words)
			}
			for _, c := range turn.Coverage {
				assert.False(t, c.Slot != "guests" && c.State == questioning.StatusAnswered, "%s is taken for %s", words, c.Slot)
			}
		}
	}
}

func TestWordsAboutAnotherSlotAreNoAnswerToTheQuestion(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	ask := func(needed string) conversation.Turn {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: json.RawMessage(needed), BatchSize: 3, Known: []conversation.Known{{Slot: "guests", Value: 20.0}}})
		require.NoError(t, err)
		return turn
	}
	say := func(turn conversation.Turn, words string) conversation.Turn {
		turn, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(words)})
		require.NoError(t, err)
		return turn
	}
	const guests = `{"key": "guests", "title": "Number of guests", "type": "integer"}`
	turn := say(ask(`[`+guests+`, {"key": "place"}]`), "actually make it 25 guests")
	require.Len(t, turn.Questions, 1, "the place stays open")
	assert.Equal(t, "place", turn.Questions[0].Slot)

	turn = say(ask(`[`+guests+`, {"key": "place"}, {"key": "indoors", "type": "boolean"}, {"key": "event_date", "title": "Date", "type": "date"}]`), "we still have to think of the rain")
	assert.Equal(t, "we still have to think of the rain", turn.Metadata.Unmatched, "nobody knows which question it answers")
	assert.Len(t, turn.Questions, 3)

	turn = say(ask(`[`+guests+`, {"key": "notes"}, {"key": "budget", "title": "Budget", "type": "number"}]`), "1. The budget is 500 euros")
	assert.NotEqual(t, questioning.StatusMissing, standing(turn)["notes"].State, "a number says which question is meant")
}

func TestWhoAnswersWhatDependsOnAYesIsNotAskedForIt(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A holiday", Playbook: "travel", Known: []conversation.Known{{Slot: "destination", Value: "Portugal"}}})
	require.NoError(t, err)
	assert.Equal(t, true, standing(turn)["destination_known"].Value)
	assert.Equal(t, "follows from “Destination”", standing(turn)["destination_known"].Source)
	for _, q := range turn.Questions {
		assert.NotEqual(t, "destination_known", q.Slot)
	}
	assert.NotContains(t, strings.Join(turn.OpenSlots, "\n"), "kind_of_place", "it is asked for where no place is known")
}

func TestAnAnswerThatIsPutOffIsAskedForLater(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "An appointment", BatchSize: 1, InformationNeeded: json.RawMessage(`[{"key": "day", "type": "date"}, {"key": "first", "type": "boolean"}]`),
		Known: []conversation.Known{{Slot: "first", Value: true}}})
	require.NoError(t, err)
	for _, words := range []string{"let me check with my wife", "why do you ask?"} {
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(words)})
		require.NoError(t, err)
		if words == "let me check with my wife" {
			require.Len(t, turn.Unread, 1)
			assert.Equal(t, "deferral", turn.Unread[0].Kind)
			assert.Nil(t, turn.Unread[0].Schema, "there is no value in it")
			assert.Empty(t, turn.Questions)
			assert.Equal(t, "Once the person can answer, call sequential_questioning_follow_up without answers: the question comes again.", turn.Next)
			turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID})
			require.NoError(t, err)
			require.Len(t, turn.Questions, 1)
			assert.Equal(t, "Day?", turn.Questions[0].QuestionText, "not that it could not be read")
			assert.Empty(t, turn.Unread)
		}
	}
	assert.Contains(t, turn.Next, "Answer what the person asks.")
	assert.Equal(t, "required_open", turn.Metadata.StopReason, "it was left out twice")
	turn = answerSlots(t, s, turn.ConversationID, map[string]any{"day": "2026-12-08"})
	assert.True(t, turn.Metadata.Complete)
}

func TestAReplyToSeveralQuestionsThatAnswersNoneIsReportedAsWhatItIs(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for words, kind := range map[string]string{
		"why do you ask?": "question", "let me check with my wife": "deferral", "see above": "referral",
		"¿por qué lo preguntas?": "question", "je vous dirai plus tard": "deferral", "wie gesagt": "referral",
		"20 guests. Why do you want to know?": "question",
	} {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party})
		require.NoError(t, err)
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(words)})
		require.NoError(t, err)
		require.Len(t, turn.Unread, 1, words)
		assert.Equal(t, kind, turn.Unread[0].Kind, words)
		assert.Empty(t, turn.Unread[0].Slot, words)
		assert.Empty(t, turn.Metadata.Unmatched, words)
		assert.Contains(t, turn.Text(), "("+kind+")", words)
		assert.Len(t, turn.Questions, 3, "the questions stay open: %s", words)
		report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
		require.NoError(t, err)
		for slot, value := range report.Values {
			assert.Equal(t, 20.0, value, "%s: nothing is taken for %s", words, slot)
		}
	}
}

func TestAPersonEndsTheConversationInTheirLanguage(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for _, words := range []string{
		"stop", "That's all.", "skip the rest", "20 guests. Skip the rest, please.", "das reicht jetzt", "Das war alles.", "20 Gäste. Keine weiteren Fragen bitte",
		"c'est tout", "passons le reste", "arrêtons là", "eso es todo", "salta el resto", "no más preguntas", "è tutto", "salta il resto", "basta domande",
		"isso é tudo", "pule o resto", "chega de perguntas", "dat is alles", "sla de rest over", "geen vragen meer",
	} {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party})
		require.NoError(t, err)
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(words)})
		require.NoError(t, err)
		assert.Equal(t, "ended_by_person", turn.Metadata.StopReason, words)
		assert.False(t, turn.Metadata.Complete, words)
		assert.Empty(t, turn.Questions, words)
		assert.Contains(t, turn.Next, "Asking is over, but something required is open", words)
	}
}

func TestAResultRepeatsLittleOfALongReply(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party})
	require.NoError(t, err)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(strings.Repeat("The zebra is striped. ", 5000))})
	require.NoError(t, err)
	assert.Contains(t, turn.Metadata.Unmatched, "The zebra is striped.")
	assert.Less(t, len(asJSON(t, turn)), 4000)
	assert.Less(t, len(turn.Text()), 2000)
}

// A model that sees one part of a result learns from it whatever the next step needs.
func TestBothPartsOfAResultSayWhatTheNextStepNeeds(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party for 20 guests", InformationNeeded: json.RawMessage(`{"type": "object", "properties": {
		"guests": {"type": "integer", "title": "Number of guests"}, "food": {"enum": ["cake", "pizza"]}, "code": {"type": "string", "format": "date", "pattern": "(?=x)"}}}`)})
	require.NoError(t, err)
	both := func(turn conversation.Turn, told ...string) {
		t.Helper()
		for _, part := range []string{asJSON(t, turn), turn.Text()} {
			for _, one := range append(told, turn.ConversationID) {
				assert.Contains(t, part, one)
			}
		}
	}
	both(turn, "Number of guests", "20", "from the context", "Before you ask, send what the chat already tells", "with what is assumed", "cake", "pattern")
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user("something sweet, I guess. Okapis come too")})
	require.NoError(t, err)
	both(turn, "something sweet, I guess.", "Okapis come too", "If what belongs to no slot or is not recorded answers something, send it as well.", "sequential_questioning_follow_up")
	opened, err := s.Ask(t.Context(), conversation.AskInput{Context: birthday})
	require.NoError(t, err)
	both(opened, append(opened.Metadata.PlaybookAlternatives, "event-planning")...)
	both(opened, opened.OpenSlots...)
	ended, err := s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: opened.ConversationID, Stop: true})
	require.NoError(t, err)
	both(ended, "sequential_questioning with this conversation_id asks again", "sequential_questioning_report", "Still open")
	repeated, err := s.Ask(t.Context(), conversation.AskInput{Context: "x", BatchSize: 1, InformationNeeded: json.RawMessage(`[{"key":"a","type":"boolean"},{"key":"b","type":"boolean"}]`)})
	require.NoError(t, err)
	for range 2 {
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: repeated.ConversationID, PreviousMessages: user("yes")})
		require.NoError(t, err)
	}
	both(turn, "This call repeats the one before and was not counted again.")
}

// Many clients send the chat with every call, beside the answers that they read in it.
func TestAnswersBesideTheChatThatTheyRestOnAreSaidOnce(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A bug", InformationNeeded: json.RawMessage(
		`[{"key": "problem"}, {"key": "severity", "options": ["blocks work", "annoying"]}, {"key": "users", "title": "Number of users", "type": "integer"}]`)})
	require.NoError(t, err)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
		Answers: []conversation.AnswerInput{
			{Slot: "problem", Value: "The app freezes", Text: "the app freezes when I open a photo"}, {Slot: "severity", Value: "annoying", Text: "pretty bad"}, {Slot: "users", Value: 12.0}},
		PreviousMessages: user(wordsFor(turn, map[string]string{"problem": "the app freezes when I open a photo", "severity": "pretty bad", "users": "12"}))})
	require.NoError(t, err)
	assert.Empty(t, turn.Unread)
	assert.Empty(t, turn.Questions)
	assert.True(t, turn.Metadata.Complete)
	assert.Equal(t, 3, turn.Metadata.AnswersRecorded)
	report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"problem": "The app freezes", "severity": "annoying", "users": 12.0}, report.Values)
	assert.Empty(t, report.Contradictions)
}

func TestAValueThatTheWordsBesideItContradictIsAskedAbout(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: json.RawMessage(`[{"key": "guests", "type": "integer"}]`)})
	require.NoError(t, err)
	turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID,
		Answers: []conversation.AnswerInput{{Slot: "guests", Value: 20.0}}, PreviousMessages: user("30")})
	require.NoError(t, err)
	require.Len(t, turn.Questions, 1)
	assert.Equal(t, questioning.Confirm, turn.Questions[0].Metadata.Purpose)
}

func TestASlotIsAnsweredAndCorrectedAtAnyTime(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	known := func(values map[string]any) (all []conversation.Known) {
		for slot, value := range values {
			all = append(all, conversation.Known{Slot: slot, Value: value})
		}
		return all
	}
	rest := map[string]any{"event_date": "2027-06-05", "place": "Berlin", "budget": 400.0, "motto": "Space"}
	times := map[string]func() conversation.Turn{
		"before it is asked for": func() conversation.Turn {
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, BatchSize: 1})
			require.NoError(t, err)
			require.NotEqual(t, "guests", turn.Questions[0].Slot)
			return turn
		},
		"while it is asked for": func() conversation.Turn {
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, Known: known(rest)})
			require.NoError(t, err)
			require.Equal(t, "guests", turn.Questions[0].Slot)
			return turn
		},
		"while it is assumed": func() conversation.Turn {
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party for 20 guests", InformationNeeded: party})
			require.NoError(t, err)
			require.Equal(t, questioning.StatusAssumed, standing(turn)["guests"].State)
			return turn
		},
		"after it was answered": func() conversation.Turn {
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, Known: known(map[string]any{"guests": 20.0})})
			require.NoError(t, err)
			return turn
		},
		"after it was not read": func() conversation.Turn {
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, Known: []conversation.Known{{Slot: "guests", Text: "quite a few"}}})
			require.NoError(t, err)
			return turn
		},
		"after it was declined": func() conversation.Turn {
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party})
			require.NoError(t, err)
			turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Answers: []conversation.AnswerInput{{Slot: "guests", Outcome: questioning.Declined}}})
			require.NoError(t, err)
			return turn
		},
		"after the end": func() conversation.Turn {
			rest := known(rest)
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, Known: append(rest, conversation.Known{Slot: "guests", Value: 20.0})})
			require.NoError(t, err)
			require.True(t, turn.Metadata.Complete)
			return turn
		},
		"after the person ended it": func() conversation.Turn {
			turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party})
			require.NoError(t, err)
			turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, Stop: true})
			require.NoError(t, err)
			return turn
		},
	}
	ways := map[string]conversation.FollowUpInput{
		"a value": {Answers: []conversation.AnswerInput{{Slot: "guests", Value: 25.0, Text: "25 of us"}}},
		"words":   {Answers: []conversation.AnswerInput{{Slot: "Number of guests", Text: "about 25"}}},
		"a label": {PreviousMessages: user("Number of guests: 25")},
	}
	for when, at := range times {
		for how, in := range ways {
			in.ConversationID = at().ConversationID
			turn, err := s.FollowUp(t.Context(), in)
			require.NoError(t, err)
			got := standing(turn)["guests"]
			assert.Equal(t, questioning.StatusAnswered, got.State, "%s, by %s", when, how)
			assert.Equal(t, 25.0, got.Value, "%s, by %s", when, how)
			assert.Empty(t, turn.Metadata.Unmatched, "%s, by %s", when, how)
			report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: in.ConversationID})
			require.NoError(t, err)
			assert.Empty(t, report.Contradictions, "%s, by %s", when, how)
			assert.Len(t, report.Citations["guests"], 1, "%s, by %s: it rests on the person's answer", when, how)
		}
	}
}

func TestOpenSlotsFitABudgetWhateverIsWanted(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	var slots []map[string]any
	for i := range 200 {
		slots = append(slots, map[string]any{"key": "a_rather_long_key_" + strings.Repeat("x", i%30) + string(rune('a'+i%26)) + string(rune('a'+i/26)), "title": "A title of some length that explains it", "options": []string{"one", "two", "three"}})
	}
	turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "A survey", InformationNeeded: json.RawMessage(asJSON(t, slots)), BatchSize: 1})
	require.NoError(t, err)
	list := strings.Join(turn.OpenSlots, "\n")
	assert.LessOrEqual(t, tokens(list), 620)
	assert.Regexp(t, `^\d+ more$`, turn.OpenSlots[len(turn.OpenSlots)-1])
	assert.Contains(t, list, "(one|two|three)")
	few, err := s.Ask(t.Context(), conversation.AskInput{Context: "A party", InformationNeeded: party, BatchSize: 1})
	require.NoError(t, err)
	assert.Equal(t, []string{"guests (integer): Number of guests", "place", "budget (number)", "motto"}, few.OpenSlots)
}

func TestWhatMayBeAboutSomethingElseTakesNoAssumptionBack(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for words, want := range map[string]any{"We need vegetarian food for 3 people": 12.0, "We are 15 people now": 15.0, "actually make it 15 people": 15.0} {
		turn, err := s.Ask(t.Context(), conversation.AskInput{Context: "An offsite for 12 people", InformationNeeded: party})
		require.NoError(t, err)
		turn, err = s.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: turn.ConversationID, PreviousMessages: user(words)})
		require.NoError(t, err)
		report, err := s.Report(t.Context(), conversation.ReportInput{ConversationID: turn.ConversationID})
		require.NoError(t, err)
		assert.Equal(t, want, report.Values["guests"], words)
		if want == 12.0 {
			require.NotEmpty(t, turn.Metadata.Doubts)
			assert.Contains(t, turn.Metadata.Doubts[0], `"3 people" for Number of guests`)
		}
	}
}
