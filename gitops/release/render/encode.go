package render

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/yaml"
)

// object returns the service without the fields that only a cluster sets. What remains
// is what kubectl apply would send.
func object(service *servingv1.Service) (*unstructured.Unstructured, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(service)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	delete(fields, "status")
	prune(fields)
	return &unstructured.Unstructured{Object: fields}, nil
}

// prune removes what Go's types encode for unset fields: null, and port 0 of a probe.
// Argo CD would compare them with what the cluster stores and report a difference for
// ever.
func prune(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if inner == nil || key == "port" && inner == int64(0) {
				delete(value, key)
				continue
			}
			prune(inner)
		}
	case []any:
		for _, inner := range value {
			prune(inner)
		}
	}
}

// encode writes YAML with its keys in order, so that the same service gives the same
// bytes.
// The header is written first and is a comment.
func encode(header string, value any) ([]byte, error) {
	data, err := yaml.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return append([]byte(header), data...), nil
}
