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

func said(state State, value any, number int) Standing {
	return Standing{State: state, Value: value, Words: fmt.Sprint(value), Answers: []int{number}}
}

// conversation returns the statistics with one more conversation.
func conversation(s Statistics, slots []Slot, standings []Standing) Statistics {
	return s.With(s.Contribution(slots, standings))
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
		s = conversation(s, trip, []Standing{
			said(StateAnswered, kind, 1), said(StateAnswered, children, 2), said(StateAnswered, length, 3),
			said(StateAnswered, i%4 < 2, 4), said(StateAnswered, "a note", 5),
		})
	}
	return s
}

func trained(confidence float64) *Interview {
	iv := New("goal", trip, Limits{BatchSize: 1, Confidence: confidence})
	iv.Statistics = travelled(200)
	return iv
}

func TestStatisticsCountHowQuestionsFared(t *testing.T) {
	slots := []Slot{trip[0], trip[1], trip[4], text("left_out"), text("assumed"), text("never_asked"), text("unreadable")}
	s := conversation(Statistics{}, slots, []Standing{
		said(StateAnswered, "holiday", 1), said(StateDeclined, nil, 2), said(StateAnswered, "seven ch", 3),
		{State: StateMissing, Passed: 2}, {State: StateAssumed, Value: "x"}, {State: StateMissing}, {State: StateUnclear, Words: "hm"},
	})
	assert.Equal(t, 1, s.Conversations)
	assert.Equal(t, Counts{map[State]int{StateAnswered: 1}, map[string]int{"holiday": 1}, 7}, s.Slots["kind"])
	assert.Equal(t, map[State]int{StateDeclined: 1}, s.Slots["children"].Outcomes)
	assert.Equal(t, 8, s.Slots["notes"].Characters)
	assert.Empty(t, s.Slots["notes"].Values, "what people wrote is not kept")
	assert.Equal(t, map[State]int{StateMissing: 1}, s.Slots["left_out"].Outcomes)
	assert.Equal(t, map[State]int{StateUnclear: 1}, s.Slots["unreadable"].Outcomes)
	assert.NotContains(t, s.Slots, "never_asked")
	assert.NotContains(t, s.Slots, "assumed", "assumptions do not feed themselves")
}

func TestAddingAConversationChangesNothingInPlace(t *testing.T) {
	s := travelled(30)
	before, err := json.Marshal(s)
	require.NoError(t, err)
	conversation(s, trip, []Standing{said(StateAnswered, "holiday", 1), said(StateAnswered, true, 2), said(StateAnswered, "month", 3), {}, {}})
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
		standings := make([]Standing, len(slots))
		for i := range slots {
			standings[i] = said(StateAnswered, slots[i].Options[(n*(i+1))%len(slots[i].Options)].Value, i+1)
		}
		s = conversation(s, slots, standings)
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
		iv := New("goal", trip, Limits{BatchSize: 2, Confidence: DefaultConfidence})
		iv.Statistics = s
		assert.Len(t, iv.Next().Questions, 2)
		assert.NotPanics(t, func() {
			conversation(s, trip, []Standing{said(StateAnswered, "holiday", 1), said(StateAnswered, true, 2), {}, {}, {}})
		})
	}
}

func TestAKnownAnswerLowersTheWorthOfWhatFollowsFromIt(t *testing.T) {
	iv := trained(0)
	before := iv.bits(1, iv.beliefs())
	answer(t, iv, "kind", "business")
	assert.InDelta(t, 1, before, 0.01)
	assert.Less(t, iv.bits(1, iv.beliefs()), before/2)
	assert.InDelta(t, 1, iv.bits(3, iv.beliefs()), 0.05, "the mood is as open as before")
}

func TestAnAnswerThatTellsAboutOthersIsAskedForFirst(t *testing.T) {
	iv := trained(DefaultConfidence)
	iv.Slots = append([]Slot{iv.Slots[3]}, iv.Slots[:3]...) // the mood first
	iv.Standings = make([]Standing, len(iv.Slots))
	for i := range iv.Standings {
		iv.Standings[i].State = StateMissing
	}
	q := iv.Next().Questions[0]
	assert.NotEqual(t, "mood", q.Slot)
	assert.Contains(t, q.Reason, "also tells about")
}

func TestLikelihoodOfAConditionFollowsWhatIsKnown(t *testing.T) {
	iv := trained(0)
	iv.Slots = append(iv.Slots, Slot{Key: "ages", Title: "Ages", Type: List, When: &Condition{Slot: "children", In: []any{true}}})
	iv.Standings = append(iv.Standings, Standing{State: StateMissing})
	assert.InDelta(t, 0.5, iv.likelihood(5, iv.beliefs()), 0.01)
	answer(t, iv, "kind", "holiday")
	assert.Greater(t, iv.likelihood(5, iv.beliefs()), 0.9)
	answer(t, iv, "children", true)
	assert.Equal(t, 1.0, iv.likelihood(5, iv.beliefs()))
}

