package automatic_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestTheServerAsksUntilEverythingIsKnown(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	assert.Len(t, d.fields(), 3, "a form holds several questions")
	assert.Equal(t, 3, count(t, url, `SELECT count(*) FROM questions WHERE open`), "they are stored before they are shown")
	rounds := 0
	for ; d.form != nil; rounds++ {
		require.Less(t, rounds, 5)
		d.answer(tripValues)
	}
	assert.Equal(t, 2, rounds)
	assert.Equal(t, automatic.StatusComplete, d.result.Status)
	assert.Equal(t, 2, d.result.Rounds)
	assert.Equal(t, tripValues, d.result.Values)
	assert.True(t, d.result.Valid, d.result.Problems)
	for slot := range tripValues {
		require.Len(t, d.result.Citations[slot], 1, slot)
		assert.NotZero(t, d.result.Citations[slot][0].QuestionNumber)
	}
	assert.Contains(t, d.result.Text(), `Destination: "Lisbon"`)
}

func TestAFormThatIsBroughtAgainCountsOnce(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	d.answer(tripValues)
	next, before := d.form.Form, stored(t, url)
	d.call(t.Context())
	assert.Equal(t, next, d.form.Form, "the same form follows")
	assert.Equal(t, before, stored(t, url))

	d.exchange.Response = &mcp.ElicitationResponse{Action: "accept", Content: map[string]any{ownWords: "2: don't know"}}
	d.call(t.Context())
	assert.Equal(t, before, stored(t, url), "other answers to the same form come too late")
	d.answer(tripValues)
	assert.Equal(t, tripValues, d.result.Values)
	assert.Empty(t, d.result.Contradictions)

	d.exchange.State = ""
	d.exchange.Response = nil
	d.in.ConversationID, d.in.InformationNeeded = d.result.ConversationID, nil
	d.call(t.Context())
	assert.Equal(t, automatic.StatusComplete, d.result.Status)
	assert.Equal(t, 0, d.result.Rounds)
}

func TestAClientThatNeverComesBackLosesNothing(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	d.answer(tripValues)
	var id string
	left := d.form.Form
	id = conversationOf(t, url)

	again := begin(t, asking(t, url), automatic.Input{ConversationID: id})
	assert.Equal(t, left, again.form.Form, "a later call picks up there")
	again.answer(tripValues)
	assert.Equal(t, automatic.StatusComplete, again.result.Status)
	assert.Equal(t, 5, count(t, url, `SELECT count(*) FROM questions`))
}

func TestAClientWithoutFormsGetsTheBatch(t *testing.T) {
	t.Parallel()
	a, _ := newAsking(t)
	result, form, err := a.Ask(t.Context(), tripInput(), elicitation.Exchange{})
	require.NoError(t, err)
	require.Nil(t, form)
	assert.Equal(t, automatic.StatusBatch, result.Status)
	assert.Len(t, result.Questions, defaults.BatchSize)
	assert.Contains(t, result.Text(), "1. ")
	assert.Contains(t, result.Next, "sequential_questioning_follow_up with conversation_id "+result.ConversationID)
	next, err := a.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: result.ConversationID,
		Answers: []conversation.AnswerInput{{QuestionNumber: 1, Outcome: questioning.Unknown}}})
	require.NoError(t, err)
	assert.Equal(t, 1, next.Metadata.AnswersRecorded)
}

