package telemetry

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Labels makes the sets of attributes that instruments are recorded with, each once:
// making one sorts and hashes it, which costs more than recording. K is what distinguishes
// them, of which there are few. It is safe for concurrent use.
type Labels[K comparable] struct {
	of   func(K) []attribute.KeyValue
	used sync.Map // K to metric.MeasurementOption
}

// NewLabels returns labels with the attributes that of returns for a K.
func NewLabels[K comparable](of func(K) []attribute.KeyValue) *Labels[K] { return &Labels[K]{of: of} }

// For returns the labels of a K.
func (l *Labels[K]) For(kind K) metric.MeasurementOption {
	if known, ok := l.used.Load(kind); ok {
		return known.(metric.MeasurementOption)
	}
	set := metric.WithAttributeSet(attribute.NewSet(l.of(kind)...))
	l.used.Store(kind, set)
	return set
}