func TestANearCertainAnswerIsOfferedAsAnAssumption(t *testing.T) {
	iv := trained(DefaultConfidence)
	answer(t, iv, "kind", "business")
	iv.Next()
	s := iv.Standings[1]
	assert.Equal(t, StateAssumed, s.State)
	assert.Equal(t, false, s.Value)
	assert.Equal(t, messages.FromStatistics, s.Source)
	assert.Contains(t, s.Words, "100 of 100 earlier conversations that had kind: \"business\"")
	assert.Equal(t, "day", iv.Standings[2].Value)
	assert.Equal(t, StateMissing, iv.Standings[3].State, "the mood is anybody's")

	answer(t, iv, "children", true)
	assert.Equal(t, StateAnswered, iv.Standings[1].State, "a correction, not a contradiction")
	iv.Next()
	assert.NotEqual(t, StateAssumed, iv.Standings[2].State, "what the correction makes doubtful is taken back")
}

func TestNothingIsAssumedWhenThatIsOff(t *testing.T) {
	iv := trained(0)
	answer(t, iv, "kind", "business")
	iv.Next()
	assert.Equal(t, StateMissing, iv.Standings[1].State)
}

func TestNothingIsAssumedFromFewConversations(t *testing.T) {
	iv := trained(DefaultConfidence)
	iv.Statistics = travelled(30)
	answer(t, iv, "kind", "business")
	iv.Next()
	assert.Equal(t, StateMissing, iv.Standings[1].State)
}

func TestNothingIsAssumedWhereSuchPredictionsWereWrong(t *testing.T) {
	iv := trained(DefaultConfidence)
	for i, a := range iv.Statistics.Answers {
		if a.Slot == "children" {
			iv.Statistics.Answers[i].Wrong = 1 + a.Right/10
		}
	}
	answer(t, iv, "kind", "business")
	iv.Next()
	assert.Equal(t, StateMissing, iv.Standings[1].State)
	assert.Equal(t, StateAssumed, iv.Standings[2].State)
}

func TestAnAskedQuestionIsNotAssumedAway(t *testing.T) {
	iv := trained(DefaultConfidence)
	iv.Limits.BatchSize = 4
	require.Len(t, iv.Next().Questions, 4)
	answer(t, iv, "kind", "business")
	next := iv.Next()
	for _, q := range next.Questions {
		assert.Equal(t, StateMissing, iv.Standings[iv.Index(q.Slot)].State, q.Slot)
	}
}

func TestPredictSaysWhatItRestsOn(t *testing.T) {
	iv := trained(DefaultConfidence)
	answer(t, iv, "kind", "holiday")
	p, ok := iv.Predict("length")
	require.True(t, ok)
	assert.Equal(t, "week", p.Value)
	assert.Greater(t, p.Probability, 0.95)
	assert.Greater(t, p.Record, 0.95)
	assert.Equal(t, []int{100, 100}, []int{p.Matching, p.Agreeing})
	for _, key := range []string{"notes", "unheard_of"} {
		_, ok := iv.Predict(key)
		assert.False(t, ok, key)
	}
}

// statisticsGen draws what earlier conversations of a form may have left.
func statisticsGen(t *rapid.T, slots []Slot) Statistics {
	var s Statistics
	for range rapid.SampledFrom([]int{0, 1, 5, 60}).Draw(t, "conversations") {
		standings := make([]Standing, len(slots))
		for i, slot := range slots {
			standings[i] = Standing{State: StateMissing}
			if reaction, answered := reactionGen(t, slot); answered && reaction.Problem == "" {
				standings[i] = said(State(reaction.Outcome), reaction.Value, i+1)
			}
		}
		s = conversation(s, slots, standings)
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
			iv := New("goal", slots, Limits{BatchSize: 3, Confidence: DefaultConfidence})
			iv.Statistics = statistics
			batch, err := json.Marshal([]any{iv.Next(), iv.Standings})
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
		standings := make([]Standing, len(slots))
		for i := range slots {
			standings[i] = said(StateAnswered, slots[i].Options[n*(i+1)%4].Value, i+1)
		}
		s = conversation(s, slots, standings)
	}
	for b.Loop() {
		iv := New("goal", slots, Limits{BatchSize: 3, Confidence: DefaultConfidence})
		iv.Statistics = s
		iv.Next()
	}
}

func TestWhatOnePersonSaysShowsToNobodyElse(t *testing.T) {
	for _, voices := range []int{1, MinVoices - 1} {
		assert.Equal(t, Pool(Statistics{}), Pool(Statistics{}, travelled(voices)), "a form of %d people", voices)
	}
	many := travelled(200)
	one := many.With(many.Contribution(trip, []Standing{
		said(StateAnswered, "business", 1), said(StateAnswered, false, 2), said(StateAnswered, "month", 3), {}, said(StateAnswered, strings.Repeat("long ", 9999), 5),
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
	assert.True(t, alone.Standings[1].Predicted())
	assert.Equal(t, Pool(travelled(40)), Pool(travelled(40), travelled(MinVoices-1)))
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
			standings := make([]Standing, len(slots))
			for i, slot := range slots {
				standings[i] = Standing{State: StateMissing}
				if reaction, answered := reactionGen(t, slot); answered && reaction.Problem == "" {
					standings[i] = said(State(reaction.Outcome), reaction.Value, i+1)
				}
			}
			c := s.Contribution(slots, standings)
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
