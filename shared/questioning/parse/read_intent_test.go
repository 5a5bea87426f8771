package parse

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func TestWhatAnswersNothingIsNoValue(t *testing.T) {
	for words, want := range map[string]Intent{
		"why do you ask?": AsksBack, "What do you need it for?": AsksBack, "Sorry, what do you mean by that?": AsksBack, "such as?": AsksBack, "what are the options?": AsksBack,
		"let me check with my wife": PutsOff, "I'll get back to you on that": PutsOff, "later": PutsOff, "not now, sorry": PutsOff,
		"see above": Refers, "As I said before.": Refers, "same as last time": Refers,
		"skip the rest": Ends, "That's all.": Ends, "stop": Ends, "no more questions please": Ends,
		"Warum fragen Sie das?": AsksBack, "muss ich erst klären": PutsOff, "siehe oben": Refers, "keine weiteren Fragen": Ends,
		"pourquoi cette question ?": AsksBack, "je vous dirai plus tard": PutsOff, "comme je l'ai dit": Refers, "c'est tout": Ends,
		"¿por qué lo preguntas?": AsksBack, "te lo digo más tarde": PutsOff, "como ya dije": Refers, "eso es todo": Ends,
		"perché me lo chiedi?": AsksBack, "ti faccio sapere": PutsOff, "come ho detto": Refers, "basta domande": Ends,
		"o que significa isso?": AsksBack, "te digo depois": PutsOff, "como já disse": Refers, "sem mais perguntas": Ends,
		"wat bedoel je?": AsksBack, "ik laat het je weten": PutsOff, "zoals gezegd": Refers, "geen vragen meer": Ends,
	} {
		for _, slot := range []questioning.Slot{{Key: "purpose", Title: "Purpose", Type: questioning.Text}, {Key: "guests", Title: "Guests", Type: questioning.Integer}} {
			read := Read(slot, words, Context{})
			assert.Equal(t, want, read.Intent, "%q for %s", words, slot.Key)
			assert.NotEmpty(t, read.Problem, words)
			assert.Nil(t, read.Value, words)
		}
	}
}

// Where a number is wanted, a question of any kind is no answer. Free text may be one.
func TestAQuestionWhereAValueIsWantedAsksBack(t *testing.T) {
	guests := questioning.Slot{Key: "guests", Title: "Number of guests", Type: questioning.Integer}
	for _, words := range []string{"Who counts as a guest?", "Wer zählt denn alles dazu?", "¿quiénes cuentan?", "combien de personnes faut-il compter ?", "Well, which guests?"} {
		assert.Equal(t, AsksBack, Read(guests, words, Context{}).Intent, words)
	}
	for words, want := range map[string]any{"How about 20?": 20.0, "20, why?": nil, "quite a few": nil} {
		read := Read(guests, words, Context{})
		assert.Empty(t, read.Intent, words)
		if want != nil {
			assert.Equal(t, want, read.Value, words)
		}
	}
}

func TestWordsThatAnswerHaveNoIntent(t *testing.T) {
	slot := questioning.Slot{Key: "purpose", Title: "Purpose", Type: questioning.Text}
	for _, words := range []string{
		"How can we cut costs?", "Stop the leak in the kitchen", "Later deliveries cost more", "let me check in online before I fly. A window seat matters",
		"The same as last time, but with 20 guests", "see above the door, there is a crack", "For example, a refund", "Enough food for everybody", "done by June",
	} {
		read := Read(slot, words, Context{})
		assert.Empty(t, read.Intent, words)
		assert.Equal(t, words, read.Value, words)
	}
	choice := questioning.Slot{Key: "action", Title: "Action", Type: questioning.Choice, Options: []questioning.Option{{Value: "start"}, {Value: "stop"}}}
	assert.Equal(t, "stop", Read(choice, "stop", Context{}).Value, "an option is an answer")
}

func TestAPersonEndsTheConversation(t *testing.T) {
	guests := questioning.Slot{Key: "guests", Title: "Guests", Type: questioning.Integer}
	notes := questioning.Slot{Key: "notes", Title: "Notes", Type: questioning.Text}
	open := []OpenQuestion{{1, guests}, {2, notes}}
	for text, answered := range map[string]int{
		"stop": 0, "that's all": 0, "No, that's all, thanks": 0, "no, that's everything": 0, "Skip the rest, please.": 0, "20 guests. Skip the rest.": 1, "1. 20\n2. Vegetarian food\nNo more questions please": 2,
	} {
		reply := ReadReply(text, open, nil, Context{})
		assert.True(t, reply.Ended, text)
		assert.Len(t, reply.Answers, answered, text)
	}
	for _, text := range []string{"No, 20 guests. That's all", "20 guests and that's all", "Stop serving at ten. 20 guests.", "1. 20\n2. done"} {
		assert.False(t, ReadReply(text, open, nil, Context{}).Ended, text)
	}
	action := questioning.Slot{Key: "action", Title: "Action", Type: questioning.Choice, Options: []questioning.Option{{Value: "start"}, {Value: "stop"}}}
	reply := ReadReply("stop", []OpenQuestion{{1, action}}, nil, Context{})
	assert.False(t, reply.Ended, "an option is an answer")
}

func TestASlotIsFoundByANameNearItsOwn(t *testing.T) {
	slots := []questioning.Slot{
		{Key: "guest_count", Title: "Number of guests", Type: questioning.Integer},
		{Key: "start_date", Title: "Date", Description: "When the guests arrive", Type: questioning.Date},
		{Key: "budget", Title: "Budget", Type: questioning.Number},
	}
	for name, key := range map[string]string{
		"guest_count": "guest_count", "guests": "guest_count", "numberOfGuests": "guest_count", "Number of guests": "guest_count",
		"date": "start_date", "startDate": "start_date", "Budget": "budget",
	} {
		got, ok := SlotNamed(name, "", slots, Context{})
		assert.True(t, ok, name)
		assert.Equal(t, key, got, name)
	}
	for _, name := range []string{"favourite colour", "return date", "", "x"} {
		_, ok := SlotNamed(name, "", slots, Context{})
		assert.False(t, ok, name)
	}
}

func TestASentenceThatAnswersNothingIsUnmatched(t *testing.T) {
	insurance := questioning.Slot{Key: "insurance", Title: "Insurance", Type: questioning.Boolean}
	for text, unmatched := range map[string]string{
		"I fly with my sister.\n1. yes": "I fly with my sister.",
		"Thanks!\n1. yes":               "",
		"Let's see then.\n1. yes":       "",
	} {
		reply := ReadReply(text, []OpenQuestion{{1, insurance}}, nil, Context{})
		assert.Equal(t, true, reply.Answers[0].Value, text)
		assert.Equal(t, unmatched, reply.Unmatched, text)
	}
}
