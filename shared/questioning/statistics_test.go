package questioning

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

func choice(key string, options ...any) Slot {
	s := Slot{Key: key, Title: strings.ToUpper(key[:1]) + key[1:], Type: Choice, Required: true}
	for _, o := range options {
		s.Options = append(s.Options, Option{Value: o})
	}
	return s
}

// trip is a form in which how somebody travels says with whom and how long.
var trip = []Slot{
	choice("kind", "business", "holiday"),
	{Key: "children", Title: "Children", Type: Boolean, Required: true},
	choice("length", "day", "week", "month"),
	{Key: "mood", Title: "Mood", Type: Boolean, Required: true},
	{Key: "notes", Title: "Notes", Type: Text, Required: true},
}

func said(state Status, value any, number int) SlotState {
	return SlotState{Status: state, Value: value, Words: fmt.Sprint(value), Answers: []int{number}}
}

// conversation returns the statistics with one more conversation.
func conversation(s Statistics, slots []Slot, states []SlotState) Statistics {
	return s.With(s.Contribution(slots, states))
}

// travelled returns statistics of n conversations: business trips are short and
// without children, holidays take a week with them; the mood is anybody's.
func travelled(n int) Statistics {
	var s Statistics
	for i := range n {
		kind, children, length := "business", false, "day"
		if i%2 == 0 {
			kind, children, length = "holiday", true, "week"
		}
		s = conversation(s, trip, []SlotState{
			said(StatusAnswered, kind, 1), said(StatusAnswered, children, 2), said(StatusAnswered, length, 3),
			said(StatusAnswered, i%4 < 2, 4), said(StatusAnswered, "a note", 5),
		})
	}
	return s
}

func trained(confidence float64) *State {
	st := New("goal", trip, Limits{BatchSize: 1, Confidence: confidence})
	st.Statistics = travelled(200)
	return st
}

func TestStatisticsCountHowQuestionsFared(t *testing.T) {
	slots := []Slot{trip[0], trip[1], trip[4], text("left_out"), text("assumed"), text("never_asked"), text("unreadable")}
	s := conversation(Statistics{}, slots, []SlotState{
		said(StatusAnswered, "holiday", 1), said(StatusDeclined, nil, 2), said(StatusAnswered, "seven ch", 3),
		{Status: StatusMissing, Passed: 2}, {Status: StatusAssumed, Value: "x"}, {Status: StatusMissing}, {Status: StatusUnclear, Words: "hm"},
	})
	assert.Equal(t, 1, s.Conversations)
	assert.Equal(t, Counts{map[Status]int{StatusAnswered: 1}, map[string]int{"holiday": 1}, 7}, s.Slots["kind"])
	assert.Equal(t, map[Status]int{StatusDeclined: 1}, s.Slots["children"].Outcomes)
	assert.Equal(t, 8, s.Slots["notes"].Characters)
	assert.Empty(t, s.Slots["notes"].Values, "what people wrote is not kept")
	assert.Equal(t, map[Status]int{StatusMissing: 1}, s.Slots["left_out"].Outcomes)
	assert.Equal(t, map[Status]int{StatusUnclear: 1}, s.Slots["unreadable"].Outcomes)
	assert.NotContains(t, s.Slots, "never_asked")
	assert.NotContains(t, s.Slots, "assumed", "assumptions do not feed themselves")
}

func TestAddingAConversationChangesNothingInPlace(t *testing.T) {
	s := travelled(30)
	before, err := json.Marshal(s)
	require.NoError(t, err)
	conversation(s, trip, []SlotState{said(StatusAnswered, "holiday", 1), said(StatusAnswered, true, 2), said(StatusAnswered, "month", 3), {}, {}})
	after, err := json.Marshal(s)
	require.NoError(t, err)
	assert.JSONEq(t, string(before), string(after))
}

func TestStatisticsAreTheSameAfterStoring(t *testing.T) {
	s := travelled(30)
	data, err := json.Marshal(s)
	require.NoError(t, err)
	var back Statistics
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, s, back)
}

