package questioning

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// all leaves every question out.
func all(Question) bool { return true }

// slotsGen draws slots of every type, some hanging on an earlier choice.
func slotsGen(t *rapid.T) []Slot {
	n := rapid.IntRange(1, 15).Draw(t, "slots")
	slots := make([]Slot, n)
	for i := range slots {
		s := Slot{Key: fmt.Sprintf("slot_%d", i), Title: fmt.Sprintf("Slot %d", i)}
		s.Type = rapid.SampledFrom([]Type{Text, Integer, Boolean, Choice, Date}).Draw(t, "type")
		s.Required = rapid.Bool().Draw(t, "required")
		s.Weight = rapid.Float64Range(0, 3).Draw(t, "weight")
		if s.Type == Choice {
			s.Options = []Option{{Value: "a"}, {Value: "b"}, {Value: "c"}}
		}
		if on := rapid.IntRange(-3, i-1).Draw(t, "on"); on >= 0 && slots[on].Type == Choice {
			s.When = &Condition{Slot: slots[on].Key, In: []any{"a", "b"}}
		}
		slots[i] = s
	}
	return slots
}

// reactionGen draws what a person does with one question of a slot.
func reactionGen(t *rapid.T, slot Slot) (Answer, bool) {
	said := Answer{Slot: slot.Key, Outcome: Answered, Words: "words"}
	switch rapid.SampledFrom([]string{"value", "value", "unreadable", "unknown", "declined", "not_applicable", "left out"}).Draw(t, "reaction") {
	case "value":
		said.Value = map[Type]any{Text: "text", Integer: 3.0, Boolean: true, Date: "2026-11-30"}[slot.Type]
		if slot.Type == Choice {
			said.Value = rapid.SampledFrom([]any{"a", "b", "c"}).Draw(t, "value")
		}
	case "unreadable":
		said.Problem = "expected something else"
	case "unknown":
		said.Outcome = Unknown
	case "declined":
		said.Outcome = Declined
	case "not_applicable":
		said.Outcome = NotApplicable
	case "left out":
		return said, false
	}
	return said, true
}

func limitsGen(t *rapid.T) Limits {
	return Limits{
		BatchSize:    rapid.IntRange(1, 5).Draw(t, "batch"),
		MaxQuestions: rapid.SampledFrom([]int{0, 0, 3, 10}).Draw(t, "max"),
		MinBits:      rapid.SampledFrom([]float64{0, 0.1, 4}).Draw(t, "min"),
	}
}

// play runs a conversation to its end against whatever the person does and
// returns everything that was asked. It also volunteers answers at times.
func play(t *rapid.T, check func(st *State, batch Batch)) {
	st := New("a goal", slotsGen(t), limitsGen(t))
	// A question, a clarification and a confirmation for each slot, each
	// perhaps left out once, is the most that can happen.
	bound := 6*len(st.Slots) + 2
	for round := 0; round < bound; round++ {
		batch := st.Next()
		check(st, batch)
		if batch.Stop != nil {
			return
		}
		heard := false
		for i, q := range batch.Questions {
			said, answered := reactionGen(t, st.Slots[st.Index(q.Slot)])
			if !answered && i == len(batch.Questions)-1 && !heard {
				said.Outcome, answered = Unknown, true // an empty reply changes nothing
			}
			if answered {
				_, err := st.Record(said)
				require.NoError(t, err)
				heard = true
			}
		}
		if rapid.IntRange(0, 9).Draw(t, "volunteer") == 0 {
			if said, ok := reactionGen(t, rapid.SampledFrom(st.Slots).Draw(t, "slot")); ok {
				_, err := st.Record(said)
				require.NoError(t, err)
				bound++
			}
		}
		st.Pass(all)
	}
	t.Fatalf("not over after %d rounds with %d slots", bound, len(st.Slots))
}

func TestAConversationEndsWhateverThePersonDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { play(t, func(*State, Batch) {}) })
}

func TestABatchIsNeverLargerThanAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		play(t, func(st *State, batch Batch) {
			assert.LessOrEqual(t, len(batch.Questions), st.Limits.BatchSize)
			if st.Limits.MaxQuestions > 0 {
				assert.LessOrEqual(t, st.Asked, st.Limits.MaxQuestions)
			}
		})
	})
}

func TestWhatIsSettledIsNeverAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		play(t, func(st *State, batch Batch) {
			for _, q := range batch.Questions {
				s := st.SlotStates[st.Index(q.Slot)]
				switch q.Purpose {
				case Ask:
					assert.Equal(t, StatusMissing, s.Status, q.Slot)
				case Clarify:
					assert.Equal(t, StatusUnclear, s.Status, q.Slot)
				case Confirm:
					assert.Equal(t, StatusContradicted, s.Status, q.Slot)
				}
				assert.Equal(t, now, st.applies(st.Index(q.Slot)), "%s does not apply", q.Slot)
			}
		})
	})
}

func TestEachPurposeIsServedOncePerSlot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asked := map[string]int{}
		play(t, func(st *State, batch Batch) {
			for _, q := range batch.Questions {
				key := q.Slot + " " + string(q.Purpose)
				if earlier, ok := asked[key]; ok {
					assert.Equal(t, earlier, q.Number, "%s twice", key)
				}
				asked[key] = q.Number
			}
		})
	})
}

func TestNumbersHaveNoGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last := 0
		play(t, func(st *State, batch Batch) {
			for _, q := range batch.Questions[len(batch.Questions)-min(batch.New, len(batch.Questions)):] {
				last++
				assert.Equal(t, last, q.Number)
			}
			assert.Equal(t, last, st.Asked)
		})
	})
}

func TestTheSameStateGivesTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots, limits := slotsGen(t), limitsGen(t)
		one, err := json.Marshal(New("goal", slots, limits).Next())
		require.NoError(t, err)
		two, err := json.Marshal(New("goal", slots, limits).Next())
		require.NoError(t, err)
		assert.Equal(t, string(one), string(two))
	})
}

func TestEstimateIsNeverBelowWhatWasAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		play(t, func(st *State, batch Batch) {
			assert.GreaterOrEqual(t, batch.Estimated, st.Asked)
			if batch.Stop != nil {
				assert.Equal(t, st.Asked, batch.Estimated)
				assert.False(t, batch.More)
			}
		})
	})
}

func TestEstimateHoldsWhenEverythingIsAnswered(t *testing.T) {
	var slots []Slot
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		slots = append(slots, text(key))
	}
	st := New("goal", slots, Limits{BatchSize: 3})
	first := st.Next()
	require.True(t, first.More)
	for batch := first; batch.Stop == nil; batch = st.Next() {
		assert.Equal(t, first.Estimated, batch.Estimated)
		assert.Equal(t, st.Asked < batch.Estimated, batch.More)
		for _, q := range batch.Questions {
			_, err := st.Record(Answer{Slot: q.Slot, Outcome: Answered, Value: "x", Words: "x"})
			require.NoError(t, err)
		}
	}
	assert.Equal(t, first.Estimated, st.Asked)
}

func text(key string) Slot { return Slot{Key: key, Title: key, Type: Text, Required: true} }

func answer(t *testing.T, st *State, slot string, value any) Answer {
	t.Helper()
	a, err := st.Record(Answer{Slot: slot, Outcome: Answered, Value: value, Words: fmt.Sprint(value)})
	require.NoError(t, err)
	return a
}

func TestTheFourOutcomesStayDistinct(t *testing.T) {
	st := New("goal", []Slot{text("a"), text("b"), text("c"), text("d")}, Limits{BatchSize: 4})
	st.Next()
	for slot, outcome := range map[string]Outcome{"a": Answered, "b": Unknown, "c": Declined, "d": NotApplicable} {
		said := Answer{Slot: slot, Outcome: outcome, Words: "w"}
		if outcome == Answered {
			said.Value = "w"
		}
		_, err := st.Record(said)
		require.NoError(t, err)
	}
	var states []Status
	for _, c := range st.Coverage() {
		states = append(states, c.Status)
		assert.Len(t, c.Answers, 1, "each cites its answer")
	}
	assert.Equal(t, []Status{StatusAnswered, StatusUnknown, StatusDeclined, StatusNotApplicable}, states)
	assert.Equal(t, AllSettled, st.Next().Stop.Reason)
}

