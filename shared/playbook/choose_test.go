package playbook

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caarlos0/env/v11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

func open(t testing.TB) *Library {
	t.Helper()
	var config Config
	require.NoError(t, env.Parse(&config))
	library, err := Open(config)
	require.NoError(t, err)
	return library
}

func TestTheFittingPlaybookIsFoundForGoalsNeverSeen(t *testing.T) {
	library := open(t)
	right, total := 0, 0
	for want, goals := range goalsIn(t, "testdata/goals_held_out.yaml") {
		for _, goal := range goals {
			choice := library.Choose(goal)
			total++
			if choice.Playbook.Name == want {
				right++
			} else {
				t.Logf("%s: %q got %s. %s", want, goal, choice.Playbook.Name, choice.Reason)
			}
		}
	}
	t.Logf("%d of %d right", right, total)
	assert.GreaterOrEqual(t, float64(right)/float64(total), 0.9)
}

func TestGoalsNeverSeenAreNoExamples(t *testing.T) {
	library := open(t)
	known := goalsIn(t, "testdata/goals_for_tuning.yaml")
	for _, p := range library.All() {
		known[p.Name] = append(known[p.Name], p.Goals...)
	}
	heldOut, total := goalsIn(t, "testdata/goals_held_out.yaml"), 0
	for _, p := range library.All() {
		assert.GreaterOrEqual(t, len(heldOut[p.Name]), 4, p.Name)
		for _, goal := range heldOut[p.Name] {
			total++
			for _, examples := range known {
				for _, example := range examples {
					assert.Less(t, alike(goal, example), 0.5, "%s: %q is nearly %q", p.Name, goal, example)
				}
			}
		}
	}
	assert.GreaterOrEqual(t, total, 60)
	assert.GreaterOrEqual(t, len(heldOut[Generic]), 12)
}

func goalsIn(t *testing.T, file string) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var goals map[string][]string
	require.NoError(t, yaml.Unmarshal(raw, &goals))
	return goals
}

// alike is the share of the words of two texts that they have in common.
func alike(a, b string) float64 {
	common, other := 0, words(b)
	for _, w := range words(a) {
		for _, o := range other {
			if w.stem == o.stem {
				common++
			}
		}
	}
	return float64(common) / float64(max(1, len(words(a))+len(other)-common))
}

func TestTheReasonSaysByWhichWordsAndWhatComesNext(t *testing.T) {
	choice := open(t).Choose("Book two flights and a hotel")
	assert.Equal(t, "travel", choice.Playbook.Name)
	assert.Greater(t, choice.Score, choice.Threshold)
	assert.LessOrEqual(t, choice.Score, 1.0)
	for _, part := range []string{"travel with", "hotel", "flights", "Next is", "is enough"} {
		assert.Contains(t, choice.Reason, part)
	}
}

func TestTheReasonNamesTheNearestWhenNothingFits(t *testing.T) {
	choice := open(t).Choose("Cook dinner for tonight")
	assert.Equal(t, Generic, choice.Playbook.Name)
	assert.Contains(t, choice.Reason, "generic one asks")
	assert.Contains(t, choice.Reason, "nearest is event-planning")
	assert.Contains(t, choice.Reason, "dinner")
}

func TestAGoalOfUnknownWordsGetsTheGenericPlaybook(t *testing.T) {
	for _, goal := range []string{"", "  \n", "?", "the of and", "Bake a cake", "Zwölf Boxkämpfer jagen Viktor", "旅行の計画", "\xff\xfe"} {
		choice := open(t).Choose(goal)
		assert.Equal(t, Generic, choice.Playbook.Name, goal)
		assert.Zero(t, choice.Score, goal)
		assert.NotEmpty(t, choice.Reason, goal)
	}
}

func TestAThresholdOfOneLeavesEverythingToTheGenericPlaybook(t *testing.T) {
	library, err := Open(Config{Threshold: 1})
	require.NoError(t, err)
	choice := library.Choose("Report a bug")
	assert.Equal(t, Generic, choice.Playbook.Name)
	assert.Less(t, choice.Score, 1.0)
	assert.Contains(t, choice.Reason, "bug-report")
}

func TestALongGoalIsReadLikeAShortOne(t *testing.T) {
	library := open(t)
	long := "I want to plan a trip to Portugal. " + strings.Repeat("We like good food and old towns, and would rather take the train than a car. ", 300)
	assert.Equal(t, "travel", library.Choose(long).Playbook.Name)
	aside := "The app crashes when I tap on save, every time, with an error message. It started after I came back from my holiday in Spain, where it still worked in the hotel."
	assert.Equal(t, "bug-report", library.Choose(aside).Playbook.Name)
}

func TestEveryGoalGetsAPlaybookAndAlwaysTheSame(t *testing.T) {
	library := open(t)
	rapid.Check(t, func(t *rapid.T) {
		goal := rapid.OneOf(rapid.String(), rapid.StringMatching(`((plan|trip|learn|bug|buy|party|data) ?){0,30}`)).Draw(t, "goal")
		choice := library.Choose(goal)
		if choice.Playbook.Name == "" || choice.Reason == "" || !(choice.Score >= 0 && choice.Score <= 1) {
			t.Fatalf("%+v", choice)
		}
		if again := library.Choose(goal); fmt.Sprint(choice) != fmt.Sprint(again) {
			t.Fatalf("%s\n%s", choice.Reason, again.Reason)
		}
	})
}

func TestAPlaybookOfOnesOwnIsChosenByItsGoals(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "own.yaml"), []byte(beekeeping), 0o600))
	library, err := Open(Config{Folder: folder, Threshold: 0.3})
	require.NoError(t, err)
	choice := library.Choose("When should I open the hive in spring?")
	assert.Equal(t, "beekeeping", choice.Playbook.Name, choice.Reason)
	assert.Len(t, choice.Playbook.For("goal", "en"), 2)
	assert.Equal(t, "travel", library.Choose("Book flights to Rome").Playbook.Name)
}
