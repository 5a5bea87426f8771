package automatic_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// celebrations are goals that say nothing but what is planned, by language.
var celebrations = map[string]string{
	"de": "Bitte plane mit mir eine Feier für unsere Familie",
	"es": "Quiero organizar una fiesta para toda la familia",
	"fr": "Je voudrais organiser une fête pour toute la famille",
	"it": "Vorrei organizzare una festa per tutta la famiglia",
	"nl": "Ik wil graag een feest voor de hele familie organiseren",
	"pt": "Quero organizar uma festa para toda a família",
}

// vocabulary is every word that may be said in a language: those of the
// catalogue, of the playbook, and of the person.
func vocabulary(t *testing.T, language, goal string) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "questioning", "messages", "languages", language+".yaml"))
	require.NoError(t, err)
	var catalogue map[string]any
	require.NoError(t, yaml.Unmarshal(data, &catalogue))
	known := map[string]bool{}
	learn := func(texts ...string) {
		for _, text := range texts {
			for _, word := range words(text) {
				known[word] = true
			}
		}
	}
	for _, said := range catalogue {
		switch v := said.(type) {
		case string:
			learn(v)
		case map[string]any:
			for _, form := range v {
				learn(form.(string))
			}
		}
	}
	library, err := playbook.Open(playbook.Config{})
	require.NoError(t, err)
	events, found := library.Get("event-planning")
	require.True(t, found)
	for _, slot := range events.For(goal, language) {
		learn(slot.Title, slot.Question, strings.Join(slot.LookFor, " "))
		for _, o := range slot.Options {
			learn(o.Title)
		}
	}
	learn(goal)
	return known
}

var notWords = regexp.MustCompile(`[^\pL]+`)

func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return notWords.MatchString(string(r)) })
}

// shownOn is every text of a form that a person sees.
func shownOn(form elicitation.Form, revision string) []string {
	texts := []string{form.Message}
	for _, f := range form.Schema.For(revision, form.Language).Fields {
		texts = append(texts, f.Title, f.Description)
		texts = append(texts, f.Enum...)
		if f.Items != nil {
			texts = append(texts, f.Items.Enum...)
		}
	}
	return texts
}

// filled is a value for a field, as a person without an opinion picks it.
func filled(f elicitation.Field, language string) any {
	switch {
	case len(f.Enum) > 0:
		return f.Enum[0]
	case f.Items != nil:
		return []any{f.Items.Enum[0]}
	case f.Type == "integer", f.Type == "number":
		return 20.0
	case f.Format == "date":
		return "2027-06-05"
	}
	return messages.In(language).Text(messages.Nothing)
}

// A whole conversation by form, to the report, says no word of another language.
func TestAnInterviewIsHeldInThePersonsLanguage(t *testing.T) {
	t.Parallel()
	for language, goal := range celebrations {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			a, _ := newAsking(t)
			known := vocabulary(t, language, goal)
			d := begin(t, a, automatic.Input{Context: goal, Playbook: "event-planning"})
			forms := 0
			for ; d.form != nil && forms < 10; forms++ {
				content := map[string]any{}
				for _, f := range d.fields() {
					content[f.Name] = filled(f, language)
				}
				for _, revision := range []string{"2025-06-18", "2025-11-25"} {
					for _, text := range shownOn(d.form.Form, revision) {
						for _, word := range words(text) {
							assert.True(t, known[word], "%q in %q", word, text)
						}
					}
				}
				d.accept(content)
			}
			require.Nil(t, d.form)
			assert.GreaterOrEqual(t, forms, 2)
			assert.Equal(t, language, d.result.Turn.Metadata.Language)
			assert.Equal(t, automatic.StatusComplete, d.result.Status)
			report, err := a.Report(t.Context(), conversation.ReportInput{ConversationID: d.result.ConversationID})
			require.NoError(t, err)
			assert.Empty(t, report.Contradictions)
			for _, p := range report.OpenPoints {
				for _, word := range words(p.Text) {
					assert.True(t, known[word], "%q in %q", word, p.Text)
				}
			}
			assert.True(t, strings.HasPrefix(report.Text(), messages.In(language).Text(messages.Goal, `"`+goal+`"`)), report.Text())
			assert.True(t, strings.HasPrefix(d.result.Text(), messages.In(language).Text(messages.Goal, `"`+goal+`"`)), d.result.Text())
			assert.Equal(t, 20.0, report.Values["guests"])
		})
	}
}
