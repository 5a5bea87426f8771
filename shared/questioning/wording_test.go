package questioning

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// How properties of schemas are asked for is reviewed in slotspec/testdata/wording.txt.
func TestASlotWithoutAQuestionIsAskedForByItsTitle(t *testing.T) {
	for want, slot := range map[string]Slot{
		"Start date?":                           {Title: "Start date", Type: Date},
		"Destination?":                          {Title: "The destination", Type: Text},
		"Address? Street and city.":             {Title: "Address", Type: Text, Description: "Street and city."},
		"Class?":                                {Title: "Class", Type: Choice},
		"Extras?":                               {Title: "Extras", Type: Choices},
		"Urgent?":                               {Title: "Is urgent", Type: Boolean},
		"Does the site have a permit?":          {Title: "Has permit", Type: Boolean, Description: "Whether the site has a permit"},
		"Number of attendees?":                  {Title: "Attendees", Type: Integer, Description: "Number of attendees"},
		"Who decides?":                          {Title: "Who decides?", Type: Text},
		"How much may it cost?":                 {Title: "Budget", Type: Number, Description: "How much may it cost?"},
		"Which seat would you like?":            {Title: "Seat", Question: "Which seat would you like?", Type: Choice},
		"URL?":                                  {Title: "URL", Type: URI},
		"Street (Delivery address)?":            {Title: "Street (Delivery address)", Type: Text},
		"Street and number (Delivery address)?": {Title: "Street (Delivery address)", Type: Text, Description: "Street and number"},
		"Attendees of the meeting (number)?":    {Title: "Attendees (number)", Type: Integer, Description: "Attendees of the meeting"},
		"Gross weight (kg)?":                    {Title: "Weight (kg)", Type: Number, Description: "Gross weight"},
	} {
		assert.Equal(t, want, slot.wording(messages.In("en")))
	}
	assert.Equal(t, "¿Fecha de salida?", Slot{Title: "Fecha de salida", Type: Date}.wording(messages.In("es")))
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
	assert.ElementsMatch(t, []string{"Anreisetag?", "Dringend?", "Klasse?"}, texts)
	assert.Equal(t, "ja, nein, 2,5", Render([]any{true, false, 2.5}, "de-AT"))
}

func TestAnUnreadAnswerIsAskedAgainInThePersonsLanguage(t *testing.T) {
	st := New("goal", []Slot{{Key: "day", Title: "Jour d'arrivée", Type: Date}}, Limits{BatchSize: 3})
	st.Language = "fr"
	st.Next()
	_, err := st.Record(Answer{Slot: "day", Outcome: Answered, Words: "bientôt", Problem: "no date"})
	require.NoError(t, err)
	assert.Equal(t, "Je n'ai pas compris \"bientôt\". Jour d'arrivée ?", st.Next().Questions[0].Text)
}
