package main

import (
	"testing"

	"github.com/argoproj/argo-cd/v2/util/lua"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A sync wave waits until the objects of the previous one are healthy.
func TestHealthChecksRunInArgoCDsOwnInterpreter(t *testing.T) {
	t.Parallel()
	scripts := map[string]any{}
	for _, object := range readPlatform(t).root {
		if object.GetKind() == "ConfigMap" && object.GetName() == "argocd-cm" {
			scripts = values[map[string]any](t, object.Object, "data")
		}
	}
	const application, cluster = "argoproj.io_Application", "postgresql.cnpg.io_Cluster"
	condition := func(kind, status string) map[string]any {
		return map[string]any{"type": kind, "status": status, "message": "archiving failed"}
	}
	for name, each := range map[string]struct {
		kind   string
		status map[string]any
		want   health.HealthStatusCode
	}{
		"an application that was never synced": {application, nil, health.HealthStatusProgressing},
		"an application that is healthy":       {application, map[string]any{"health": map[string]any{"status": "Healthy"}}, health.HealthStatusHealthy},
		"an application that is degraded":      {application, map[string]any{"health": map[string]any{"status": "Degraded"}}, health.HealthStatusDegraded},
		"an application without resources that reports healthy": {application, map[string]any{
			"health": map[string]any{"status": "Healthy"}, "operationState": map[string]any{"phase": "Running"}}, health.HealthStatusProgressing},
		"an application whose sync has failed": {application, map[string]any{
			"health": map[string]any{"status": "Healthy"}, "operationState": map[string]any{"phase": "Failed"}}, health.HealthStatusDegraded},
		"an application that is synced and healthy": {application, map[string]any{
			"health": map[string]any{"status": "Healthy"}, "operationState": map[string]any{"phase": "Succeeded"}}, health.HealthStatusHealthy},
		"a cluster without a status": {cluster, nil, health.HealthStatusProgressing},
		"a cluster that starts": {cluster, map[string]any{"phase": "Setting up primary",
			"conditions": []any{condition("Ready", "False")}}, health.HealthStatusProgressing},
		"a cluster that is ready": {cluster, map[string]any{"phase": "Cluster in healthy state",
			"conditions": []any{condition("Ready", "True"), condition("ContinuousArchiving", "True")}}, health.HealthStatusHealthy},
		"a cluster whose archiving fails": {cluster, map[string]any{
			"conditions": []any{condition("Ready", "True"), condition("ContinuousArchiving", "False")}}, health.HealthStatusDegraded},
		"a cluster whose archiving fails, as first condition": {cluster, map[string]any{
			"conditions": []any{condition("ContinuousArchiving", "False"), condition("Ready", "True")}}, health.HealthStatusDegraded},
	} {
		t.Run(name, func(t *testing.T) {
			script, ok := scripts["resource.customizations.health."+each.kind].(string)
			require.True(t, ok)
			object := map[string]any{}
			if each.status != nil {
				object["status"] = each.status
			}
			got, err := lua.VM{}.ExecuteHealthLua(&unstructured.Unstructured{Object: object}, script)
			require.NoError(t, err)
			assert.Equal(t, each.want, got.Status)
		})
	}
}