func TestAContradictionIsPutToThePersonOnce(t *testing.T) {
	st := New("goal", []Slot{text("a"), text("b")}, Limits{BatchSize: 1})
	q := st.Next().Questions[0]
	answer(t, st, q.Slot, "one")
	answer(t, st, q.Slot, "two")
	s := st.SlotStates[st.Index(q.Slot)]
	assert.Equal(t, StatusContradicted, s.Status)
	assert.Equal(t, []int{1, 2}, s.Answers, "cites both")

	confirm := st.Next().Questions[0]
	assert.Equal(t, Confirm, confirm.Purpose)
	assert.Equal(t, q.Slot, confirm.Slot)
	answer(t, st, q.Slot, "one")
	s = st.SlotStates[st.Index(q.Slot)]
	assert.Equal(t, StatusAnswered, s.Status)
	assert.Equal(t, "one", s.Value)
	assert.Equal(t, []int{3}, s.Answers)
	assert.NotEqual(t, q.Slot, st.Next().Questions[0].Slot)
}

func TestAnEndBeforeItsStartIsAContradiction(t *testing.T) {
	day := func(key string) Slot { return Slot{Key: key, Title: key, Type: Date, Required: true} }
	st := New("goal", []Slot{day("start_date"), day("end_date")}, Limits{BatchSize: 2})
	st.Next()
	answer(t, st, "start_date", "2026-12-10")
	answer(t, st, "end_date", "2026-12-01")
	s := st.SlotStates[st.Index("end_date")]
	assert.Equal(t, StatusContradicted, s.Status)
	assert.Equal(t, []int{1, 2}, s.Answers)

	assert.Equal(t, Confirm, st.Next().Questions[0].Purpose)
	answer(t, st, "end_date", "2026-12-20")
	assert.Equal(t, StatusAnswered, st.SlotStates[st.Index("end_date")].Status)
	assert.NotNil(t, st.Next().Stop)
}

func TestWhatCannotBeReadIsAskedAgainOnce(t *testing.T) {
	st := New("goal", []Slot{{Key: "n", Title: "Number of guests", Type: Integer, Required: true}}, Limits{BatchSize: 1})
	st.Next()
	unreadable := Answer{Slot: "n", Outcome: Answered, Words: "quite a few", Problem: "expected a whole number"}
	_, err := st.Record(unreadable)
	require.NoError(t, err)
	again := st.Next().Questions[0]
	assert.Equal(t, Clarify, again.Purpose)
	assert.Equal(t, 2, again.Number)
	assert.Contains(t, again.Text, "quite a few")
	_, err = st.Record(unreadable)
	require.NoError(t, err)
	require.NotNil(t, st.Next().Stop, "not a third time")
	assert.Equal(t, "quite a few", st.SlotStates[0].Words, "the person's words are kept")
}

func TestAConditionalSlotIsAskedForOnlyWhenItApplies(t *testing.T) {
	kind := Slot{Key: "kind", Title: "Kind", Type: Choice, Required: true, Options: []Option{{Value: "car"}, {Value: "bike"}}}
	plate := Slot{Key: "plate", Title: "Number plate", Type: Text, Required: true, When: &Condition{Slot: "kind", In: []any{"car"}}}
	for value, asked := range map[string]bool{"car": true, "bike": false} {
		st := New("goal", []Slot{plate, kind}, Limits{BatchSize: 2})
		first := st.Next()
		require.Len(t, first.Questions, 1, "not before it is known to apply")
		assert.Equal(t, "kind", first.Questions[0].Slot)
		assert.Contains(t, first.Questions[0].Reason, "Number plate")
		answer(t, st, "kind", value)
		next := st.Next()
		assert.Equal(t, asked, next.Stop == nil, value)
		if !asked {
			assert.Equal(t, StatusNotApplicable, st.Coverage()[0].Status)
		}
	}
}

func TestRequiredSlotsEndAConversation(t *testing.T) {
	slots := []Slot{text("needed"), {Key: "nice", Title: "Nice", Type: Text}}
	st := New("goal", slots, Limits{BatchSize: 1})
	q := st.Next().Questions[0]
	assert.Equal(t, "needed", q.Slot)
	answer(t, st, "needed", "x")
	assert.Equal(t, RequiredSettled, st.Next().Stop.Reason)
}

