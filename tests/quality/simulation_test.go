package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func smallRun(t *testing.T, seed uint64) []measured {
	t.Helper()
	schemas, err := playbookSchemas()
	require.NoError(t, err)
	c := chance(seed).of(salt)
	all, err := measureSchemas(context.Background(), c, simulation{earlier: earlier, people: 40}, append(schemas, generatedSchemas(c, 2)...), func(schema) {})
	require.NoError(t, err)
	return all
}

// noise is the tolerance for the difference of two equally good ways with few people.
const noise = 1.03

func TestTheEngineIsNeverWorseThanAFixedOrder(t *testing.T) {
	for _, m := range smallRun(t, 7) {
		for way, name := range map[int]string{learnt: "with statistics", fresh: "without"} {
			assert.LessOrEqual(t, m.mean(way), noise*m.mean(inDeclaration), "%s, %s", m.name, name)
			assert.LessOrEqual(t, m.mean(way), noise*m.mean(inRequired), "%s, %s", m.name, name)
		}
		assert.LessOrEqual(t, m.mean(learntBatch), noise*m.mean(inDeclaration), "%s, in batches", m.name)
	}
}

func TestStatisticsSaveAThirdWhereAnswersTellAboutEachOther(t *testing.T) {
	c := chance(11).of(salt)
	closely := generatedSchemas(c, 4)[:4]
	all, err := measureSchemas(context.Background(), c, simulation{earlier: earlier, people: 40}, closely, func(schema) {})
	require.NoError(t, err)
	_, low, _ := saving(c, all, learnt, inDeclaration)
	assert.Greater(t, low, 0.3)
	_, low, _ = saving(c, all, learnt, fresh)
	assert.Positive(t, low, "more than the order alone")
	assumed, wrong := 0, 0
	for _, m := range all {
		assumed, wrong = assumed+m.assumed, wrong+m.wrong
	}
	assert.Positive(t, assumed)
	assert.LessOrEqual(t, float64(wrong), 0.05*float64(assumed))
}

func TestTheSameSeedGivesTheSameTables(t *testing.T) {
	page := func(seed uint64) string {
		tables, err := measureConversations(context.Background(), simulation{seed: seed, earlier: 20, people: 5, perFamily: 1}, func(string) {})
		require.NoError(t, err)
		return string(options{seed: seed, people: 5, schemas: 1}.page(tables))
	}
	first, again := page(3), page(3)
	assert.Equal(t, first, again)
	assert.NotEqual(t, first, page(4))
}

func TestAPersonSaysTheSameInAnyOrder(t *testing.T) {
	c := chance(5)
	f := generatedSchemas(c, 1)[0]
	one, two := newPerson(c, f, "somebody"), newPerson(c, f, "somebody")
	for i := range f.slots {
		slot := f.slots[len(f.slots)-1-i]
		want := two.answers(slot, questioning.Ask)
		assert.Equal(t, want, one.answers(slot, questioning.Ask))
	}
	assert.NotEqual(t, one.facts, newPerson(c, f, "somebody else").facts)
}

func TestAWrongAssumptionSettlesNothing(t *testing.T) {
	f := schema{slots: []questioning.Slot{{Key: "a", Title: "A", Type: questioning.Boolean, Required: true}}}
	p := person{facts: map[string]any{"a": true}}
	for value, right := range map[bool]bool{true: true, false: false} {
		state := newState(f, questioning.Statistics{}, 1)
		state.Assume("a", value, "")
		r := play(f, p, state, byEngine)
		assert.Equal(t, map[bool]float64{true: 0, false: 1}[right], r.toTarget, "it must be asked for in the end")
		assert.Equal(t, map[bool]int{true: 0, false: 1}[right], r.wrong)
	}
}

func TestAFixedOrderSkipsSlotsThatDoNotApply(t *testing.T) {
	f := schema{slots: []questioning.Slot{
		{Key: "more", Title: "More", Type: questioning.Text, Required: true, When: &questioning.Condition{Slot: "any", In: []any{true}}},
		{Key: "any", Title: "Any", Type: questioning.Boolean, Required: true},
	}}
	for fact, asked := range map[bool]int{true: 2, false: 1} {
		p := person{facts: map[string]any{"any": fact}}
		if fact {
			p.facts["more"] = "more of it"
		}
		r := play(f, p, newState(f, questioning.Statistics{}, 1), inOrderOf(declared(f)))
		assert.Equal(t, asked, r.asked)
		assert.Equal(t, float64(asked), r.toTarget)
	}
}

func TestInvalidUsageIsReportedAtOnce(t *testing.T) {
	for want, arguments := range map[string][]string{
		"--only":           {"--only", "everything"},
		"--clariq":         {"--only", "retrieval"},
		"--people":         {"--people", "0"},
		"--schemas":        {"--schemas", "0"},
		"unknown argument": {"more"},
	} {
		_, err := parseFlags(arguments)
		assert.ErrorContains(t, err, want)
	}
}

func TestATableIsPrintedInBothForms(t *testing.T) {
	tab := table{title: "Title", about: "About.", columns: []string{"a", "b"}}
	tab.add("row", "1")
	tab.note("%d notes", 1)
	var text, markdown bytes.Buffer
	tab.writeText(&text)
	tab.writeMarkdown(&markdown)
	assert.Equal(t, "Title\n  a    b\n  row  1\n  1 notes\n\n", text.String())
	assert.Equal(t, "## Title\n\nAbout.\n\n| a | b |\n| --- | ---: |\n| row | 1 |\n\n1 notes\n\n", markdown.String())
}
