package automatic_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// wholeTrip begins the trip on one form.
func wholeTrip(t *testing.T, in automatic.Input) (*dialogue, string) {
	t.Helper()
	a, url := newAsking(t, func(c *automatic.Config) { c.FormSize = 5 })
	d := begin(t, a, in)
	require.NotNil(t, d.form)
	return d, url
}

// number is that of a question on the form, as its title has it.
func (d *dialogue) number(slot string) string {
	d.t.Helper()
	for _, f := range d.fields() {
		if number, _, ok := strings.Cut(f.Title, "."); ok && f.Name == slot {
			return number
		}
	}
	d.t.Fatalf("no question for %s", slot)
	return ""
}

func TestAFormHasOneFieldForOwnWords(t *testing.T) {
	t.Parallel()
	library, err := playbook.Open(playbook.Config{})
	require.NoError(t, err)
	for _, name := range library.Names() {
		a, _ := newAsking(t, func(c *automatic.Config) { c.FormSize = 10 })
		d := begin(t, a, automatic.Input{Context: "Help me with this", Playbook: name})
		require.NotNil(t, d.form, name)
		var asked int
		for _, f := range d.fields() {
			if _, err := strconv.Atoi(strings.Split(f.Title, ".")[0]); err == nil {
				asked++
			}
		}
		assert.Equal(t, asked, len(d.fields()), name)
		assert.Len(t, d.form.Form.Schema.Fields, asked+1, name)
	}
}

