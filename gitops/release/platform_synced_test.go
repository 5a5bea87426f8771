package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// Argo CD merges maps, and compares lists of custom resources as a whole. A default that
// the API server writes into a list keeps the Application OutOfSync, so lists have all of
// their defaults in git.
func TestDefaultsInListsAreWrittenOut(t *testing.T) {
	t.Parallel()
	definitions, checked := definitions(t), set{}
	for _, object := range append(readPlatform(t).objects(), buildFolder(t, "gitops/platform/postgres/recovery")...) {
		stored := object.DeepCopy()
		if definition, ok := definitions[object.GroupVersionKind()]; ok {
			defaulting.Default(stored.Object, definition.structural)
			checked.add(object.GetKind())
			assert.Empty(t, defaulted(object.Object, stored.Object, ""), manifest.Title(object))
		}
	}
	assert.Subset(t, checked.sorted(), []string{"Application", "Cluster", "ClusterIssuer", "KnativeServing", "ObjectStore", "PodMonitor", "PrometheusRule"})
}

func TestADefaultInAListIsRecognised(t *testing.T) {
	t.Parallel()
	var monitor unstructured.Unstructured
	require.NoError(t, yaml.Unmarshal([]byte(`
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: a}
spec:
  selector: {}
  podMetricsEndpoints:
    - relabelings: [{sourceLabels: [a], targetLabel: b}]
`), &monitor.Object))
	stored := monitor.DeepCopy()
	defaulting.Default(stored.Object, definitions(t)[stored.GroupVersionKind()].structural)
	assert.Equal(t, []string{".spec.podMetricsEndpoints[0].relabelings[0]"}, defaulted(monitor.Object, stored.Object, ""))
}

// defaulted returns the paths of list elements that differ.
func defaulted(ours, stored any, path string) (paths []string) {
	switch ours := ours.(type) {
	case map[string]any:
		for key, value := range ours {
			paths = append(paths, defaulted(value, stored.(map[string]any)[key], path+"."+key)...)
		}
	case []any:
		for i, value := range ours {
			at, element := fmt.Sprintf("%s[%d]", path, i), stored.([]any)[i]
			if below := defaulted(value, element, at); len(below) > 0 {
				paths = append(paths, below...)
			} else if !equality.Semantic.DeepEqual(value, element) {
				paths = append(paths, at)
			}
		}
	}
	slices.Sort(paths)
	return paths
}

// The API server stores 0.05 as 50m.
func TestQuantitiesAreWrittenAsTheyAreStored(t *testing.T) {
	t.Parallel()
	objects, seen := readPlatform(t).objects(), 0
	for _, environment := range []string{"dev", "staging", "prod"} {
		objects = append(objects, buildFolder(t, "gitops/overlays/"+environment)...)
	}
	var walk func(t *testing.T, title string, value any, quantities bool)
	walk = func(t *testing.T, title string, value any, quantities bool) {
		switch value := value.(type) {
		case map[string]any:
			for key, below := range value {
				walk(t, title, below, key == "requests" || key == "limits" || quantities)
			}
		case []any:
			for _, below := range value {
				walk(t, title, below, false)
			}
		case string:
			if quantities {
				seen++
				quantity, err := resource.ParseQuantity(value)
				require.NoError(t, err, title)
				assert.Equal(t, quantity.String(), value, title)
			}
		}
	}
	for _, object := range objects {
		walk(t, manifest.Title(object), object.Object, false)
	}
	assert.Greater(t, seen, 100)
}

// What no manifest can say is ignored: Kubernetes does not store the null that Argo CD 2.14
// compares with.
func TestStatefulSetsStaySynced(t *testing.T) {
	t.Parallel()
	p, seen := readPlatform(t), 0
	for _, application := range p.applications {
		if !slices.ContainsFunc(p.own[application.Name], func(o *unstructured.Unstructured) bool { return o.GetKind() == "StatefulSet" }) {
			continue
		}
		seen++
		assert.Contains(t, application.Spec.IgnoreDifferences, v1alpha1.ResourceIgnoreDifferences{
			Group: "apps", Kind: "StatefulSet", JQPathExpressions: []string{".spec.volumeClaimTemplates[]?.metadata.creationTimestamp"},
		}, application.Name)
	}
	assert.Equal(t, 3, seen)
}
