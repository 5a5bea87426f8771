package playbook

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

const bilingual = `
name: own
title: Own
description: One of one's own.
goals: [A goal]
slots:
  - key: day
    type: date
    title: {en: Date, de: Datum, fr: Date}
    question: {en: 'Which day for {goal}?', de: 'An welchem Tag?'}
  - key: size
    type: choice
    title: Size
    question: {en: 'How big?', de: 'Wie groß?'}
    look_for: [{en: a guess, de: eine Schätzung}, metres]
    options: [{value: s, title: {en: Small, de: Klein}}, {value: l, title: Large}, xl]
`

func TestAPlaybookAsksInTheLanguagesItSpeaks(t *testing.T) {
	p, err := check([]byte(bilingual))
	require.NoError(t, err)
	german := p.For("goal", "de")
	assert.Equal(t, "Datum", german[0].Title)
	assert.Equal(t, "An welchem Tag?", german[0].Question)
	assert.Equal(t, "Wie groß?", german[1].Question)
	assert.Equal(t, []string{"eine Schätzung", "metres"}, german[1].LookFor)
	assert.Equal(t, []questioning.Option{{Value: "s", Title: "Klein"}, {Value: "l", Title: "Large"}, {Value: "xl"}}, german[1].Options)
	assert.Equal(t, "Size", german[1].Title, "English serves where a text is not translated")
	assert.Equal(t, `Which day for "goal"?`, p.For("goal", "fr")[0].Question)
	assert.Equal(t, p.For("goal", "en"), p.For("goal", "sv"), "and where the language is not spoken")
}

func TestATextByLanguageHasToHaveEnglish(t *testing.T) {
	_, err := check([]byte("name: own\ntitle: Own\ndescription: x\ngoals: [A goal]\nslots:\n  - key: day\n    type: date\n    question: {de: 'An welchem Tag?'}\n"))
	require.Error(t, err)
	assert.Contains(t, err.Error(), "line 8, slots[0].question")
	assert.Contains(t, err.Error(), "en")
}

// speaking counts the texts that are given by language, and in how many.
func speaking(t *testing.T, value any, in map[int]int) {
	t.Helper()
	switch v := value.(type) {
	case []any:
		for _, one := range v {
			speaking(t, one, in)
		}
	case string:
		in[1]++
	case map[string]any:
		if title, option := v["title"]; option {
			speaking(t, title, in)
			return
		}
		in[len(v)]++
	}
}

func TestTheMostUsedPlaybooksSpeakEveryLanguage(t *testing.T) {
	for _, name := range []string{"event-planning", "travel", "bug-report"} {
		raw, err := builtInFiles.ReadFile("playbooks/" + name + ".yaml")
		require.NoError(t, err)
		root, err := parse(raw)
		require.NoError(t, err)
		value, err := toJSON(root)
		require.NoError(t, err)
		var d document
		require.NoError(t, json.Unmarshal(value, &d))
		in := map[int]int{}
		for _, slot := range d.Slots {
			for _, member := range texts {
				speaking(t, slot[member], in)
			}
		}
		assert.Len(t, in, 1, "%s: every text is given in every language: %v", name, in)
		assert.Greater(t, in[len(messages.Languages)], 50, name)
	}
}
