package retrieval_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
	"github.com/sequential-questioning/sequential-questioning/shared/retrieval"
)

var questions = []retrieval.Question{
	{ID: "breed", Text: "which breed of dog do you have"},
	{ID: "symptoms", Text: "what symptoms of lymphoma does your dog show"},
	{ID: "treatment", Text: "do you want to know about lymphoma treatment and chemotherapy"},
	{ID: "chemotherapy", Text: "does chemotherapy worry you"},
	{ID: "boat", Text: "would you like to rent a boat"},
	{ID: "crew", Text: "should the boat come with a crew"},
	{ID: "price", Text: "what is your price range"},
}

func bank(t *testing.T, questions ...retrieval.Question) *retrieval.Bank {
	t.Helper()
	bank := retrieval.NewBank(qdranttest.Open(t), "patterns")
	require.NoError(t, bank.Put(t.Context(), questions))
	return bank
}

func rank(t *testing.T, bank *retrieval.Bank, goal string) []string {
	t.Helper()
	ranked, err := bank.Rank(t.Context(), goal, 10)
	require.NoError(t, err)
	var ids []string
	for i, r := range ranked {
		ids = append(ids, r.ID)
		assert.Positive(t, r.Score)
		if i > 0 {
			assert.LessOrEqual(t, r.Score, ranked[i-1].Score)
		}
	}
	return ids
}

func TestQuestionsAreRankedByTheGoal(t *testing.T) {
	bank := bank(t, questions...)
	ids := rank(t, bank, "lymphoma in dogs")
	assert.Equal(t, "symptoms", ids[0])
	assert.ElementsMatch(t, []string{"breed", "treatment"}, ids[1:3])
	assert.NotContains(t, ids, "boat")

	ranked, err := bank.Rank(t.Context(), "renting boats", 1)
	require.NoError(t, err)
	require.Len(t, ranked, 1)
	assert.Equal(t, "would you like to rent a boat", ranked[0].Text)
}

func TestAQuestionIsFoundByWordsThatOthersOfItsKindShare(t *testing.T) {
	assert.Contains(t, rank(t, bank(t, questions...), "lymphoma"), "chemotherapy")
}

func TestAMistypedGoalFindsItsQuestions(t *testing.T) {
	assert.Equal(t, "symptoms", rank(t, bank(t, questions...), "lymfoma symptms")[0])
}

func TestAShortFormFindsTheQuestionsAboutItsName(t *testing.T) {
	bank := bank(t, append(questions, retrieval.Question{ID: "dnr", Text: "do you mean the department of natural resources"})...)
	assert.Equal(t, []string{"dnr"}, rank(t, bank, "tell me about DNR")[:1])
}

func TestAQuestionThatServedALikeGoalIsFoundByIt(t *testing.T) {
	const goal = "hotels in Malmö"
	bank := bank(t, questions...)
	assert.NotContains(t, rank(t, bank, goal), "price")
	require.NoError(t, bank.Put(t.Context(), []retrieval.Question{
		{ID: "price", Text: "what is your price range", Goals: []string{"find a hotel in Malmö"}},
	}))
	assert.Equal(t, "price", rank(t, bank, goal)[0])
}

func TestAQuestionThatServedOneOtherGoalComesAfterOneThatServedNone(t *testing.T) {
	const text = "should the boat have a skipper"
	bank := bank(t, retrieval.Question{ID: "a", Text: text, Goals: []string{"a birthday on the river"}}, retrieval.Question{ID: "b", Text: text})
	assert.Equal(t, []string{"b", "a"}, rank(t, bank, "rent a boat"))
}

func TestAQuestionThatServedManyGoalsIsOfferedForAnother(t *testing.T) {
	general := retrieval.Question{ID: "when", Text: "when do you need it", Goals: []string{"a cake", "a new roof", "visiting Peru"}}
	bank := bank(t, append(questions, general)...)
	ids := rank(t, bank, "rent a boat")
	assert.Equal(t, "boat", ids[0])
	assert.Contains(t, ids, "when")
	assert.Equal(t, []string{"when"}, rank(t, bank, "zyzzyva"))
}

