package telemetry

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

func TestASetOfLabelsIsMadeOnce(t *testing.T) {
	made := 0
	labels := NewLabels(func(kind int) []attribute.KeyValue {
		made++
		return []attribute.KeyValue{attribute.Int("kind", kind)}
	})
	for range 3 {
		for kind := range 2 {
			config := metric.NewAddConfig([]metric.AddOption{labels.For(kind)})
			set := config.Attributes()
			value, _ := set.Value("kind")
			assert.EqualValues(t, kind, value.AsInt64())
		}
	}
	assert.Equal(t, 2, made)
}
