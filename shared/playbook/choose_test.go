package playbook

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// served is a goal with the playbooks that serve it.
type served struct {
	Goal      string   `yaml:"goal"`
	Playbooks []string `yaml:"playbooks"`
}

// The cues were written by people who knew these goals, so these figures say less
// than goals nobody saw would; see docs/playbooks.md.
func TestTheFittingPlaybookIsFoundOrTheGenericOne(t *testing.T) {
	library := open(t)
	sets := map[string][]served{}
	for _, file := range []string{"goals_varied", "goals_varied_2", "goals_varied_3", "goals_varied_4", "goals_varied_5", "goals_varied_6"} {
		raw, err := os.ReadFile("testdata/" + file + ".yaml")
		require.NoError(t, err)
		var goals []served
		require.NoError(t, yaml.Unmarshal(raw, &goals))
		sets[file] = goals
	}
	for _, file := range []string{"goals_held_out", "goals_for_tuning"} {
		for name, goals := range goalsIn(t, "testdata/"+file+".yaml") {
			for _, goal := range goals {
				sets[file] = append(sets[file], served{goal, []string{name}})
			}
		}
	}
	for _, p := range library.All() {
		for _, goal := range p.Goals {
			sets["examples"] = append(sets["examples"], served{goal, []string{p.Name}})
		}
	}
	for set, goals := range sets {
		right, wrong := 0, 0
		for _, g := range goals {
			choice := library.Choose(g.Goal)
			switch {
			case slices.Contains(g.Playbooks, choice.Playbook.Name):
				right++
			case choice.Playbook.Name != Generic:
				wrong++
				fallthrough
			default:
				t.Logf("%s: %q wants %v. %s", set, g.Goal, g.Playbooks, choice.Reason)
			}
		}
		t.Logf("%s: %d goals, %d right, %d wrong, %d needlessly generic", set, len(goals), right, wrong, len(goals)-right-wrong)
		assert.GreaterOrEqual(t, right*10, len(goals)*9, "%s: right, or rightly generic, at least nine in ten", set)
		assert.LessOrEqual(t, wrong*50, len(goals), "%s: wrong at most one in fifty", set)
	}
}

func TestOneWordIsNeverEnough(t *testing.T) {
	for _, goal := range []string{
		"wedding", "Trip", "hire", "crash", "learn", "buy", "insurance", "refund", "interviews", "milestones", "outage", "forecast", "features",
		"Medical intake before a doctor's appointment", "Summarise this week's standup", "A novel about an outage", "Voyage", "Fehler",
	} {
		choice := open(t).Choose(goal)
		assert.Equal(t, Generic, choice.Playbook.Name, "%s: %s", goal, choice.Reason)
	}
}

// What surrounds a goal says less than what is wanted, and a word within a phrase
// for something else says nothing.
func TestWhatIsWantedWinsOverItsCircumstances(t *testing.T) {
	library := open(t)
	for goal, want := range map[string]string{
		"Create a diet plan, I want to lose weight before my wedding": Generic,
		"Book a conference room for tomorrow":                         Generic,
		"Write a speech for my sister's wedding party":                Generic,
		"Prepare for my job interview at a bank":                      Generic,
		"Insurance for my ski trip to Austria":                        "travel-insurance",
		"The app crashes when I look at my trip to Rome":              "bug-report",
	} {
		choice := library.Choose(goal)
		assert.Equal(t, want, choice.Playbook.Name, "%s: %s", goal, choice.Reason)
	}
}

func TestTheNextBestAreNamed(t *testing.T) {
	library := open(t)
	choice := library.Choose("Plan a company offsite with hotel and dinner for 20 people")
	assert.Contains(t, append(choice.Alternatives, choice.Playbook.Name), "event-planning")
	assert.Contains(t, append(choice.Alternatives, choice.Playbook.Name), "travel")
	for _, goal := range []string{"Book two flights and a hotel", "Cook dinner for tonight", "", "Buy a bug-free app for the trip to a conference interview"} {
		choice := library.Choose(goal)
		assert.LessOrEqual(t, len(choice.Alternatives), 2, goal)
		assert.NotContains(t, choice.Alternatives, choice.Playbook.Name)
		assert.NotContains(t, choice.Alternatives, Generic)
	}
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
			said := stems(goal)
			for _, examples := range known {
				for _, example := range examples {
					assert.Less(t, alike(said, stems(example)), 0.5, "%s: %q is nearly %q", p.Name, goal, example)
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
func alike(a, b map[string]bool) float64 {
	common := 0
	for w := range a {
		if b[w] {
			common++
		}
	}
	return float64(common) / float64(max(1, len(a)+len(b)-common))
}

// stems are those of the words that carry meaning.
func stems(text string) map[string]bool {
	all := map[string]bool{}
	for _, w := range words(text) {
		if w.content {
			all[w.stem] = true
		}
	}
	return all
}

func TestTheReasonSaysByWhichWordsAndWhatComesNext(t *testing.T) {
	choice := open(t).Choose("Book two flights and a hotel")
	assert.Equal(t, "travel", choice.Playbook.Name)
	assert.Greater(t, choice.Score, threshold)
	assert.LessOrEqual(t, choice.Score, 1.0)
	for _, part := range []string{"travel with", "hotel", "flights", "is enough"} {
		assert.Contains(t, choice.Reason, part)
	}
}

func TestTheReasonNamesTheNearestWhenNothingFits(t *testing.T) {
	choice := open(t).Choose("Dance at a wedding")
	assert.Equal(t, Generic, choice.Playbook.Name)
	assert.Contains(t, choice.Reason, "generic one asks")
	assert.Contains(t, choice.Reason, "nearest is event-planning")
	assert.Contains(t, choice.Reason, "wedding")
}

func TestAGoalOfUnknownWordsGetsTheGenericPlaybook(t *testing.T) {
	for _, goal := range []string{"", "  \n", "?", "the of and", "Bake a cake", "Zwölf Boxkämpfer jagen Viktor", "旅行の計画", "\xff\xfe"} {
		choice := open(t).Choose(goal)
		assert.Equal(t, Generic, choice.Playbook.Name, goal)
		assert.Less(t, choice.Score, threshold, goal)
		assert.NotEmpty(t, choice.Reason, goal)
	}
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
	library, err := Open(Config{Folder: folder})
	require.NoError(t, err)
	choice := library.Choose("When should I open the hive in spring?")
	assert.Equal(t, "beekeeping", choice.Playbook.Name, choice.Reason)
	assert.Len(t, choice.Playbook.For("goal", "en"), 2)
	assert.Equal(t, "travel", library.Choose("Book flights to Rome").Playbook.Name)
}