func TestPutReplacesAQuestion(t *testing.T) {
	bank := bank(t, questions...)
	require.NoError(t, bank.Put(t.Context(), []retrieval.Question{{ID: "boat", Text: "do you own a yacht"}}))
	assert.NotContains(t, rank(t, bank, "rent"), "boat")
	assert.Equal(t, "boat", rank(t, bank, "yacht")[0])
}

func TestABankThatWasNeverPutHasNothing(t *testing.T) {
	bank := retrieval.NewBank(qdranttest.Open(t), "patterns")
	assert.Empty(t, rank(t, bank, "rent a boat"))
	require.NoError(t, bank.Drop(t.Context()))
	require.NoError(t, bank.Put(t.Context(), nil))
	assert.Empty(t, rank(t, bank, "rent a boat"))
}

func TestADroppedBankIsEmpty(t *testing.T) {
	bank := bank(t, questions...)
	require.NoError(t, bank.Drop(t.Context()))
	assert.Empty(t, rank(t, bank, "rent a boat"))
}

func TestAGoalWithoutWordsFindsNothing(t *testing.T) {
	for _, goal := range []string{"", "?!", "\xff\xfe"} {
		assert.Empty(t, rank(t, bank(t, questions...), goal), "%q", goal)
	}
}

func TestAWrongQuestionIsNamed(t *testing.T) {
	bank := bank(t)
	for want, question := range map[string]retrieval.Question{
		"question 2 of 2: id has 0 bytes":      {Text: "which boat"},
		"question 2 of 2: id has 201 bytes":    {ID: strings.Repeat("x", 201), Text: "which boat"},
		"x: text has no word":                  {ID: "x", Text: " ?"},
		"x: text has 2001 bytes: at most 2000": {ID: "x", Text: strings.Repeat("b", 2001)},
		"x: goal 2 has 501 bytes: at most 500": {ID: "x", Text: "which boat", Goals: []string{"a", strings.Repeat("b", 501)}},
	} {
		assert.ErrorContains(t, bank.Put(t.Context(), []retrieval.Question{questions[0], question}), want)
	}
}

func TestALimitOutOfBoundsIsToldAtOnce(t *testing.T) {
	for _, limit := range []int{-1, 0, retrieval.MaxRanked + 1} {
		_, err := bank(t).Rank(t.Context(), "boat", limit)
		assert.ErrorContains(t, err, "want 1 to 1000")
	}
}

func TestTheSameBankAndGoalGiveTheSameRanking(t *testing.T) {
	bank := bank(t, manyQuestions(300)...)
	first, err := bank.Rank(t.Context(), "a boat for 12 people", 50)
	require.NoError(t, err)
	require.Len(t, first, 50)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			again, err := bank.Rank(context.Background(), "a boat for 12 people", 50)
			assert.NoError(t, err)
			assert.Equal(t, first, again)
		})
	}
	group.Wait()
}

func TestAQdrantThatIsAwayIsSaidToBe(t *testing.T) {
	client, err := qdrant.Open(qdrant.Config{URL: "http://127.0.0.1:1", Timeout: 200 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	_, err = retrieval.NewBank(client, "patterns").Rank(t.Context(), "boat", 5)
	assert.ErrorIs(t, err, qdrant.ErrUnavailable)
}

func manyQuestions(n int) []retrieval.Question {
	things := []string{"boat", "crew", "harbour", "cake", "engine", "ticket", "guide"}
	var many []retrieval.Question
	for i := range n {
		text := fmt.Sprintf("would you like the %s or %s number %d", things[i%7], things[i/7%7], i)
		many = append(many, retrieval.Question{ID: fmt.Sprint(i), Text: text, Goals: []string{"a", "b", "c"}[:i%3]})
	}
	return many
}

func BenchmarkRank(b *testing.B) {
	bank := retrieval.NewBank(qdranttest.Open(b), "patterns")
	require.NoError(b, bank.Put(b.Context(), manyQuestions(5000)))
	for b.Loop() {
		_, err := bank.Rank(b.Context(), "a boat with a crew for 12 people", 30)
		require.NoError(b, err)
	}
}
