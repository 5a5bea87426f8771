package e2e

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

func TestDriftIsHealed(t *testing.T) {
	begin(t)
	t.Run("a manual edit is reverted", func(t *testing.T) {
		require.NoError(t, deployment.Patch(t.Context(), Services, string(Prod), "ask", `{"spec":{"template":{"spec":{"containerConcurrency":7}}}}`))
		require.NoError(t, deployment.Until(t.Context(), "the edit to be reverted", func(ctx context.Context) (bool, error) {
			service, err := deployment.Get(ctx, Services, string(Prod), "ask")
			if err != nil {
				return false, err
			}
			concurrency, _, err := unstructured.NestedInt64(service.Object, "spec", "template", "spec", "containerConcurrency")
			return concurrency != 7, err
		}))
		require.NoError(t, deployment.Synced(t.Context(), string(Prod), mustHead(t)))
	})
	t.Run("a deleted function is recreated", func(t *testing.T) {
		before, err := deployment.Get(t.Context(), Services, string(Prod), "report")
		require.NoError(t, err)
		require.NoError(t, deployment.Delete(t.Context(), Services, string(Prod), "report"))
		require.NoError(t, deployment.Until(t.Context(), "report to be recreated", func(ctx context.Context) (bool, error) {
			service, err := deployment.Get(ctx, Services, string(Prod), "report")
			if err != nil || service.GetUID() == before.GetUID() {
				return false, err
			}
			ready, _ := Condition(service, "Ready")
			return ready == "True", nil
		}))
	})
	converse(t.Context(), t, deployment.Route(Prod))
}
