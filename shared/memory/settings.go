package memory

import (
	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
)

// Settings are all that the environment says of memory. Whoever writes it and
// whoever reads it go by the same vectors.
type Settings struct {
	Config
	Qdrant qdrant.Config
	Model  model.Config
}

// Open returns the memory of these settings, without connecting.
func (s Settings) Open() (*Memory, error) {
	options := []Option{WithConfig(s.Config)}
	embedder, err := model.Open(s.Model)
	if err != nil {
		return nil, err
	}
	if embedder.Embeds() {
		options = append(options, WithEmbedder(embedder))
	}
	return Open(s.Qdrant, options...)
}
