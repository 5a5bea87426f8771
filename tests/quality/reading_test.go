package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

func replyFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	files := map[string]string{
		"values_some.jsonl": `{"words":"192","type":"number","lang":"en","reference":null,"accept":[192.0],"ask_again":false}
{"words":"at least 30","type":"number","lang":"en","reference":null,"accept":null,"ask_again":true}
{"words":"7","type":"number","lang":"en","reference":null,"accept":[8],"ask_again":false}
{"words":"hmm","type":"boolean","lang":"en","reference":null,"accept":[true],"ask_again":false}
`,
		"r8k_some.jsonl": `{"id":1,"requested":["people"],"reply":"9","labels":[{"slot":"people","span":"9"}]}
`,
		"sgd_some.jsonl": `{"service":"Bus","kind":"one","question":"How many?","reply":"3","open":[{"key":"seats","title":"seats","type":"integer"}],"gold":{"seats":["3"]},"unasked":[]}
`,
		"other.jsonl": "not read\n",
	}
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	return folder
}

func TestEveryFileOfRepliesIsJudgedByItsName(t *testing.T) {
	wrong := filepath.Join(t.TempDir(), "wrong.jsonl")
	tables, err := measureReadings(readings{folder: replyFolder(t), wrong: wrong})
	require.NoError(t, err)
	rows := map[string][]string{}
	for _, row := range tables[0].rows {
		rows[strings.Join(row[:3], "|")] = row[3:]
	}
	assert.Equal(t, []string{"1", "100.0 % (1)", "0.0 % (0)", "0.0 % (0)"}, rows["R8K, people|integer|en"])
	assert.Equal(t, []string{"1", "100.0 % (1)", "0.0 % (0)", "0.0 % (0)"}, rows["SGD, one question|integer|en"])
	assert.Equal(t, []string{"2", "50.0 % (1)", "0.0 % (0)", "50.0 % (1)"}, rows["values|number|en"])
	assert.Equal(t, []string{"1", "0.0 % (0)", "100.0 % (1)", "0.0 % (0)"}, rows["values|boolean|en"])
	assert.Equal(t, [][]string{{"values", "number", "en", "1", "100.0 % (1)", "0.0 % (0)"}}, tables[1].rows)

	text, err := os.ReadFile(wrong)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Len(t, lines, 2, "correct readings are not written")
	var first judged
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	assert.Equal(t, silent, first.Verdict, "the silently wrong come first")
	assert.Equal(t, "7", first.Words)
}

func TestTheHalvesShareNoLineAndAreTheWhole(t *testing.T) {
	path := filepath.Join(replyFolder(t), "values_some.jsonl")
	seen := map[string]int{}
	for _, half := range []string{"a", "b"} {
		lines, err := readings{half: half}.lines(path)
		require.NoError(t, err)
		for _, l := range lines {
			seen[string(l.data)]++
		}
	}
	assert.Len(t, seen, 4)
	for _, times := range seen {
		assert.Equal(t, 1, times)
	}
}

func TestAFolderWithoutRepliesIsAnError(t *testing.T) {
	_, err := measureReadings(readings{folder: t.TempDir()})
	assert.ErrorContains(t, err, "has no lines")
}

func TestAProposalOfAnUnstatedValueIsWrong(t *testing.T) {
	slot := questioning.Slot{Key: "seats", Type: questioning.Integer}
	offered := map[string]understood{"seats": understandWords(slot, "3", inDialogue)}
	unannotated := judgeUnasked(judged{}, []questioning.Slot{slot}, nil, offered)
	require.Len(t, unannotated, 1)
	assert.Equal(t, silent, unannotated[0].Verdict)
	judgedUnasked := judgeUnasked(judged{}, []questioning.Slot{slot}, map[string][]string{"seats": {"3"}}, offered)
	assert.Equal(t, right, judgedUnasked[0].Verdict)
}

func TestWhoDoesNotMindHasNoValue(t *testing.T) {
	slot := questioning.Slot{Key: "seats", Type: questioning.Integer}
	assert.Equal(t, silent, judged{Type: "integer"}.judge(understandWords(slot, "3", inDialogue), []string{noPreference}).Verdict)
	assert.Equal(t, right, judged{Type: "integer"}.judge(understandWords(slot, "I don't know", inDialogue), []string{noPreference}).Verdict)
	assert.Equal(t, silent, judged{Type: "integer"}.judge(understandWords(slot, "I don't know", inDialogue), []string{"3"}).Verdict)
}

// What is left out of the figures is left out by kind, whatever the parser reads.
func TestLinesThatNoReadingFitsAreLeftOut(t *testing.T) {
	lost := valueLine{Words: "dans trois semaines", Type: questioning.Date, Lang: "fr", Reference: "2016-11-07T00:00:00", Accept: []any{"2018-08-20"}}
	near, named, english := lost, lost, lost
	near.Accept = []any{"2016-11-28"}
	named.Words = "le 20 août 2018"
	english.Lang = "en"
	assert.True(t, lost.lacksToday())
	for _, kept := range []valueLine{near, named, english} {
		assert.False(t, kept.lacksToday(), kept)
	}
	assert.True(t, valueLine{Words: "8 am GMT", Type: questioning.Time}.movesZone())
	assert.False(t, valueLine{Words: "at EIGHT", Type: questioning.Time}.movesZone())

	day := questioning.Slot{Key: "day", Type: questioning.Date}
	assert.True(t, proposes("Will you be leaving on March 1st?", day, "2019-03-01"))
	assert.False(t, proposes("When will you be leaving?", day, "2019-03-01"))
	assert.False(t, proposes("Will you be leaving on March 2nd?", day, "2019-03-01"))
}

func TestAMarkedTimeIsInTheHalfOfTheDayThatItsReplyNames(t *testing.T) {
	assert.Equal(t, "17:45:00", inItsHalf("05:45:00", "5:45", "make it 5:45 this evening"))
	assert.Equal(t, "05:45:00", inItsHalf("05:45:00", "5:45", "make it 5:45"))
	assert.Equal(t, "10:00:00", inItsHalf("10:00:00", "10 a.m.", "not 10 p.m. i meant 10 a.m."))
	assert.Equal(t, "05:45:00", inItsHalf("05:45:00", "5:45", "5:45, in the morning and not in the evening"))
}