func TestStatisticsStayBounded(t *testing.T) {
	var slots []Slot
	for i := range 200 {
		s := Slot{Key: fmt.Sprintf("%s_%d", strings.Repeat("k", 50), i), Title: "T", Type: Choice}
		for k := range 100 {
			s.Options = append(s.Options, Option{Value: fmt.Sprintf("%s %d", strings.Repeat("option ", 10), k)})
		}
		if i%2 == 0 {
			s.Options = s.Options[:10]
		}
		slots = append(slots, s)
	}
	var s Statistics
	for n := range 150 {
		states := make([]SlotState, len(slots))
		for i := range slots {
			states[i] = said(StatusAnswered, slots[i].Options[(n*(i+1))%len(slots[i].Options)].Value, i+1)
		}
		s = conversation(s, slots, states)
		for i := range slots { // the form changes all the time
			slots[i].Key = fmt.Sprintf("%s_%d", slots[i].Key[:50], i+(n+1)*3)
		}
	}
	data, err := json.Marshal(s)
	require.NoError(t, err)
	assert.Less(t, len(data), 1<<20)
	assert.LessOrEqual(t, len(s.Answers), maxPairAnswers)
	assert.LessOrEqual(t, len(s.Slots), maxCountedSlots)
}

func TestADamagedDocumentDoesNoHarm(t *testing.T) {
	for _, document := range []string{
		`{"conversations": 9, "answers": [{"slot": "kind", "value": "holiday"}, {"slot": "children", "value": "true"}]}`,
		`{"answers": [{"slot": "kind", "value": "holiday"}, {"slot": "children", "value": "true"}], "together": [[], [], [1, 2, 3]]}`,
		`{"slots": {"kind": {"values": {"holiday": 3, "gone": 9}}}, "together": [[1, 1], [1]]}`,
	} {
		var s Statistics
		require.NoError(t, json.Unmarshal([]byte(document), &s))
		st := New("goal", trip, Limits{BatchSize: 2, Confidence: DefaultConfidence})
		st.Statistics = s
		assert.Len(t, st.Next().Questions, 2)
		assert.NotPanics(t, func() {
			conversation(s, trip, []SlotState{said(StatusAnswered, "holiday", 1), said(StatusAnswered, true, 2), {}, {}, {}})
		})
	}
}

func TestAKnownAnswerLowersTheWorthOfWhatFollowsFromIt(t *testing.T) {
	st := trained(0)
	before := st.bits(1, st.beliefs())
	answer(t, st, "kind", "business")
	assert.InDelta(t, 1, before, 0.01)
	assert.Less(t, st.bits(1, st.beliefs()), before/2)
	assert.InDelta(t, 1, st.bits(3, st.beliefs()), 0.05, "the mood is as open as before")
}

func TestAnAnswerThatTellsAboutOthersIsAskedForFirst(t *testing.T) {
	st := trained(DefaultConfidence)
	st.Slots = append([]Slot{st.Slots[3]}, st.Slots[:3]...) // the mood first
	st.SlotStates = make([]SlotState, len(st.Slots))
	for i := range st.SlotStates {
		st.SlotStates[i].Status = StatusMissing
	}
	q := st.Next().Questions[0]
	assert.NotEqual(t, "mood", q.Slot)
	assert.Contains(t, q.Reason, "May save asking for")
}

func TestLikelihoodOfAConditionFollowsWhatIsKnown(t *testing.T) {
	st := trained(0)
	st.Slots = append(st.Slots, Slot{Key: "ages", Title: "Ages", Type: List, When: &Condition{Slot: "children", In: []any{true}}})
	st.SlotStates = append(st.SlotStates, SlotState{Status: StatusMissing})
	assert.InDelta(t, 0.5, st.likelihood(5, st.beliefs()), 0.01)
	answer(t, st, "kind", "holiday")
	assert.Greater(t, st.likelihood(5, st.beliefs()), 0.9)
	answer(t, st, "children", true)
	assert.Equal(t, 1.0, st.likelihood(5, st.beliefs()))
}

func TestANearCertainAnswerIsOfferedAsAnAssumption(t *testing.T) {
	st := trained(DefaultConfidence)
	answer(t, st, "kind", "business")
	st.Next()
	s := st.SlotStates[1]
	assert.Equal(t, StatusAssumed, s.Status)
	assert.Equal(t, false, s.Value)
	assert.Equal(t, messages.FromStatistics, s.Source)
	assert.Contains(t, s.Words, "100 of 100 earlier conversations that had kind: \"business\"")
	assert.Equal(t, "day", st.SlotStates[2].Value)
	assert.Equal(t, StatusMissing, st.SlotStates[3].Status, "the mood is anybody's")

	answer(t, st, "children", true)
	assert.Equal(t, StatusAnswered, st.SlotStates[1].Status, "a correction, not a contradiction")
	st.Next()
	assert.NotEqual(t, StatusAssumed, st.SlotStates[2].Status, "what the correction makes doubtful is taken back")
}