func TestOwnWordsAreReadForEveryQuestionOfTheForm(t *testing.T) {
	t.Parallel()
	d, url := wholeTrip(t, tripInput())
	d.accept(map[string]any{"destination": "Lisbon", "insurance": "No",
		ownWords: d.number("budget") + ": no idea\n" + d.number("class") + ": business\nStart date: 10 December 2026"})
	require.Nil(t, d.form)
	assert.Equal(t, automatic.StatusComplete, d.result.Status)
	assert.Equal(t, map[string]any{"destination": "Lisbon", "insurance": false, "class": "business", "start_date": "2026-12-10"}, d.result.Values)
	assert.Equal(t, "no idea", d.result.Citations["budget"][0].Words)
	assert.Equal(t, questioning.Unknown, d.result.Citations["budget"][0].Outcome)
	assert.Empty(t, d.result.Metadata.Unmatched)
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM messages`), "the words are kept")
	assert.Equal(t, 5, count(t, url, `SELECT count(*) FROM answers WHERE question IS NOT NULL`))
}

func TestAFieldWinsOverOwnWords(t *testing.T) {
	t.Parallel()
	d, _ := wholeTrip(t, tripInput())
	d.accept(map[string]any{"destination": "Lisbon", "insurance": "Yes", "budget": 600.0, "class": "first", "start_date": "2026-12-10",
		ownWords: "Budget: 500\nClass: first\nDestination: Porto"})
	require.Nil(t, d.form)
	assert.Equal(t, map[string]any{"destination": "Lisbon", "insurance": true, "budget": 600.0, "class": "first", "start_date": "2026-12-10"}, d.result.Values)
	assert.Empty(t, d.result.Contradictions)
	assert.Len(t, d.result.Citations["class"], 1, "said twice counts once")
	assert.Equal(t, []string{`Destination: its field on the form counts, not "Porto"`, `Budget: its field on the form counts, not "500"`}, d.result.Metadata.Doubts)
	assert.Contains(t, d.result.Text(), `its field on the form counts, not "500"`)
}

func TestWhatIsNotReadInOwnWordsIsReported(t *testing.T) {
	t.Parallel()
	a, _ := newAsking(t)
	d := begin(t, a, tripInput())
	require.Len(t, d.fields(), 3)
	d.answer(tripValues)
	d.exchange.Response.Content = map[string]any{"destination": "Lisbon", ownWords: "my neighbour minds the \"cat\""}
	d.exchange.State = begin(t, a, tripInput()).form.State
	d.call(t.Context())
	require.NotNil(t, d.form, "it is asked on")
	for d.form != nil {
		d.answer(tripValues)
	}
	assert.Equal(t, automatic.StatusComplete, d.result.Status)
	assert.Equal(t, "my neighbour minds the \"cat\"", d.result.Metadata.Unmatched, "as it was written, at the end of the call")
	for _, where := range []string{d.result.Next, d.result.Text()} {
		assert.Contains(t, where, `Not recorded of what the person said: "my neighbour minds the \"cat\"".`)
		assert.Contains(t, where, "sequential_questioning_follow_up as answers with slot and value, conversation_id "+d.result.ConversationID)
	}
}

func TestOwnWordsThatSayNothingHereGoToTheClientsModel(t *testing.T) {
	t.Parallel()
	d, url := wholeTrip(t, tripInput())
	before := stored(t, url)
	d.accept(map[string]any{ownWords: "the usual, please"})
	require.Nil(t, d.form, "the same form would not help")
	assert.Equal(t, automatic.StatusOpen, d.result.Status)
	assert.Equal(t, "the usual, please", d.result.Metadata.Unmatched)
	assert.NotEmpty(t, d.result.CurrentQuestion)
	assert.Equal(t, before, stored(t, url))
}

func TestOwnWordsTellWhatTheFormDoesNotAsk(t *testing.T) {
	t.Parallel()
	a, _ := newAsking(t)
	d := begin(t, a, tripInput())
	asked := d.fields()
	var elsewhere string
	for _, slot := range []string{"budget", "class", "start_date"} {
		if !slices.ContainsFunc(asked, func(f elicitation.Field) bool { return f.Name == slot }) {
			elsewhere = slot
		}
	}
	told := map[string]string{"budget": "Budget: 700", "class": "Class: first", "start_date": "Start date: 2026-12-24"}[elsewhere]
	content, id := map[string]any{ownWords: told}, d.form.Conversation
	for _, f := range asked {
		content[f.Name] = tripValues[f.Name]
	}
	d.accept(content)
	report, err := a.Report(t.Context(), conversation.ReportInput{ConversationID: id})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"budget": 700.0, "class": "first", "start_date": "2026-12-24"}[elsewhere], report.Values[elsewhere])
	assert.Len(t, report.Citations[elsewhere], 1, "who names a slot answers it")
}

func TestOwnWordsCanEndTheConversation(t *testing.T) {
	t.Parallel()
	a, _ := newAsking(t)
	d := begin(t, a, tripInput())
	d.accept(map[string]any{"destination": "Lisbon", ownWords: "Skip the rest"})
	require.Nil(t, d.form, "the person is obeyed")
	assert.Equal(t, automatic.StatusEnded, d.result.Status)
	assert.Equal(t, map[string]any{"destination": "Lisbon"}, d.result.Values)
	assert.Empty(t, d.result.Metadata.Unmatched)
}

func TestWhatAFormSaysUnreadablyIsAskedAgain(t *testing.T) {
	t.Parallel()
	d, _ := wholeTrip(t, tripInput())
	d.accept(map[string]any{"destination": "Lisbon", "class": "first", "insurance": "No", "start_date": "2026-12-10", ownWords: d.number("budget") + ": whatever it takes"})
	require.NotNil(t, d.form, "no model stands between the person and a form")
	require.Len(t, d.fields(), 1)
	assert.Equal(t, "budget", d.fields()[0].Name)
	d.accept(map[string]any{"budget": 900.0})
	assert.Equal(t, 900.0, d.result.Values["budget"])
	assert.Equal(t, automatic.StatusComplete, d.result.Status)
}

// Words that name no question are for those that their field was left empty for, but
// never fill in a text whose field was.
func TestOwnWordsThatNameNoQuestionAreReadWhereTheyFit(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]struct {
		values    map[string]any
		unmatched string
	}{
		"we fly business and want insurance": {map[string]any{"class": "business"}, ""},
		"my cat stays at home":               {nil, "my cat stays at home"},
	} {
		d, _ := wholeTrip(t, tripInput())
		d.accept(map[string]any{"start_date": "2026-12-10", ownWords: words})
		require.NotNil(t, d.form)
		d.respond("decline", nil)
		assert.NotContains(t, d.result.Values, "destination", words)
		assert.Contains(t, d.result.Metadata.Unmatched, want.unmatched)
		for slot, value := range want.values {
			assert.Equal(t, value, d.result.Values[slot], words)
		}
	}
	d, _ := wholeTrip(t, tripInput())
	d.accept(map[string]any{"start_date": "2026-12-10", "destination": "Lisbon", ownWords: "don't know"})
	assert.Equal(t, automatic.StatusComplete, d.result.Status, "said of all that was left out")
	for _, slot := range []string{"budget", "class", "insurance"} {
		assert.Equal(t, questioning.Unknown, d.result.Citations[slot][0].Outcome, slot)
	}
}

func TestAnAssumptionCanBeTakenBackInOwnWords(t *testing.T) {
	t.Parallel()
	in := tripInput()
	in.Context += "\nBudget: 500"
	d, _ := wholeTrip(t, in)
	d.accept(map[string]any{"destination": "Lisbon", "class": "first", "start_date": "2026-12-10", "insurance": "No", ownWords: "Budget: don't know"})
	require.Nil(t, d.form)
	assert.NotContains(t, d.result.Values, "budget")
	assert.Equal(t, questioning.Unknown, d.result.Citations["budget"][0].Outcome)
}

// A form's own words mean its questions, whatever is asked by now.
func TestAFormWithOwnWordsCountsOnce(t *testing.T) {
	t.Parallel()
	a, url := newAsking(t)
	d := begin(t, a, tripInput())
	first := d.fields()[0].Name
	d.accept(map[string]any{first: tripValues[first], ownWords: "don't know"})
	answered, next := stored(t, url), d.form
	d.call(t.Context())
	assert.Equal(t, next.Form, d.form.Form)
	assert.Equal(t, answered, stored(t, url))
	_, err := a.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: d.form.Conversation, Answers: []conversation.AnswerInput{{Slot: "budget", Value: 10.0}}})
	require.NoError(t, err)
	later := stored(t, url)
	d.call(t.Context())
	assert.Equal(t, later, stored(t, url), "also after the conversation has gone on")
}

func TestOwnWordsOfAFormFromLongAgoAreReported(t *testing.T) {
	t.Parallel()
	d, url := wholeTrip(t, tripInput())
	id := d.form.Conversation
	_, err := d.on.FollowUp(t.Context(), conversation.FollowUpInput{ConversationID: id, Answers: []conversation.AnswerInput{{Slot: "budget", Value: 100.0}}})
	require.NoError(t, err)
	long(t, d.on, id, "budget")
	answers := count(t, url, `SELECT count(*) FROM answers`)
	d.accept(map[string]any{ownWords: "Destination: Lisbon"})
	assert.Equal(t, answers, count(t, url, `SELECT count(*) FROM answers`))
	d.respond("decline", nil)
	assert.Equal(t, "Destination: Lisbon", d.result.Metadata.Unmatched)
}

func TestOwnWordsAreBounded(t *testing.T) {
	t.Parallel()
	d, url := wholeTrip(t, tripInput())
	before := stored(t, url)
	_, _, err := d.on.Ask(t.Context(), d.in, elicitation.Exchange{Elicits: true, State: d.form.State, Response: accepted(map[string]any{ownWords: strings.Repeat("a ", 40<<10)})})
	require.ErrorContains(t, err, "inputResponses.form.content: has 81919 bytes in own words, at most 65536 are allowed")
	assert.Equal(t, before, stored(t, url))
	d.accept(map[string]any{ownWords: strings.Repeat("cat ", 2000)})
	require.Nil(t, d.form)
	assert.Len(t, []rune(d.result.Metadata.Unmatched), 2000, "a result quotes as much as the field takes")
}

// A choice is read by its title in every language, and by its value from a program.
func TestAChoiceIsMadeByItsTitle(t *testing.T) {
	t.Parallel()
	for language, yes := range map[string]string{"de": "Ja", "fr": "Oui"} {
		a, _ := newAsking(t)
		d := begin(t, a, automatic.Input{Context: "x", Language: language, InformationNeeded: json.RawMessage(
			`[{"key": "insured", "type": "boolean"}, {"key": "class", "options": [{"value": "e", "title": "Economy"}, "b"]}]`)})
		for _, f := range d.fields() {
			assert.Equal(t, map[string][]string{"insured": {yes, map[string]string{"Ja": "Nein", "Oui": "Non"}[yes]}, "class": {"Economy", "b"}}[f.Name], f.Enum)
		}
		d.accept(map[string]any{"insured": yes, "class": "Economy"})
		assert.Equal(t, map[string]any{"insured": true, "class": "e"}, d.result.Values)
	}
}