// leaveOut has replies answer a slot, and leave out all other questions, until they
// are asked no more.
func leaveOut(t *testing.T, st *State, slot string) *Stop {
	t.Helper()
	st.Next()
	answer(t, st, slot, "x")
	for range maxPassed {
		st.Pass(all)
		st.Next()
	}
	return st.Next().Stop
}

func TestTheEndNamesWhatStaysOpen(t *testing.T) {
	nice := func(key string) Slot { return Slot{Key: key, Title: key, Type: Text} }
	var many []Slot
	for i := range 14 {
		many = append(many, text(fmt.Sprint("k", i)))
	}
	for name, c := range map[string]struct {
		slots  []Slot
		reason StopReason
		text   string
	}{
		"required slots":                   {[]Slot{text("k0"), text("b"), nice("c")}, RequiredOpen, "Nothing more is asked. Still open: b."},
		"all slots where none is required": {[]Slot{nice("k0"), nice("b"), nice("c")}, RequiredOpen, "Nothing more is asked. Still open: b, c."},
		"an optional slot beside required": {[]Slot{text("k0"), nice("b")}, RequiredSettled, "Everything required is settled."},
		"many":                             {many, RequiredOpen, "Nothing more is asked. Still open: k1, k2, k3, k4, k5, k6, k7, k8, k9, k10 and 3 more."},
		"nothing":                          {[]Slot{text("k0")}, AllSettled, "Everything wanted is settled."},
	} {
		st := New("goal", c.slots, Limits{BatchSize: 20})
		assert.Equal(t, &Stop{c.reason, c.text}, leaveOut(t, st, "k0"), name)
	}
}

func TestWhatWasLeftOutIsAskedAgainWhereAskingResumes(t *testing.T) {
	st := New("goal", []Slot{text("a"), text("b"), {Key: "c", Title: "c", Type: Text}}, Limits{BatchSize: 20})
	require.Equal(t, RequiredOpen, leaveOut(t, st, "a").Reason)
	st.Resume()
	batch := st.Next()
	require.Len(t, batch.Questions, 1, "not what is optional")
	assert.Equal(t, "b", batch.Questions[0].Slot)
	st.Pass(all)
	st.Next()
	st.Resume()
	st.Pass(all)
	assert.Equal(t, RequiredOpen, st.Next().Stop.Reason, "resuming an open question gives it no more chances")
	st.Resume()
	st.Next()
	answer(t, st, "b", "y")
	end := st.Next().Stop
	require.NotNil(t, end)
	st.Resume()
	assert.Equal(t, end, st.Next().Stop, "what is settled stays settled")
}

func TestWhatThePersonDoesNotKnowIsSettled(t *testing.T) {
	st := New("goal", []Slot{text("a"), text("b")}, Limits{BatchSize: 2})
	st.Next()
	answer(t, st, "a", "x")
	_, err := st.Record(Answer{Slot: "b", Outcome: Declined, Words: "rather not"})
	require.NoError(t, err)
	assert.Equal(t, "Everything wanted is settled.", st.Next().Stop.Text)
}

func TestWhatIsWorthLittleEndsAConversation(t *testing.T) {
	slots := []Slot{{Key: "nice", Title: "Nice", Type: Boolean, Weight: 0.3}}
	st := New("goal", slots, Limits{BatchSize: 1, MinBits: 1})
	assert.Equal(t, LittleLeft, st.Next().Stop.Reason)
}

func TestTheCallersLimitEndsAConversation(t *testing.T) {
	st := New("goal", []Slot{text("a"), text("b"), text("c")}, Limits{BatchSize: 2, MaxQuestions: 2})
	batch := st.Next()
	assert.Equal(t, 2, batch.Estimated)
	assert.False(t, batch.More)
	answer(t, st, "a", "x")
	answer(t, st, "b", "x")
	assert.Equal(t, LimitReached, st.Next().Stop.Reason)
}

func TestTheMoreOptionsTheMoreAChoiceIsWorth(t *testing.T) {
	choice := func(key string, n int) Slot {
		s := Slot{Key: key, Title: key, Type: Choice}
		for i := range n {
			s.Options = append(s.Options, Option{Value: fmt.Sprint(i)})
		}
		return s
	}
	st := New("goal", []Slot{choice("two", 2), choice("eight", 8)}, Limits{BatchSize: 2})
	batch := st.Next()
	assert.Equal(t, "eight", batch.Questions[0].Slot)
	assert.InDelta(t, 3, batch.Questions[0].Bits, 0.01)
	assert.InDelta(t, 1, batch.Questions[1].Bits, 0.01)
}

