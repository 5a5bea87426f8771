package playbook

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// eachBuiltIn runs a test for every built-in playbook, read with all checks.
func eachBuiltIn(t *testing.T, test func(t *testing.T, p Playbook)) {
	files, err := filepath.Glob("playbooks/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 13)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			p, err := check(raw)
			require.NoError(t, err)
			assert.Equal(t, name, p.Name, "the file is named after it")
			test(t, p)
		})
	}
}

func TestEveryBuiltInPlaybookIsValid(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, p Playbook) {
		assert.GreaterOrEqual(t, len(p.Goals), 12)
		assert.GreaterOrEqual(t, len(p.Slots), 10)
		assert.LessOrEqual(t, len(p.Slots), 18)
		seen := map[string]bool{}
		for _, s := range p.Slots {
			assert.False(t, seen[s.Key], "%s is there twice", s.Key)
			seen[s.Key] = true
		}
	})
}

func TestEveryQuestionIsOne(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, p Playbook) {
		asked := map[string]bool{}
		for _, s := range p.Slots {
			assert.True(t, strings.HasSuffix(s.Question, "?"), s.Question)
			first := []rune(s.Question)[0]
			assert.True(t, unicode.IsUpper(first), s.Question)
			assert.False(t, asked[s.Question], "%s is asked twice", s.Question)
			asked[s.Question] = true
			assert.NotEmpty(t, s.Title)
		}
	})
}

func TestPeopleKnowWhatAnOpenAnswerShouldHold(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, p Playbook) {
		for _, s := range p.Slots {
			if s.Type == questioning.Text && s.MaxLength == nil {
				assert.NotEmpty(t, s.LookFor, s.Key)
			}
			for _, o := range s.Options {
				assert.NotEmpty(t, o.Title, s.Key)
			}
		}
	})
}

func TestSomeThingsAreRequiredAndMostAreNot(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, p Playbook) {
		required, informing := 0, 0
		for _, s := range p.Slots {
			if s.Required {
				required++
			}
			if s.Type == questioning.Boolean || s.Type == questioning.Choice {
				informing++
			}
		}
		assert.GreaterOrEqual(t, required, 4)
		assert.LessOrEqual(t, required, 9)
		if p.Name != Generic {
			assert.GreaterOrEqual(t, informing, 4, "answers that inform each other")
		}
	})
}

func TestEveryBuiltInPlaybookCanBeAskedToItsEnd(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, p Playbook) {
		state := questioning.New("goal", p.For("goal", "en"), questioning.Limits{BatchSize: 3})
		for range len(p.Slots) {
			batch := state.Next()
			if batch.Stop != nil {
				assert.Contains(t, []questioning.StopReason{questioning.AllSettled, questioning.RequiredSettled}, batch.Stop.Reason)
				return
			}
			for _, q := range batch.Questions {
				_, err := state.Record(questioning.Answer{Slot: q.Slot, Outcome: questioning.Unknown})
				require.NoError(t, err)
			}
		}
		t.Fatal("does not end")
	})
}

func TestTheHeadOfABuiltInPlaybookNeedsNoSlots(t *testing.T) {
	for _, e := range builtIn() {
		head, full := e.head(), e.full()
		assert.Empty(t, head.Slots, e.name)
		head.Slots, head.translated = full.Slots, full.translated
		assert.Equal(t, full, head, e.name)
	}
}

func TestOnlyTheGenericPlaybookSpeaksOfTheGoal(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, p Playbook) {
		for _, s := range p.Slots {
			assert.Equal(t, p.Name == Generic, strings.Contains(s.Question, "{goal}"), s.Question)
		}
	})
}

func TestPlaybooksAreWrittenInPlainText(t *testing.T) {
	files, err := filepath.Glob("playbooks/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, bytes.HasPrefix(raw, []byte("# yaml-language-server: $schema=../playbook.schema.json\n")), "%s: editors check it", file)
		assert.NotContains(t, string(raw), "\t", file)
		assert.Less(t, len(raw), MaxFileBytes, file)
	}
}

func TestTheGoalIsQuotedInShort(t *testing.T) {
	p := Playbook{Slots: []questioning.Slot{{Question: "Who is {goal} for?"}}}
	for _, goal := range []string{"Plan a trip", "  Plan a\ttrip\nto Rome", "Plan a trip. And more.", "Plan a trip?!"} {
		assert.Equal(t, `Who is "Plan a trip" for?`, p.For(goal, "en")[0].Question, goal)
	}
	assert.Equal(t, `Who is "Move to v2.0 soon" for?`, p.For("Move to v2.0 soon", "en")[0].Question)
	assert.Equal(t, `Who is "`+strings.Repeat("ü", 59)+`…" for?`, p.For(strings.Repeat("ü", 99), "en")[0].Question)
	assert.Equal(t, "Who is {goal} for?", p.Slots[0].Question, "the playbook itself stays as it is")
}

func TestTheFirstSlotIsAskedFirst(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, p Playbook) {
		batch := questioning.New("goal", p.For("goal", "en"), questioning.Limits{BatchSize: 1}).Next()
		assert.Equal(t, p.Slots[0].Key, batch.Questions[0].Slot, "what the rest makes sense by")
	})
}
