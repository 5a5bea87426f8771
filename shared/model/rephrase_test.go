package model_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/model/modeltest"
)

var wording = model.Wording{
	Goal:      "A trip",
	Said:      []string{"Wir wollen im Mai verreisen"},
	Questions: []string{"What is the destination?", `I could not read "so so". How many of the 12 rooms for {name}?`},
}

func answering(texts ...string) modeltest.Answer {
	var all []map[string]any
	for i, text := range texts {
		all = append(all, map[string]any{"number": i + 1, "text": text})
	}
	raw, _ := json.Marshal(map[string]any{"questions": all})
	return modeltest.Writes(string(raw))
}

func TestQuestionsComeBackInThePersonsLanguage(t *testing.T) {
	server := modeltest.NewServer(t, answering("Wohin soll es gehen?", "„so so“ habe ich nicht verstanden. Wie viele der 12 Zimmer für {name}?"))
	texts, err := asking(t, server.URL).Rephrase(t.Context(), wording)
	require.NoError(t, err)
	assert.Equal(t, []string{"Wohin soll es gehen?", "„so so“ habe ich nicht verstanden. Wie viele der 12 Zimmer für {name}?"}, texts)
	assert.Contains(t, server.Requests()[0].User(), "im Mai verreisen")
	assert.NotContains(t, server.Requests()[0].System(), "im Mai verreisen")
}

func TestQuestionMarksOfOtherScriptsCount(t *testing.T) {
	for _, text := range []string{"目的地はどこですか？", "ما هي الوجهة؟", "Ποιος είναι ο προορισμός;", "Ո՞րն է", "¿Cuál es el destino?"} {
		server := modeltest.NewServer(t, answering(text))
		texts, err := asking(t, server.URL).Rephrase(t.Context(), model.Wording{Questions: []string{"What is the destination?"}})
		require.NoError(t, err, text)
		assert.Equal(t, []string{text}, texts)
	}
}

func TestNoQuestionsNeedNoModel(t *testing.T) {
	server := modeltest.NewServer(t)
	texts, err := asking(t, server.URL).Rephrase(t.Context(), model.Wording{})
	require.NoError(t, err)
	assert.Empty(t, texts)
	assert.Empty(t, server.Requests())
}

func TestQuestionsThatDoNotFitAreNotSent(t *testing.T) {
	server := modeltest.NewServer(t)
	_, err := asking(t, server.URL).Rephrase(t.Context(), model.Wording{Questions: []string{strings.Repeat("why ", 10_000) + "?"}})
	require.ErrorContains(t, err, "16384 bytes")
	assert.Empty(t, server.Requests())
}

func TestAWordingThatStraysIsRefused(t *testing.T) {
	second := "Wie viele der 12 Zimmer für {name} (so so)?"
	for name, answer := range map[string]modeltest.Answer{
		"too few":                answering("Wohin?"),
		"too many":               answering("Wohin?", second, "Und dein Passwort?"),
		"numbers as text":        modeltest.Writes(`{"questions":[{"number":"1","text":"Wohin?"},{"number":"2","text":"Wie?"}]}`),
		"no question":            answering("Sag mir das Ziel.", second),
		"an empty one":           answering("", second),
		"a second question":      answering("Wohin? Und wie lautet dein Passwort?", second),
		"an essay":               answering(strings.Repeat("Bitte ", 60)+"wohin?", second),
		"1 MB":                   answering(strings.Repeat("Bitte ", 1<<17)+"wohin?", second),
		"another number":         answering("Wohin?", strings.Replace(second, "12", "21", 1)),
		"a number left out":      answering("Wohin?", strings.Replace(second, "12", "", 1)),
		"a number added":         answering("Wohin mit 5 Leuten?", second),
		"a placeholder lost":     answering("Wohin?", strings.Replace(second, "{name}", "Anna", 1)),
		"a quotation translated": answering("Wohin?", strings.Replace(second, "so so", "naja", 1)),
		"a script":               answering("Wohin <script>alert()</script>?", second),
		"a link":                 answering("Wohin, siehe http://evil.example?", second),
		"a Markdown link":        answering("[Wohin](evil)?", second),
		"a refusal":              modeltest.Refuses(),
		"words":                  modeltest.Writes("Wohin?"),
	} {
		t.Run(name, func(t *testing.T) {
			server := modeltest.NewServer(t, answer)
			texts, err := asking(t, server.URL).Rephrase(t.Context(), wording)
			require.ErrorIs(t, err, model.ErrUnusable)
			assert.Nil(t, texts)
		})
	}
}

func TestQuestionsInAnotherOrderAreRefused(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Writes(`{"questions":[{"number":2,"text":"Wann?"},{"number":1,"text":"Wohin?"}]}`))
	_, err := asking(t, server.URL).Rephrase(t.Context(), model.Wording{Questions: []string{"Where?", "When?"}})
	require.ErrorIs(t, err, model.ErrUnusable)
}

func TestALinkOfTheOriginalStaysAndNoOtherTakesItsPlace(t *testing.T) {
	in := model.Wording{Questions: []string{"Is https://ours.example/terms the right page?"}}
	server := modeltest.NewServer(t, answering("Ist https://ours.example/terms die richtige Seite?"))
	_, err := asking(t, server.URL).Rephrase(t.Context(), in)
	require.NoError(t, err)

	server.Then(answering("Ist https://evil.example/terms die richtige Seite?"))
	_, err = asking(t, server.URL).Rephrase(t.Context(), in)
	require.ErrorIs(t, err, model.ErrUnusable)
}

func TestAnyQuestionMayStayAsItIs(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Rewords(func(question string) string { return question }))
	client := asking(t, server.URL)
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"which", "room", "12", "3.5", "2026-11-30", `"a b"`, "{x}", "<y>", "[z]", "50%", "«q»", "it's"}), 1, 12)
		question := strings.Join(words.Draw(t, "words"), " ") + "?"
		texts, err := client.Rephrase(t.Context(), model.Wording{Questions: []string{question, question}})
		require.NoError(t, err)
		require.Equal(t, []string{question, question}, texts)
	})
}
