package argocd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

const serving = `
metadata: {name: ask, generation: 3}
spec: {template: {spec: {containers: [{image: "registry/ask@sha256:1111111111111111"}]}}}
status:
  observedGeneration: 3
  conditions: [{type: Ready, status: "True"}]
`

func TestAFunctionServesWhenItsPinnedImageReceivesAllCalls(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*servingv1.Service)
		says   string
	}{
		"the pinned image": {func(*servingv1.Service) {}, ""},
		"another image": {func(s *servingv1.Service) {
			s.Spec.Template.Spec.Containers[0].Image = "registry/ask@sha256:2222222222222222"
		}, "has image 222222222222, not 111111111111"},
		"not reconciled yet": {func(s *servingv1.Service) { s.Generation = 4 }, "was changed, and Knative has not reconciled it yet"},
		"calls to another one": {func(s *servingv1.Service) {
			s.Status.MarkRouteNotYetReady()
		}, "is not ready: TrafficNotMigrated: Traffic is not yet migrated to the latest revision."},
		"not ready": {func(s *servingv1.Service) {
			s.Status.Conditions[0].Status, s.Status.Conditions[0].Reason = "False", "RevisionFailed"
		}, "is not ready: RevisionFailed"},
		"not ready yet": {func(s *servingv1.Service) { s.Status.Conditions = nil }, "is not ready"},
	} {
		t.Run(name, func(t *testing.T) {
			var service servingv1.Service
			require.NoError(t, yaml.Unmarshal([]byte(serving), &service))
			c.change(&service)
			assert.Equal(t, c.says, Function{Name: "ask", Image: "registry/ask@sha256:1111111111111111", Service: service}.Problem())
		})
	}
	assert.Equal(t, "does not exist", Function{}.Problem())
}