func TestNothingIsAssumedWhenThatIsOff(t *testing.T) {
	st := trained(0)
	answer(t, st, "kind", "business")
	st.Next()
	assert.Equal(t, StatusMissing, st.SlotStates[1].Status)
}

func TestNothingIsAssumedFromFewConversations(t *testing.T) {
	st := trained(DefaultConfidence)
	st.Statistics = travelled(30)
	answer(t, st, "kind", "business")
	st.Next()
	assert.Equal(t, StatusMissing, st.SlotStates[1].Status)
}

func TestNothingIsAssumedWhereSuchPredictionsWereWrong(t *testing.T) {
	st := trained(DefaultConfidence)
	for i, a := range st.Statistics.Answers {
		if a.Slot == "children" {
			st.Statistics.Answers[i].Wrong = 1 + a.Right/10
		}
	}
	answer(t, st, "kind", "business")
	st.Next()
	assert.Equal(t, StatusMissing, st.SlotStates[1].Status)
	assert.Equal(t, StatusAssumed, st.SlotStates[2].Status)
}

func TestAnAskedQuestionIsNotAssumedAway(t *testing.T) {
	st := trained(DefaultConfidence)
	st.Limits.BatchSize = 4
	require.Len(t, st.Next().Questions, 4)
	answer(t, st, "kind", "business")
	next := st.Next()
	for _, q := range next.Questions {
		assert.Equal(t, StatusMissing, st.SlotStates[st.Index(q.Slot)].Status, q.Slot)
	}
}

func TestPredictSaysWhatItRestsOn(t *testing.T) {
	st := trained(DefaultConfidence)
	answer(t, st, "kind", "holiday")
	p, ok := st.Predict("length")
	require.True(t, ok)
	assert.Equal(t, "week", p.Value)
	assert.Greater(t, p.Probability, 0.95)
	assert.Greater(t, p.Record, 0.95)
	assert.Equal(t, []int{100, 100}, []int{p.Matching, p.Agreeing})
	for _, key := range []string{"notes", "unheard_of"} {
		_, ok := st.Predict(key)
		assert.False(t, ok, key)
	}
}

// statisticsGen draws what earlier conversations of a form may have left.
func statisticsGen(t *rapid.T, slots []Slot) Statistics {
	var s Statistics
	for range rapid.SampledFrom([]int{0, 1, 5, 60}).Draw(t, "conversations") {
		states := make([]SlotState, len(slots))
		for i, slot := range slots {
			states[i] = SlotState{Status: StatusMissing}
			if reaction, answered := reactionGen(t, slot); answered && reaction.Problem == "" {
				states[i] = said(Status(reaction.Outcome), reaction.Value, i+1)
			}
		}
		s = conversation(s, slots, states)
	}
	return s
}

func TestProbabilitiesAddUpWhateverWasSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := slotsGen(t)
		b := newBeliefs(slots, statisticsGen(t, slots))
		for i, slot := range slots {
			if n := len(optionKeys(slot)); n > 0 && rapid.Bool().Draw(t, "known") {
				b.learn(i, rapid.IntRange(0, n-1).Draw(t, "option"))
			}
		}
		for i, slot := range slots {
			sum := 0.0
			for _, p := range b.of(i) {
				assert.Greater(t, p, 0.0)
				sum += p
			}
			if len(optionKeys(slot)) > 0 {
				assert.InDelta(t, 1, sum, 1e-9)
			}
		}
	})
}

func TestTheSameStatisticsGiveTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := slotsGen(t)
		statistics := statisticsGen(t, slots)
		var first []byte
		for range 3 {
			st := New("goal", slots, Limits{BatchSize: 3, Confidence: DefaultConfidence})
			st.Statistics = statistics
			batch, err := json.Marshal([]any{st.Next(), st.SlotStates})
			require.NoError(t, err)
			if first == nil {
				first = batch
			}
			assert.Equal(t, string(first), string(batch))
		}
	})
}

