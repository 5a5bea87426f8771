package playbook

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

const beekeeping = `name: beekeeping
title: Beekeeping
description: Looking after bees and their hives.
goals:
  - Look after my bees
  - Inspect the hive in spring
  - Harvest honey
slots:
  - key: hives
    type: integer
    question: How many hives are there?
    required: true
    minimum: 1
  - key: disease
    title: Signs of disease
    type: choice
    question: What do you see?
    options: [none, {value: mites, title: Mites}]
    when: {slot: hives, in: [1, 2]}
`

// folderWith returns a folder that holds files.
func folderWith(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	return folder
}

func TestTheFolderAddsPlaybooksToTheBuiltInOnes(t *testing.T) {
	folder := folderWith(t, map[string]string{"bees.yml": beekeeping, "README.md": "{", ".hidden.yaml": "{"})
	require.NoError(t, os.Mkdir(filepath.Join(folder, "folder.yaml"), 0o700))
	library, err := Open(Config{Folder: folder})
	require.NoError(t, err)
	assert.Len(t, library.All(), len(builtIn())+1)
	own, found := library.Get("beekeeping")
	require.True(t, found)
	one := 1.0
	assert.Equal(t, []questioning.Slot{
		{Key: "hives", Title: "Hives", Type: questioning.Integer, Question: "How many hives are there?", Required: true, Minimum: &one},
		{
			Key: "disease", Title: "Signs of disease", Type: questioning.Choice, Question: "What do you see?",
			Options: []questioning.Option{{Value: "none"}, {Value: "mites", Title: "Mites"}},
			When:    &questioning.Condition{Slot: "hives", In: []any{1.0, 2.0}},
		},
	}, own.Slots, "what does not say so is not required")
	_, found = library.Get("unheard-of")
	assert.False(t, found)
}

func TestTheSameNameReplacesABuiltInPlaybook(t *testing.T) {
	for _, name := range []string{"travel", Generic} {
		folder := folderWith(t, map[string]string{"mine.yaml": strings.Replace(beekeeping, "name: beekeeping", "name: "+name, 1)})
		library, err := Open(Config{Folder: folder})
		require.NoError(t, err)
		assert.Len(t, library.All(), len(builtIn()))
		own, _ := library.Get(name)
		assert.Equal(t, "Beekeeping", own.Title)
		assert.Equal(t, name, library.Choose("Harvest the honey of my bees").Playbook.Name)
	}
	original, _ := open(t).Get("travel")
	assert.Equal(t, "Travel", original.Title, "another library keeps it")
}

func TestPlaybooksComeByName(t *testing.T) {
	var names []string
	for _, p := range open(t).All() {
		names = append(names, p.Name)
	}
	assert.True(t, slices.IsSorted(names))
	assert.Subset(t, names, []string{"bug-report", "customer-support-intake", "data-analysis-request", "event-planning",
		"feature-requirements", "generic", "hiring-brief", "incident-review", "learning-plan", "project-planning",
		"purchase-advice", "research-interview", "travel", "travel-insurance"})
}

