package retrieval

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func works() *Index {
	return NewIndex([]Document{
		{ID: "travel", Texts: []string{"Plan a trip to Norway", "Book flights and a hotel for a holiday"}},
		{ID: "bug", Texts: []string{"The app crashes when I save", "Report an error on the checkout page"}},
		{ID: "hiring", Texts: []string{"Hire a data engineer", "Write a job advertisement"}},
		{ID: "empty", Texts: []string{"", "?"}},
		{ID: "none"},
	})
}

func TestAnIndexFindsTheDocumentOfTheNearestText(t *testing.T) {
	found := works().Search("we want to hire engineers", 3)
	require.NotEmpty(t, found)
	assert.Equal(t, "hiring", found[0].ID)
}

func TestTheSameWordsScoreOneAndNoneInCommonZero(t *testing.T) {
	found := works().Search("planning trips to norway", 1)
	require.Len(t, found, 1)
	assert.InDelta(t, 1, found[0].Score, 1e-9)
	assert.Empty(t, works().Search("quux zyzzyva", 5))
}

func TestAWordMistypedStillFinds(t *testing.T) {
	found := works().Search("checkuot eror", 1)
	require.Len(t, found, 1)
	assert.Equal(t, "bug", found[0].ID)
	assert.Less(t, found[0].Score, 0.5)
}

func TestARareWordCountsMoreThanACommonOne(t *testing.T) {
	index := NewIndex([]Document{
		{ID: "a", Texts: []string{"boat repair"}}, {ID: "b", Texts: []string{"boat paint"}}, {ID: "c", Texts: []string{"bicycle paint boat"}},
		{ID: "d", Texts: []string{"boat"}},
	})
	assert.Equal(t, "a", index.Search("boat repair shop", 1)[0].ID)
}

func TestAnIndexGivesAtMostWhatIsAskedFor(t *testing.T) {
	assert.Len(t, works().Search("hire a hotel crash page trip", 2), 2)
	for _, limit := range []int{0, -1} {
		assert.Empty(t, works().Search("trip", limit))
	}
	assert.Empty(t, NewIndex(nil).Search("trip", 3))
	assert.Empty(t, works().Search("", 3))
}

func TestAnIndexRanksTheSameEveryTime(t *testing.T) {
	first := works().Search("a page about a trip", 5)
	for range 50 {
		assert.Equal(t, first, works().Search("a page about a trip", 5))
	}
}

func BenchmarkIndex(b *testing.B) {
	index := works()
	for b.Loop() {
		index.Search("the page crashes when I book a trip", 3)
	}
}