func TestWhatAPersonFillsInIsKeptApart(t *testing.T) {
	t.Parallel()
	a, _ := newAsking(t, func(c *automatic.Config) { c.FormSize = 10 })
	d := begin(t, a, automatic.Input{Context: "A party", InformationNeeded: json.RawMessage(`[
		{"key": "guests", "type": "integer"}, {"key": "date", "type": "date"}, {"key": "vegetarian", "type": "boolean"},
		{"key": "colour", "options": ["red", {"value": "g", "title": "Green"}]}, {"key": "extras", "type": "choices", "options": ["cake", "music", "wine, red"]},
		{"key": "size", "options": [3, 5, 1]}, "motto", "remarks"]`)})
	d.accept(map[string]any{
		"guests":  "a dozen or so", // a client that checks nothing
		"colour":  "Green",
		"extras":  []any{"wine, red", "cake"},
		"size":    "1", // the option, not the first one
		"motto":   "does not apply",
		"remarks": " ", // left empty
		ownWords:  "Date: don't know\nVegetarian: rather not say",
	})
	states := map[string]questioning.Status{}
	require.NotNil(t, d.form, "what was left out is asked once more")
	assert.Len(t, d.fields(), 1)
	d.accept(map[string]any{"remarks": ""})
	assert.Equal(t, automatic.StatusOpen, d.result.Status, "an empty form ends the call")
	assert.Contains(t, d.result.Next, "put the questions to the person")
	assert.NotContains(t, d.result.Next, automatic.ToolName, "the same form would come back empty again")
	for _, c := range d.result.Coverage {
		states[c.Slot] = c.State
	}
	assert.Equal(t, map[string]questioning.Status{
		"guests": questioning.StatusAnswered, "date": questioning.StatusUnknown, "vegetarian": questioning.StatusDeclined,
		"colour": questioning.StatusAnswered, "extras": questioning.StatusAnswered, "size": questioning.StatusAnswered,
		"motto": questioning.StatusNotApplicable, "remarks": questioning.StatusMissing,
	}, states)
	assert.Equal(t, map[string]any{"guests": 12.0, "colour": "g", "extras": []any{"cake", "wine, red"}, "size": 1.0}, d.result.Values)
	assert.Equal(t, "Green", d.result.Citations["colour"][0].Words, "as the person chose it")
}

func TestDecliningAFormDeclinesNoneOfItsQuestions(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	d.respond("decline", nil)
	assert.Equal(t, automatic.StatusDeclined, d.result.Status)
	assert.Equal(t, 0, count(t, url, `SELECT count(*) FROM answers`))
	assert.Len(t, d.result.Questions, 3, "they are asked as text")
	assert.Contains(t, d.result.Text(), "1. ")
	assert.Contains(t, d.result.Next, "sequential_questioning_follow_up with conversation_id "+d.result.ConversationID)
	assert.NotContains(t, d.result.Next, automatic.ToolName)
}

