package retrieval

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
)

func dot(a, b qdrant.Sparse) float64 {
	sum := 0.0
	for i, index := range a.Indices {
		for j, other := range b.Indices {
			if index == other {
				sum += float64(a.Values[i]) * float64(b.Values[j])
			}
		}
	}
	return sum
}

func wordsInCommon(query, text string) float64 {
	return dot(EncodeQuery(query).Words, Encode(text).Words)
}

func TestWordEndingsDoNotMatter(t *testing.T) {
	assert.Positive(t, wordsInCommon("renting boats", "which boat will be rented"))
}

func TestWordsThatOnlyAskDoNotMatter(t *testing.T) {
	assert.Zero(t, wordsInCommon("I'm looking for information about boats", "are you looking for information about cakes"))
}

func TestATextOfStopWordsKeepsThem(t *testing.T) {
	assert.Positive(t, wordsInCommon("what is it", "what is it for"))
}

func TestAccentsAndCaseDoNotMatter(t *testing.T) {
	assert.Equal(t, Encode("a cafe in orebro"), Encode("A Café in ÖREBRO"))
}

func TestAMistypedWordHasRunsInCommon(t *testing.T) {
	query, text := EncodeQuery("cemetry"), Encode("the cemetery")
	assert.Zero(t, dot(query.Words, text.Words))
	assert.Positive(t, dot(query.Grams, text.Grams))
}

func TestAShortFormFindsWhatItStandsFor(t *testing.T) {
	assert.Positive(t, wordsInCommon("dnr", "the department of natural resources"))
	assert.Positive(t, wordsInCommon("GMAT", "a graduate management admission test"))
	assert.Zero(t, wordsInCommon("dnr", "the resources of nature"))
}

func TestWordsFindTheirShortForm(t *testing.T) {
	assert.Positive(t, wordsInCommon("pacific northwest laboratory", "do you mean pnl"))
}

func TestAShortFormCountsLessThanTheWord(t *testing.T) {
	assert.Less(t, wordsInCommon("gs", "general schedule"), wordsInCommon("gs", "gs schedule"))
}

func TestALongTextCountsLess(t *testing.T) {
	assert.Less(t, wordsInCommon("boat", "boat crew harbour engine"), wordsInCommon("boat", "boat"))
}

func TestAWordSaidOftenCountsMoreUpToABound(t *testing.T) {
	once := weights{1: 1}.saturated(1)[1]
	twice := weights{1: 2}.saturated(1)[1]
	often := weights{1: 1000}.saturated(1)[1]
	assert.Less(t, once, twice)
	assert.Less(t, twice, often)
	assert.Less(t, often, saturation+1)
}

func TestTextInOtherScriptsIsEncoded(t *testing.T) {
	for _, text := range []string{"船を借りたい", "аренда лодки", "ενοικίαση σκάφους"} {
		assert.Positive(t, dot(EncodeQuery(text).Grams, Encode(text).Grams), text)
	}
}

func TestNothingToEncodeGivesEmptyVectors(t *testing.T) {
	for _, text := range []string{"", "  ", "?!", "\xff"} {
		assert.Empty(t, Encode(text).Words.Indices, "%q", text)
		assert.Empty(t, EncodeQuery(text).Grams.Indices, "%q", text)
	}
}

func TestAnyTextGivesVectorsThatQdrantTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		for _, vectors := range []Vectors{Encode(text), EncodeQuery(text)} {
			for _, vector := range []qdrant.Sparse{vectors.Words, vectors.Grams} {
				assert.Len(t, vector.Values, len(vector.Indices))
				assert.True(t, slices.IsSorted(vector.Indices), "of %q", text)
				for _, value := range vector.Values {
					assert.Positive(t, value)
				}
			}
		}
	})
}

func TestAHugeTextIsCutToWhatQdrantTakes(t *testing.T) {
	var huge strings.Builder
	for i := range 400_000 {
		huge.WriteRune(rune(0x4e00 + i*7919%20000))
		if i%3 == 0 {
			huge.WriteByte(' ')
		}
	}
	vectors := Encode(huge.String())
	assert.LessOrEqual(t, len(vectors.Words.Indices), embedded.MaxSparseValues)
	assert.LessOrEqual(t, len(vectors.Grams.Indices), embedded.MaxSparseValues)
}