func TestAWrongSettingIsToldAtOnce(t *testing.T) {
	_, err := Open(Config{Folder: filepath.Join(t.TempDir(), "missing")})
	assert.ErrorContains(t, err, "PLAYBOOKS_FOLDER")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestAWrongPlaybookIsToldByFileLineAndField(t *testing.T) {
	change := func(old, with string) string {
		require.Contains(t, beekeeping, old)
		return strings.Replace(beekeeping, old, with, 1)
	}
	for _, wrong := range []struct{ content, want string }{
		{"", "is empty"},
		{"- a\n", "line 1, the playbook: got array, want object"},
		{"name: [\n", "line 1"},
		{change("name: beekeeping\n", ""), "line 1, the playbook: missing property 'name'"},
		{change("name: beekeeping", "name: Bee keeping"), "line 1, name: 'Bee keeping' does not match pattern"},
		{change("goals:", "goal:"), "additional properties 'goal' not allowed"},
		{change("title: Beekeeping", "title: 7"), "line 2, title: got number, want string"},
		{change("title: Beekeeping", "title: Beekeeping\ntitle: Bees"), "already defined"},
		{change("  - Harvest honey", "  - Look after my bees"), "goals: items at 0 and 2 are equal"},
		{change("type: integer", "type: colour"), "line 10, slots[0].type: value must be one of 'string', 'integer'"},
		{change("minimum: 1", "mimimum: 1"), "slots[0]: additional properties 'mimimum' not allowed"},
		{change("type: integer", "type: choice"), "slots[0]: missing property 'options'"},
		{change("type: choice", "type: string"), "line 16, slots[1].type: value must be one of 'choice', 'choices'"},
		{change("key: disease", "key: hives"), "slots[1]: the key \"hives\" is given twice"},
		{change("minimum: 1", "minimum: 3\n    maximum: 2"), "line 13, slots[0].minimum: is above the maximum"},
		{change("minimum: 1", "pattern: '('"), "line 13, slots[0].pattern: is not a regular expression"},
		{change("minimum: 1", "weight: 11"), "line 13, slots[0].weight: maximum: got 11, want 10"},
		{change("value: mites", "value: none"), "slots[1].options[1]: repeats the option none"},
		{change("slot: hives", "slot: hive"), "line 19, slots[1].when.slot: there is no slot \"hive\""},
		{change("slot: hives", "slot: disease"), "line 19, slots[1].when"},
		{change("    minimum: 1\n", "    when: {slot: disease, equals: mites}\n"), "slots[0].when"},
		{change("    minimum: 1\n", "  - key: healthy\n    type: boolean\n    question: Healthy?\n    when: {slot: disease, equals: mites}\n"), "slots[1].when.slot: \"disease\" has to come before \"healthy\""},
		{change("{slot: hives, in: [1, 2]}", "{slot: hives}"), "slots[1].when: minProperties: got 1, want 2"},
		{beekeeping + "  - key: treated\n    type: boolean\n    question: Treated?\n    when: {slot: disease, in: [mites, moths]}\n", "line 23, slots[2].when: moths is no value of \"disease\"; none, mites are"},
		{beekeeping + "  - key: login\n    type: string\n    question: {en: 'How do you log in?', de: 'Wie lautet Ihr Passwort?'}\n", "line 22, slots[2].question: asks for a password"},
		{beekeeping + strings.Repeat("# \n", MaxFileBytes/2), "more than 262144 bytes"},
		{beekeeping + "---\n" + beekeeping, "one playbook"},
	} {
		folder := folderWith(t, map[string]string{"bees.yaml": wrong.content})
		_, err := Open(Config{Folder: folder})
		if assert.Error(t, err, wrong.want) {
			assert.Contains(t, err.Error(), filepath.Join(folder, "bees.yaml"))
			assert.Contains(t, err.Error(), wrong.want)
		}
	}
}

func TestTwoFilesCannotShareAName(t *testing.T) {
	_, err := Open(Config{Folder: folderWith(t, map[string]string{"a.yaml": beekeeping, "b.yaml": beekeeping})})
	assert.ErrorContains(t, err, "b.yaml")
	assert.ErrorContains(t, err, "a.yaml")
}

func TestAFolderHoldsABoundedNumberOfPlaybooks(t *testing.T) {
	files := map[string]string{}
	for i := range MaxFiles + 1 {
		files[fmt.Sprintf("%d.yaml", i)] = strings.Replace(beekeeping, "name: beekeeping", fmt.Sprintf("name: bees-%d", i), 1)
	}
	_, err := Open(Config{Folder: folderWith(t, files)})
	assert.ErrorContains(t, err, "more than 100 playbooks")
}

func TestADayInAPlaybookStaysText(t *testing.T) {
	p, err := check([]byte(strings.Replace(beekeeping, "  - Harvest honey", "  - 2026-11-30", 1)))
	require.NoError(t, err)
	assert.Equal(t, "2026-11-30", p.Goals[2])
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		_, err := Open(Config{})
		require.NoError(b, err)
	}
}

// What the first call of a new instance pays.
func BenchmarkFirstChoice(b *testing.B) {
	for b.Loop() {
		entries := embedded()
		ix := newIndex(entries)
		found := ix.search("Plan a trip to Japan")
		i, _ := find(entries, found[0].name)
		entries[i].full()
	}
}

func BenchmarkReadingAll(b *testing.B) {
	for b.Loop() {
		for _, e := range embedded() {
			e.full()
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	library := open(b)
	for b.Loop() {
		library.Choose("Plan a two-week trip to Japan with my family and a small budget")
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{beekeeping, "a: &a [*a]", "7: x", "<<: {name: x}", "name: !!binary x", "slots: [{when: {}}]", "x: .nan", "? [a]\n: b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := check(raw)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		again, err := read(raw)
		require.NoError(t, err, "what is sound can be read without the checks")
		require.Equal(t, p, again)
	})
}