func BenchmarkNext(b *testing.B) {
	var slots []Slot
	for i := range 40 {
		slots = append(slots, choice(fmt.Sprintf("slot_%d", i), "a", "b", "c", "d"))
	}
	var s Statistics
	for n := range 100 {
		states := make([]SlotState, len(slots))
		for i := range slots {
			states[i] = said(StatusAnswered, slots[i].Options[n*(i+1)%4].Value, i+1)
		}
		s = conversation(s, slots, states)
	}
	for b.Loop() {
		st := New("goal", slots, Limits{BatchSize: 3, Confidence: DefaultConfidence})
		st.Statistics = s
		st.Next()
	}
}

func TestWhatOnePersonSaysShowsToNobodyElse(t *testing.T) {
	for _, voices := range []int{1, MinPeople - 1} {
		assert.Equal(t, Pool(Statistics{}), Pool(Statistics{}, travelled(voices)), "a form of %d people", voices)
	}
	many := travelled(200)
	one := many.With(many.Contribution(trip, []SlotState{
		said(StatusAnswered, "business", 1), said(StatusAnswered, false, 2), said(StatusAnswered, "month", 3), {}, said(StatusAnswered, strings.Repeat("long ", 9999), 5),
	}))
	shown := Pool(Statistics{}, one)
	for a, g := range shown.Answers {
		for b := range shown.Answers {
			if g.Value == "month" {
				assert.Zero(t, shown.together(a, b), "what else was said by the one who said this")
			}
		}
	}
	assert.LessOrEqual(t, shown.Slots["notes"].Characters, many.Slots["notes"].Characters+maxCharacters, "one answer weighs a bounded share")
}

func TestAPersonsOwnConversationsServeThemselves(t *testing.T) {
	alone := New("goal", trip, Limits{BatchSize: 1, Confidence: DefaultConfidence})
	alone.Statistics = Pool(travelled(200))
	answer(t, alone, "kind", "business")
	alone.Next()
	assert.Equal(t, trained(0).Statistics.Slots, alone.Statistics.Slots)
	assert.True(t, alone.SlotStates[1].Predicted())
	assert.Equal(t, Pool(travelled(40)), Pool(travelled(40), travelled(MinPeople-1)))
	assert.Equal(t, 60, Pool(travelled(40), travelled(20)).Conversations)
}

// TestForgettingTakesBackWhatAConversationAdded holds for any conversations in
// any order: what is left is what the others alone would have left.
func TestForgettingTakesBackWhatAConversationAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := slotsGen(t)
		var all []Contribution
		var s Statistics
		for range rapid.IntRange(1, 8).Draw(t, "conversations") {
			states := make([]SlotState, len(slots))
			for i, slot := range slots {
				states[i] = SlotState{Status: StatusMissing}
				if reaction, answered := reactionGen(t, slot); answered && reaction.Problem == "" {
					states[i] = said(Status(reaction.Outcome), reaction.Value, i+1)
				}
			}
			c := s.Contribution(slots, states)
			all, s = append(all, c), s.With(c)
		}
		for len(all) > 0 {
			n := rapid.IntRange(0, len(all)-1).Draw(t, "forgotten")
			s = s.Without(all[n])
			all = append(all[:n:n], all[n+1:]...)
			left := Sum(all)
			require.Equal(t, left.Conversations, s.Conversations)
			require.Equal(t, len(left.Slots), len(s.Slots))
			for key, counts := range left.Slots {
				require.Equal(t, counts, s.Slots[key])
			}
			require.Equal(t, pairsOf(left), pairsOf(s))
		}
		require.Empty(t, s.Slots)
		require.Empty(t, s.Answers)
	})
}

// pairsOf is what is counted in pairs, whatever its order.
func pairsOf(s Statistics) map[string]int {
	pairs := map[string]int{}
	for a, g := range s.Answers {
		pairs[fmt.Sprint(g.key())] = g.Count
		for b := range a {
			if n := s.together(a, b); n > 0 {
				names := []string{fmt.Sprint(g.key()), fmt.Sprint(s.Answers[b].key())}
				slices.Sort(names)
				pairs[strings.Join(names, " ")] = n
			}
		}
	}
	return pairs
}
