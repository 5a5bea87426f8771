package model_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/model/modeltest"
)

var three = settings{"MODEL_EMBEDDING_NAME": "embedder", "MODEL_EMBEDDING_DIMENSIONS": "3"}

func vector(index any, numbers ...any) map[string]any {
	return map[string]any{"object": "embedding", "index": index, "embedding": numbers}
}

func TestEachTextGetsItsVectorInBatches(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Embeds(3))
	client := askingWithin(t, server.URL, model.Limits{Batch: 4}, three)
	assert.True(t, client.Embeds())
	assert.Equal(t, 3, client.Dimensions())

	var texts []string
	for i := range 10 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	vectors, err := client.Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, vectors, 10)
	for i, text := range texts {
		for j, n := range modeltest.Vector(text, 3) {
			assert.InDelta(t, n, vectors[i][j], 1e-6)
		}
	}
	require.Len(t, server.Requests(), 3)
	assert.Equal(t, "/v1/embeddings", server.Requests()[0].Path)
	assert.Equal(t, "embedder", server.Requests()[0].Body["model"])
	assert.Len(t, server.Requests()[2].Body["input"], 2)
	assert.NotContains(t, server.Requests()[0].Body, "dimensions")
}

func TestNoTextsNeedNoModel(t *testing.T) {
	server := modeltest.NewServer(t)
	vectors, err := asking(t, server.URL, three).Embed(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, vectors)
	assert.Empty(t, server.Requests())
}

func TestAnEmptyTextIsNamed(t *testing.T) {
	_, err := asking(t, modeltest.NewServer(t).URL, three).Embed(t.Context(), []string{"words", " \n"})
	require.ErrorContains(t, err, "texts[1]")
}

func TestOfATextTooLongTheBeginningCounts(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Embeds(3))
	_, err := askingWithin(t, server.URL, model.Limits{InputBytes: 256}, three).Embed(t.Context(), []string{strings.Repeat("é", 1000)})
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("é", 128), server.Requests()[0].Body["input"].([]any)[0])
}

func TestVectorsThatCannotBeComparedAreRefused(t *testing.T) {
	for name, data := range map[string][]any{
		"one too few":        {vector(0, 1, 0, 0)},
		"one too many":       {vector(0, 1, 0, 0), vector(1, 1, 0, 0), vector(2, 1, 0, 0)},
		"the same one twice": {vector(0, 1, 0, 0), vector(0, 1, 0, 0)},
		"out of range":       {vector(0, 1, 0, 0), vector(7, 1, 0, 0)},
		"negative":           {vector(0, 1, 0, 0), vector(-1, 1, 0, 0)},
		"too short":          {vector(0, 1, 0), vector(1, 1, 0, 0)},
		"too long":           {vector(0, 1, 0, 0, 0), vector(1, 1, 0, 0)},
		"empty":              {vector(0), vector(1, 1, 0, 0)},
		"zero":               {vector(0, 0, 0, 0), vector(1, 1, 0, 0)},
		"beyond float32":     {vector(0, 1e300, 0, 0), vector(1, 1, 0, 0)},
		"words":              {vector(0, "a", "b", "c"), vector(1, 1, 0, 0)},
		"null":               {vector(0, nil, nil, nil), vector(1, 1, 0, 0)},
		"not even objects":   {"a", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			server := modeltest.NewServer(t, modeltest.WritesVectors(data...))
			vectors, err := asking(t, server.URL, three).Embed(t.Context(), []string{"a", "b"})
			require.ErrorIs(t, err, model.ErrUnusable)
			assert.Nil(t, vectors)
		})
	}
}

func TestLargeVectorsFitIntoTheBound(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Embeds(1536))
	client := askingWithin(t, server.URL, model.Limits{ResponseBytes: 1024}, settings{"MODEL_EMBEDDING_NAME": "e", "MODEL_EMBEDDING_DIMENSIONS": "1536"})
	vectors, err := client.Embed(t.Context(), strings.Split(strings.Repeat("word ", 63)+"word", " "))
	require.NoError(t, err)
	assert.Len(t, vectors, 64)
}

func TestAKeyGoesOnlyWhereItWasGivenFor(t *testing.T) {
	chat, vectors := modeltest.NewServer(t, modeltest.Proposes(trip()...)), modeltest.NewServer(t, modeltest.Embeds(3))
	embed := func(url string, more ...settings) string {
		client := asking(t, chat.URL, append([]settings{three, {"MODEL_API_KEY": "sesame", "MODEL_EMBEDDING_BASE_URL": url}}, more...)...)
		_, err := client.Embed(t.Context(), []string{"words"})
		require.NoError(t, err)
		return vectors.Requests()[len(vectors.Requests())-1].Header.Get("Authorization")
	}
	assert.Empty(t, embed(vectors.URL))
	assert.Equal(t, "Bearer barley", embed(vectors.URL, settings{"MODEL_EMBEDDING_API_KEY": "barley"}))

	client := asking(t, vectors.URL, three, settings{"MODEL_API_KEY": "sesame"})
	_, err := client.Embed(t.Context(), []string{"words"})
	require.NoError(t, err)
	assert.Equal(t, "Bearer sesame", vectors.Requests()[2].Header.Get("Authorization"))
}

func TestVectorsInBase64AreReadToo(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.WritesVectors(map[string]any{"index": 0, "embedding": "AACAPwAAAAAAAAAA"}))
	vectors, err := asking(t, server.URL, three).Embed(t.Context(), []string{"words"})
	require.NoError(t, err)
	assert.Equal(t, [][]float32{{1, 0, 0}}, vectors)
}
