package questioning

import (
	"testing"

	"github.com/stretchr/testify/assert"
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
		assert.Equal(t, want, slot.wording())
	}
}

func TestValuesAreWrittenAsAPersonWould(t *testing.T) {
	for want, value := range map[string]any{"yes": true, "1500.5": 1500.5, "10": 10.0, "a, b": []any{"a", "b"}, "nothing": nil, "x": "x"} {
		assert.Equal(t, want, Render(value))
	}
}
