package questioning

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

func TestASlotWithoutAQuestionIsAskedForByItsTitle(t *testing.T) {
	for want, slot := range map[string]Slot{
		"What is the start date?":                {Title: "Start date", Type: Date},
		"What is the number of guests?":          {Title: "Number of guests", Type: Integer},
		"What are the team members?":             {Title: "Team members", Type: List},
		"What is the budget in euros?":           {Title: "Budget in euros", Type: Number},
		"What is the address? (Street and city)": {Title: "Address", Type: Text, Description: "Street and city."},
		"Which class?":                           {Title: "Class", Type: Choice},
		"Which extras (any number of them)?":     {Title: "Extras", Type: Choices},
		"Urgent: yes or no?":                     {Title: "Is urgent", Type: Boolean},
		"Who decides?":                           {Title: "Who decides?", Type: Text},
		"How much may it cost?":                  {Title: "Budget", Type: Number, Description: "How much may it cost?"},
		"Which seat would you like?":             {Title: "Seat", Question: "Which seat would you like?", Type: Choice},
		"What is the URL?":                       {Title: "URL", Type: URI},
	} {
		assert.Equal(t, want, slot.wording(messages.In("en")))
	}
}

func TestValuesAreWrittenAsAPersonWould(t *testing.T) {
	for want, value := range map[string]any{"yes": true, "1500.5": 1500.5, "10": 10.0, "a, b": []any{"a", "b"}, "nothing": nil, "x": "x"} {
		assert.Equal(t, want, Render(value, ""))
	}
}

func TestAQuestionMadeFromATitleIsRightInEveryLanguage(t *testing.T) {
	st := New("goal", []Slot{
		{Key: "day", Title: "Anreisetag", Type: Date}, {Key: "urgent", Title: "Dringend", Type: Boolean},
		{Key: "class", Title: "Klasse", Type: Choice, Options: []Option{{Value: "a"}, {Value: "b"}}},
	}, Limits{BatchSize: 3})
	st.Language = "de"
	var texts []string
	for _, q := range st.Next().Questions {
		texts = append(texts, q.Text)
	}
	assert.ElementsMatch(t, []string{"Anreisetag?", "Dringend: ja oder nein?", "Klasse?"}, texts)
	assert.Equal(t, "ja, nein, 2.5", Render([]any{true, false, 2.5}, "de-AT"))
}

func TestAnUnreadAnswerIsAskedAgainInThePersonsLanguage(t *testing.T) {
	st := New("goal", []Slot{{Key: "day", Title: "Jour d'arrivée", Type: Date}}, Limits{BatchSize: 3})
	st.Language = "fr"
	st.Next()
	_, err := st.Record(Answer{Slot: "day", Outcome: Answered, Words: "bientôt", Problem: "no date"})
	require.NoError(t, err)
	assert.Equal(t, "Je n'ai pas compris \"bientôt\". Jour d'arrivée ?", st.Next().Questions[0].Text)
}
