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
	t.Run("a hand edit is taken back", func(t *testing.T) {
		require.NoError(t, world.Patch(t.Context(), Services, string(Prod), "ask", `{"spec":{"template":{"spec":{"containerConcurrency":7}}}}`))
		require.NoError(t, world.Until(t.Context(), "the edit to be taken back", func(ctx context.Context) (bool, error) {
			service, err := world.Get(ctx, Services, string(Prod), "ask")
			if err != nil {
				return false, err
			}
			concurrency, _, err := unstructured.NestedInt64(service.Object, "spec", "template", "spec", "containerConcurrency")
			return concurrency != 7, err
		}))
		require.NoError(t, world.Synced(t.Context(), string(Prod), mustHead(t)))
	})
	t.Run("a deleted function returns", func(t *testing.T) {
		before, err := world.Get(t.Context(), Services, string(Prod), "report")
		require.NoError(t, err)
		require.NoError(t, world.Delete(t.Context(), Services, string(Prod), "report"))
		require.NoError(t, world.Until(t.Context(), "report to return", func(ctx context.Context) (bool, error) {
			service, err := world.Get(ctx, Services, string(Prod), "report")
			if err != nil || service.GetUID() == before.GetUID() {
				return false, err
			}
			ready, _ := Condition(service, "Ready")
			return ready == "True", nil
		}))
	})
	converse(t.Context(), t, world.Route(Prod))
}
