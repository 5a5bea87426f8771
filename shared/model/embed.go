package model

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
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
		inputs[i] = plain.Prefix(text, c.config.Limits.InputBytes)
	}
	vectors := make([][]float32, 0, len(texts))
	for batch := range slices.Chunk(inputs, c.config.Limits.Batch) {
		some, err := do(ctx, c, embedding, func(ctx context.Context) ([][]float32, error) { return c.embed(ctx, batch) })
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, some...)
	}
	return vectors, nil
}

// embeddingRequest and embeddingAnswer are what is used of POST /embeddings.
type embeddingRequest struct {
	Model string   `json:"model"`
	Input []string `json:"input"`
}

type embeddingAnswer struct {
	Data []struct {
		Index     int     `json:"index"`
		Embedding numbers `json:"embedding"`
	} `json:"data"`
	Usage usage `json:"usage"`
}

// numbers is a vector as a list or, as some endpoints write it unasked, as
// base64 of little-endian 32-bit floats.
type numbers []float32

// UnmarshalJSON reads both forms.
func (n *numbers) UnmarshalJSON(raw []byte) error {
	if !bytes.HasPrefix(raw, []byte(`"`)) {
		return json.Unmarshal(raw, (*[]float32)(n))
	}
	var packed []byte // encoding/json reads base64 into bytes
	if err := json.Unmarshal(raw, &packed); err != nil {
		return err
	}
	*n = make(numbers, len(packed)/4)
	_, err := binary.Decode(packed, binary.LittleEndian, *n)
	return err
}

// embed asks once. The answer has a vector for each text, in any order, or it is
// unusable.
func (c *Client) embed(ctx context.Context, texts []string) ([][]float32, error) {
	var answer embeddingAnswer
	if err := c.embeddings.post(ctx, "/embeddings", embeddingRequest{c.config.EmbeddingName, texts}, &answer); err != nil {
		return nil, err
	}
	if len(answer.Data) != len(texts) {
		return nil, unusable("it has not one vector for each text")
	}
	c.metrics.used(ctx, string(embedding), answer.Usage)
	vectors := make([][]float32, len(texts))
	for _, one := range answer.Data {
		if one.Index < 0 || one.Index >= len(texts) || vectors[one.Index] != nil {
			return nil, unusable("it has not one vector for each text")
		}
		if err := c.comparable(one.Embedding); err != nil {
			return nil, err
		}
		vectors[one.Index] = one.Embedding
	}
	return vectors, nil
}

// comparable checks that a vector can be compared with others: it has the
// configured length and a direction. Cosine similarity divides by the length, so a
// vector of zeros or one that overflows would be similar to everything or to
// nothing.
func (c *Client) comparable(vector []float32) error {
	if len(vector) != c.config.EmbeddingDimensions {
		return unusable("a vector has %d dimensions, not MODEL_EMBEDDING_DIMENSIONS, %d", len(vector), c.config.EmbeddingDimensions)
	}
	var squares float64
	for _, n := range vector {
		squares += float64(n) * float64(n)
	}
	if squares == 0 || math.IsInf(squares, 0) || math.IsNaN(squares) {
		return unusable("a vector has no direction")
	}
	return nil
}
