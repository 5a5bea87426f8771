package manifest

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestServicesOfTwoGroupsWithOneNameAreTwoObjects(t *testing.T) {
	t.Parallel()
	object := func(version, kind, name string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": name}}}
	}
	named := ByName([]*unstructured.Unstructured{object("v1", "Service", "a"), object("serving.knative.dev/v1", "Service", "a"), object("serving.knative.dev/v1", "Service", "b")})
	assert.ElementsMatch(t, []string{"Service a", "Service.serving.knative.dev a", "Service b"}, slices.Collect(maps.Keys(named)))
}
