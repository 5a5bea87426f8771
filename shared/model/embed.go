package model

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/openai/openai-go/v3"
)

// Embed returns one vector for each text, in their order, each Dimensions long.
// Texts go out in batches, each an operation with its own time limit; of a text
// too long the beginning counts.
func (c *Client) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if !c.Embeds() {
		return nil, ErrNotConfigured
	}
	inputs := make([]string, len(texts))
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			return nil, fmt.Errorf("texts[%d] is empty", i)
		}
		inputs[i] = cut(text, c.config.MaxInputBytes)
	}
	vectors := make([][]float32, 0, len(texts))
	for batch := range slices.Chunk(inputs, c.config.EmbeddingBatch) {
		some, err := do(ctx, c, embedding, func(ctx context.Context) ([][]float32, error) { return c.embed(ctx, batch) })
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, some...)
	}
	return vectors, nil
}

func (c *Client) embed(ctx context.Context, texts []string) ([][]float32, error) {
	params := openai.EmbeddingNewParams{
		Model: c.config.EmbeddingName,
		Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts},
	}
	if c.config.EmbeddingShorten {
		params.Dimensions = openai.Int(int64(c.config.EmbeddingDimensions))
	}
	response, err := c.embeddings.New(ctx, params)
	if err != nil {
		return nil, answered(err)
	}
	if response == nil || len(response.Data) != len(texts) {
		return nil, unusable("it has not one vector for each text")
	}
	c.metrics.used(ctx, embedding, response.Usage.PromptTokens, 0)
	vectors := make([][]float32, len(texts))
	for _, one := range response.Data {
		if one.Index < 0 || one.Index >= int64(len(texts)) || vectors[one.Index] != nil {
			return nil, unusable("it has not one vector for each text")
		}
		if vectors[one.Index], err = c.vector(one.Embedding); err != nil {
			return nil, err
		}
	}
	return vectors, nil
}

// vector checks that a vector can be compared with others.
func (c *Client) vector(numbers []float64) ([]float32, error) {
	if len(numbers) != c.config.EmbeddingDimensions {
		return nil, unusable("a vector has %d dimensions, not MODEL_EMBEDDING_DIMENSIONS, %d", len(numbers), c.config.EmbeddingDimensions)
	}
	vector := make([]float32, len(numbers))
	var length float64
	for i, n := range numbers {
		vector[i] = float32(n)
		length += float64(vector[i]) * float64(vector[i])
	}
	if length == 0 || math.IsInf(length, 0) || math.IsNaN(length) {
		return nil, unusable("a vector has no direction")
	}
	return vector, nil
}