func TestStatisticsLowerTheWorthOfAForegoneAnswer(t *testing.T) {
	slot := Slot{Key: "k", Title: "K", Type: Boolean}
	st := New("goal", []Slot{slot}, Limits{BatchSize: 1})
	uniform := st.bits(0, st.beliefs())
	st.Statistics = Statistics{Slots: map[string]Counts{"k": {Values: map[string]int{"true": 98}}}}
	assert.Less(t, st.bits(0, st.beliefs()), uniform/5)
	st.Statistics = Statistics{Slots: map[string]Counts{"k": {Outcomes: map[Status]int{StatusDeclined: 9}}}}
	assert.InDelta(t, uniform/10, st.bits(0, st.beliefs()), 0.01, "hardly anybody says")
}

func TestAnAssumptionIsNotAskedForAndCanBeCorrected(t *testing.T) {
	st := New("goal", []Slot{text("a"), text("b")}, Limits{BatchSize: 2})
	st.Assume("a", "from the context", "from the context")
	batch := st.Next()
	require.Len(t, batch.Questions, 1)
	assert.Equal(t, "b", batch.Questions[0].Slot)
	answer(t, st, "a", "something else")
	s := st.SlotStates[st.Index("a")]
	assert.Equal(t, StatusAnswered, s.Status, "a correction, not a contradiction")
	assert.Equal(t, "something else", s.Value)
}

// Who names the destination knows it.
func TestAnAnswerTellsTheYesOnWhichItDepends(t *testing.T) {
	slots := []Slot{
		{Key: "known", Title: "Destination known", Type: Boolean, Required: true},
		{Key: "destination", Title: "Destination", Type: Text, Required: true, When: &Condition{Slot: "known", In: []any{true}}},
		{Key: "kind", Title: "Kind of place", Type: Text, Required: true, When: &Condition{Slot: "known", In: []any{false}}},
		{Key: "way", Title: "Way", Type: Choice, Options: []Option{{Value: "mail"}, {Value: "phone"}}, Required: true},
		{Key: "number", Title: "Number", Type: Text, When: &Condition{Slot: "way", In: []any{"phone"}}},
	}
	st := New("goal", slots, Limits{BatchSize: 3})
	require.Equal(t, "known", st.Next().Questions[0].Slot)
	answer(t, st, "destination", "Lisbon")
	known := st.SlotStates[0]
	assert.Equal(t, SlotState{Status: StatusAssumed, Value: true, Words: "Lisbon", Source: "follows from “Destination”"}, known)
	answer(t, st, "number", "030 1")
	assert.Equal(t, StatusMissing, st.SlotStates[3].Status, "who gives a number may prefer mail")
	batch := st.Next()
	require.Len(t, batch.Questions, 1, "the open question is taken back")
	assert.Equal(t, "way", batch.Questions[0].Slot)

	st = New("goal", slots, Limits{BatchSize: 3})
	_, err := st.Record(Answer{Slot: "destination", Outcome: Unknown, Words: "no idea"})
	require.NoError(t, err)
	assert.Equal(t, StatusMissing, st.SlotStates[0].Status, "only a value tells")
	answer(t, st, "known", false)
	st.AssumeVolunteered("destination", "Porto", "Porto", "")
	assert.Equal(t, false, st.SlotStates[0].Value, "what was answered stays")
}

func TestAQuestionThatIsTakenBackIsAskedAgain(t *testing.T) {
	st := New("goal", []Slot{text("a"), text("b")}, Limits{BatchSize: 1})
	first := st.Next().Questions[0]
	st.Withdraw(first.Slot)
	next := st.Next(first.Slot)
	require.Len(t, next.Questions, 1)
	assert.NotEqual(t, first.Slot, next.Questions[0].Slot, "the rest comes first")
	answer(t, st, next.Questions[0].Slot, "x")
	again := st.Next().Questions[0]
	assert.Equal(t, first.Slot, again.Slot)
	assert.Equal(t, Ask, again.Purpose)
	assert.Greater(t, again.Number, first.Number)
}
