package messages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// catalogue returns the texts declared in messages.go.
func catalogue(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "messages.go", nil, 0)
	require.NoError(t, err)
	var texts []string
	ast.Inspect(file, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			texts = append(texts, text)
		}
		return true
	})
	require.Greater(t, len(texts), 50)
	return texts
}

var verb = regexp.MustCompile(`%\[\d\][a-z]`)

func verbs(text string) []string { return slices.Sorted(slices.Values(verb.FindAllString(text, -1))) }

func TestEveryMessageIsSaidInEveryLanguage(t *testing.T) {
	texts := catalogue(t)
	for _, code := range Languages {
		said, err := read(code)
		require.NoError(t, err, code)
		if code != English {
			assert.ElementsMatch(t, texts, slices.Collect(maps.Keys(said)), code)
		}
		for text, one := range said {
			assert.Contains(t, texts, text, code)
			assert.Equal(t, verbs(text), verbs(one.other), "%s: %q says other things", code, text)
			assert.NotContains(t, one.other, "\n ", code)
		}
	}
}

func TestALanguageThatIsNotSpokenGetsEnglish(t *testing.T) {
	for tag, want := range map[string]string{"de": "ja", "de-AT": "ja", "pt-BR": "sim", "EN-us": "yes", "sv": "yes", "": "yes", "no such tag!": "yes", "zh-Hans": "yes"} {
		assert.Equal(t, want, In(tag).Text(Yes), tag)
	}
	assert.Equal(t, "fr", In("fr-CA").Language())
	assert.Equal(t, "en", In("ja").Language())
}

func TestCountsAgreeWithTheirNoun(t *testing.T) {
	assert.Equal(t, "one question", In("en").Text(QuestionCount, 1))
	assert.Equal(t, "3 questions", In("en").Text(QuestionCount, 3))
	assert.Equal(t, "Eine Frage", In("de").Text(QuestionCount, 1))
	assert.Equal(t, "2 Annahmen zum Bestätigen", In("de").Text(AssumptionCount, 2))
}

func TestArgumentsFindTheirPlaces(t *testing.T) {
	assert.Equal(t, `I could not read "pretty bad". Which severity?`, In("en").Text(NotRead, `"pretty bad"`, "Which severity?"))
	assert.Equal(t, `"so lala" konnte ich nicht lesen. Dringlichkeit?`, In("de").Text(NotRead, `"so lala"`, "Dringlichkeit?"))
	assert.Equal(t, "een geheel getal van 1 tot en met 10", In("nl").Text(FromTo, In("nl").Text(WholeNumber), "1", "10"))
}

func BenchmarkFirstUse(b *testing.B) {
	for b.Loop() {
		newPrinter("de")
	}
}
