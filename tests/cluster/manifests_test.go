package cluster

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestReplaceImages(t *testing.T) {
	images := map[string]string{
		"knative.dev/eventing/cmd/broker/ingress": "registry/ingress@sha256:1",
		"knative.dev/serving/cmd/controller":      "registry/controller@sha256:2",
	}
	for manifest, want := range map[string]string{
		"image: ko://knative.dev/serving/cmd/controller":          "image: registry/controller@sha256:2",
		`value: "ko://knative.dev/eventing/cmd/broker/ingress"`:   `value: "registry/ingress@sha256:1"`,
		"image: ko://knative.dev/eventing/cmd/in_memory/unknown":  "image: not-built.invalid/knative.dev/eventing/cmd/in_memory/unknown",
		"image: ko://knative.dev/serving/cmd/controller-of-other": "image: not-built.invalid/knative.dev/serving/cmd/controller-of-other",
		"image: example.com/other":                                "image: example.com/other",
	} {
		if got := replaceImages(manifest, images); got != want {
			t.Errorf("%s becomes %s", manifest, got)
		}
	}
}

func TestEditManifests(t *testing.T) {
	const manifests = `# only a comment
---
kind: ConfigMap
metadata: {name: config-network}
data: {_example: "kept"}
---
# left out
kind: HorizontalPodAutoscaler
---
kind: ConfigMap
metadata: {name: config-domain}
---
kind: Deployment
spec: {template: {spec: {containers: [{name: a, resources: {limits: {cpu: 1}}}]}}}
`
	edited, err := editManifests(manifests, forOneNode)
	if err != nil {
		t.Fatal(err)
	}
	documents := strings.Split(strings.TrimPrefix(edited, "---\n"), "---\n")
	if len(documents) != 3 {
		t.Fatalf("there are %d objects:\n%s", len(documents), edited)
	}
	for i, want := range []string{
		`{"data": {"_example": "kept", "ingress-class": "cluster.ingress.networking.knative.dev"}, "kind": "ConfigMap", "metadata": {"name": "config-network"}}`,
		`{"data": {"example.com": ""}, "kind": "ConfigMap", "metadata": {"name": "config-domain"}}`,
		`{"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": "25m", "memory": "32Mi"}}}]}}}}`,
	} {
		var parsed object
		if err := yaml.Unmarshal([]byte(want), &parsed); err != nil {
			t.Fatal(err)
		}
		if expected, _ := yaml.Marshal(parsed); string(expected) != documents[i] {
			t.Errorf("object %d is\n%s", i, documents[i])
		}
	}
}
