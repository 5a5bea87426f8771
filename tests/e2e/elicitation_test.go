package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

// Two instances of the gateway, so that an older client's response may reach the instance
// that does not wait for it.
const twoGateways = `
  - target: {group: serving.knative.dev, kind: Service, name: gateway}
    patch: |-
      - {op: replace, path: /spec/template/metadata/annotations/autoscaling.knative.dev~1min-scale, value: "2"}
`

func TestTheServerElicitsAnswersOverTheRoute(t *testing.T) {
	begin(t)
	require.NoError(t, deployment.Clone.Append("gitops/overlays/prod/kustomization.yaml", twoGateways))
	_, err := deployment.Clone.Commit(t.Context(), "Two gateways")
	require.NoError(t, err)
	require.NoError(t, deployment.PushBoth(t.Context()))
	for name, client := range map[string]string{
		"SDK 1, forms pushed on a stream":              "sdk-1",
		"client 2, forms pushed on a stream":           "client-2-legacy",
		"client 2, revision 2026-07-28, in many calls": "client-2",
	} {
		for _, promise := range []string{"whole", "cancelled", "batch"} {
			t.Run(name+", "+promise, func(t *testing.T) {
				run := filepath.Join("..", "conformance", "elicitation.mjs")
				output, err := exec.CommandContext(t.Context(), "node", run, promise, client, deployment.Route(Prod), "3").CombinedOutput()
				require.NoError(t, err, string(output))
			})
		}
	}
}