func TestOneQuestionOfAFormCanBeDeclined(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	first := d.fields()[0].Name
	d.accept(map[string]any{first: "rather not say"})
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM answers WHERE outcome = 'declined'`))
	for _, f := range d.fields() {
		assert.NotEqual(t, first, f.Name, "it is not asked again")
	}
}

func TestAClosedFormRecordsNothing(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	d.respond("cancel", nil)
	assert.Equal(t, automatic.StatusCancelled, d.result.Status)
	assert.Equal(t, 0, count(t, url, `SELECT count(*) FROM answers`))
	assert.Len(t, d.result.Questions, 3, "the questions wait")
	assert.Contains(t, d.result.Next, "sequential_questioning_follow_up with conversation_id "+d.result.ConversationID)
	assert.NotContains(t, d.result.Next, automatic.ToolName, "it would only show the form again")
	assert.Contains(t, d.result.Text(), "Waiting:\n1. ")
}

func TestAFormDeclinedFasterThanItCanBeReadWasNotShown(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t, func(c *automatic.Config) { c.ShownAfter = time.Hour })
	for _, action := range []mcp.ElicitationResponseAction{"decline", "cancel"} {
		d := begin(t, a, tripInput())
		d.respond(action, nil)
		assert.Equal(t, automatic.StatusBatch, d.result.Status, action)
		assert.Equal(t, 0, count(t, url, `SELECT count(*) FROM answers`), action)
		assert.Len(t, d.result.Questions, 3, action)
	}
}

func TestACallHasAnEnd(t *testing.T) {
	t.Parallel()
	a, _ := newAsking(t, func(c *automatic.Config) { c.FormSize = 1 })
	in := automatic.Input{Context: "x", InformationNeeded: json.RawMessage(`["a","b","c","d","e","f","g","h","i","j"]`)}
	for _, most := range []int{2, 0} {
		in.MaxRounds = most
		d := begin(t, a, in)
		rounds := 0
		for ; d.form != nil; rounds++ {
			d.accept(map[string]any{d.fields()[0].Name: "something"})
		}
		want := most
		if most == 0 {
			want = automatic.MaxRounds
		}
		assert.Equal(t, want, rounds)
		assert.Equal(t, automatic.StatusOpen, d.result.Status)
		assert.Len(t, d.result.Values, want, "the report so far")
		assert.Contains(t, d.result.Next, d.result.ConversationID)
	}
}

func TestWhatTheContextSaysIsConfirmedOnTheForm(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, automatic.Input{Context: "Book a trip\nBudget: about 500 EUR\nClass: business", InformationNeeded: trip})
	shown := map[string]any{}
	for _, f := range d.fields() {
		if f.Default != nil {
			shown[f.Name] = f.Default
		}
	}
	assert.Equal(t, map[string]any{"budget": 500.0, "class": "business"}, shown)
	d.accept(map[string]any{"budget": 800.0, "class": "business", "destination": "Lisbon", "start_date": "2026-12-10", "insurance": true})
	require.Equal(t, automatic.StatusComplete, d.result.Status)
	assert.Equal(t, 800.0, d.result.Values["budget"])
	assert.Len(t, d.result.Citations["class"], 1, "confirmed is answered")
	assert.Empty(t, d.result.Contradictions)
	assert.Equal(t, 3, count(t, url, `SELECT count(*) FROM questions`), "no question was spent on it")
}

func TestAnAssumptionThatIsNotConfirmedStaysOne(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	for _, action := range []mcp.ElicitationResponseAction{"accept", "decline", "cancel"} {
		d := begin(t, a, automatic.Input{Context: "A trip\nBudget: 500", InformationNeeded: json.RawMessage(`["budget"]`)})
		require.Len(t, d.fields(), 1)
		d.respond(action, nil)
		assert.Equal(t, automatic.StatusComplete, d.result.Status, action)
		assert.Equal(t, map[string]any{"budget": "500"}, d.result.Values, action)
		assert.Equal(t, questioning.StatusAssumed, d.result.Coverage[0].State, action)
	}
	assert.Equal(t, 0, count(t, url, `SELECT count(*) FROM answers`))
}

func TestAStateIsGoodForItsOwnCallOnly(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	before := stored(t, url)
	d.exchange = elicitation.Exchange{Elicits: true, State: d.form.State,
		Response: &mcp.ElicitationResponse{Action: "accept", Content: tripValues}}
	refused := func(what string, ctx context.Context, in automatic.Input, state string) {
		exchange := d.exchange
		exchange.State = state
		_, _, err := a.Ask(ctx, in, exchange)
		var invalid *fault.Invalid
		require.ErrorAs(t, err, &invalid, what)
		assert.Equal(t, "requestState", invalid.Field, what)
		assert.Contains(t, invalid.Problem, "conversation_id", what)
	}
	refused("another principal", principal.With(t.Context(), "mallory"), d.in, d.form.State)
	other := d.in
	other.Context = "Book another trip"
	refused("other arguments", t.Context(), other, d.form.State)
	refused("a forged state", t.Context(), d.in, d.form.State[:len(d.form.State)-4]+"AAAA")
	assert.Equal(t, before, stored(t, url))
}

func TestTheFormFollowsAChangeOfThePlaybook(t *testing.T) {
	t.Parallel()
	on, _ := newAsking(t)
	in := automatic.Input{Context: "Two weeks of holiday in Italy", Playbook: "event-planning"}
	result, form, err := on.Ask(t.Context(), in, elicitation.Exchange{Elicits: true})
	require.NoError(t, err)
	require.NotNil(t, form, result.Status)

	change := automatic.Input{ConversationID: form.Conversation, Playbook: "travel"}
	result, changed, err := on.Ask(t.Context(), change, elicitation.Exchange{Elicits: true})
	require.NoError(t, err)
	require.NotNil(t, changed, result.Status)
	assert.NotEqual(t, form.Form, changed.Form)

	_, _, err = on.Ask(t.Context(), in, elicitation.Exchange{Elicits: true, State: form.State})
	require.ErrorContains(t, err, "requestState: belongs to a form of the playbook before")
	_, _, err = on.Ask(t.Context(), automatic.Input{Context: "A holiday", Playbook: "holidays"}, elicitation.Exchange{})
	require.ErrorContains(t, err, `playbook: "holidays" is not known`)
	batch, _, err := on.Ask(t.Context(), automatic.Input{Context: "Two weeks of holiday in Italy"}, elicitation.Exchange{})
	require.NoError(t, err)
	assert.Equal(t, "travel", batch.Metadata.Playbook)
}

func TestACallThatCannotBeServedNamesTheFieldAndStoresNothing(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	const unknown = "0198f0c0-0000-7000-8000-000000000000"
	for name, c := range map[string]struct {
		in    automatic.Input
		field string
	}{
		"no goal":               {automatic.Input{}, "context"},
		"no conversation":       {automatic.Input{ConversationID: "nonsense"}, "conversation_id"},
		"one that is not there": {automatic.Input{ConversationID: unknown}, "conversation_id"},
		"other information":     {automatic.Input{ConversationID: unknown, InformationNeeded: json.RawMessage(`["a"]`)}, "information_needed"},
		"another language":      {automatic.Input{ConversationID: unknown, Language: "de"}, "language"},
	} {
		_, _, err := a.Ask(t.Context(), c.in, elicitation.Exchange{Elicits: true})
		var invalid *fault.Invalid
		require.ErrorAs(t, err, &invalid, name)
		assert.Equal(t, c.field, invalid.Field, name)
	}
	assert.Zero(t, stored(t, url))
}

func TestAResponseOfNoKnownKindIsRefused(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	rows := stored(t, url)
	_, _, err := a.Ask(t.Context(), d.in, elicitation.Exchange{Elicits: true, State: d.form.State,
		Response: &mcp.ElicitationResponse{Action: "shrug", Content: tripValues}})
	assert.ErrorContains(t, err, `inputResponses.form.action: "shrug" is not known; accept, decline and cancel are`)
	assert.Equal(t, rows, stored(t, url))
}

func TestAFormThatNobodyRespondedToIsShownAgain(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	first, rows := d.form.Form, stored(t, url)
	d.exchange = elicitation.Exchange{Elicits: true, State: d.form.State}
	d.call(t.Context())
	require.NotNil(t, d.form)
	assert.Equal(t, first, d.form.Form)
	assert.Equal(t, rows, stored(t, url))

	d.exchange = elicitation.Exchange{State: d.form.State} // a client that shows none any more
	d.call(t.Context())
	require.Nil(t, d.form)
	assert.Equal(t, automatic.StatusBatch, d.result.Status)
	assert.Len(t, d.result.Questions, 3)
}

// A person may answer in the chat what a form asks as well.
func TestAFormDeclinedAfterItsQuestionsWereAnsweredElsewhereIsComplete(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	in := conversation.FollowUpInput{ConversationID: d.form.Conversation}
	for slot, value := range tripValues {
		in.Answers = append(in.Answers, conversation.AnswerInput{Slot: slot, Value: value})
	}
	_, err := a.FollowUp(t.Context(), in)
	require.NoError(t, err)
	d.respond("decline", nil)
	assert.Equal(t, automatic.StatusComplete, d.result.Status)
	assert.Equal(t, "Nothing is left to ask.", d.result.Next)
	assert.Empty(t, d.result.OpenConversation(), "nobody has to come back")
	assert.Equal(t, tripValues, d.result.Values)
	assert.Equal(t, 5, count(t, url, `SELECT count(*) FROM answers`))
}

// A form is submitted so late that the results of its call are kept no longer:
// whether it was recorded already cannot be told.
func TestAFormFromLongAgoRecordsNothing(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	id := d.form.Conversation
	_, err := a.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, Answers: []conversation.AnswerInput{{Slot: "budget", Value: 100.0}}})
	require.NoError(t, err)
	long(t, a, id, "budget")
	answers := count(t, url, `SELECT count(*) FROM answers`)
	d.accept(map[string]any{"destination": "Lisbon", "class": "first"})
	assert.Equal(t, answers, count(t, url, `SELECT count(*) FROM answers`))
	require.NotNil(t, d.form, "what is open is asked as it stands now")
}

// long revises a slot of a conversation so often that the results of the calls before
// are kept no longer.
func long(t *testing.T, a *automatic.Service, id, slot string) {
	t.Helper()
	for n := range 20 {
		_, err := a.Revise(t.Context(), conversation.ReviseInput{ConversationID: id, Slot: slot, Value: float64(200 + n)})
		require.NoError(t, err)
	}
}

func TestTheResultSaysWhatAFormFromLongAgoDidNotRecord(t *testing.T) {
	t.Parallel()
	a, _ := newAsking(t, func(c *automatic.Config) { c.FormSize = 5 })
	for name, c := range map[string]struct {
		elsewhere map[string]any // answered meanwhile
		then      map[string]any // filled in on the next form; nil where there is none
		lost      string
		ends      automatic.Status
	}{
		"complete":     {elsewhere: tripValues, lost: "class, destination", ends: automatic.StatusComplete},
		"partly again": {elsewhere: map[string]any{"budget": 1.0}, then: map[string]any{"class": "economy"}, lost: "destination", ends: automatic.StatusOpen},
		"all again":    {elsewhere: map[string]any{"budget": 1.0}, then: map[string]any{"class": "economy", "destination": "Rome"}, ends: automatic.StatusOpen},
	} {
		in := tripInput()
		in.MaxRounds = 2
		d := begin(t, a, in)
		require.Len(t, d.fields(), 5)
		id := d.form.Conversation
		meanwhile := conversation.FollowUpInput{ConversationID: id}
		for slot, value := range c.elsewhere {
			meanwhile.Answers = append(meanwhile.Answers, conversation.AnswerInput{Slot: slot, Value: value})
		}
		_, err := a.FollowUp(t.Context(), meanwhile)
		require.NoError(t, err)
		long(t, a, id, "budget")
		d.accept(map[string]any{"destination": "Lisbon", "class": "first"})
		if c.then != nil {
			d.accept(c.then)
		}
		require.Nil(t, d.form, name)
		assert.Equal(t, c.ends, d.result.Status, name)
		if c.lost == "" {
			assert.Empty(t, d.result.Turn.Metadata.Warnings, name)
			assert.NotContains(t, d.result.Text(), "too late", name)
			continue
		}
		require.Len(t, d.result.Turn.Metadata.Warnings, 1, name)
		for _, says := range []string{"What it said of " + c.lost + " was not recorded", "sequential_questioning_follow_up", id} {
			assert.Contains(t, d.result.Turn.Metadata.Warnings[0], says, name)
			assert.Contains(t, d.result.Text(), says, name)
		}
	}
}

func TestWhatIsOpenSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	a, _ := newAsking(t)
	in := tripInput()
	in.MaxRounds = 1
	d := begin(t, a, in)
	d.answer(tripValues)
	assert.Equal(t, automatic.StatusOpen, d.result.Status)
	assert.Equal(t, d.result.ConversationID, d.result.OpenConversation())
	assert.Contains(t, d.result.Next, "call "+automatic.ToolName+" again with conversation_id "+d.result.ConversationID)
}

func TestAQuestionThatWasLeftOutTwiceIsAskedByTheNextCall(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, automatic.Input{Context: "A trip", InformationNeeded: json.RawMessage(`{"type": "object", "properties": {"from": {"type": "string"}, "to": {"type": "string"}, "class": {"type": "string"}}, "required": ["from", "to", "class"]}`)})
	d.accept(map[string]any{"from": "Berlin"})
	d.accept(map[string]any{"class": "second"})
	require.Nil(t, d.form)
	assert.Equal(t, automatic.StatusOpen, d.result.Status)
	id := conversationOf(t, url)
	assert.Contains(t, d.result.Next, "call sequential_questioning_automatic again with conversation_id "+id)
	assert.NotContains(t, d.result.Next, "put the questions", "there are none")
	d = begin(t, a, automatic.Input{ConversationID: id})
	d.accept(map[string]any{"to": "Oslo"})
	assert.Equal(t, automatic.StatusComplete, d.result.Status)
	assert.Equal(t, map[string]any{"from": "Berlin", "to": "Oslo", "class": "second"}, d.result.Values)
}
