package policy

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
)

const policiesFolder = "../../../policies"

var environments = []string{"dev", "staging", "prod"}

func TestEveryEnvironmentHasItsNamespaceAndBounds(t *testing.T) {
	policies, err := Load(policiesFolder)
	require.NoError(t, err)
	mine, err := owner.Read("../../..")
	require.NoError(t, err)
	bare := object(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: x, image: x}]}")
	for _, environment := range environments {
		bare.SetNamespace("sequential-questioning-" + environment)
		violations, err := policies.Check(t.Context(), []*unstructured.Unstructured{bare})
		require.NoError(t, err)
		var said []string
		for _, violation := range violations {
			said = append(said, violation.Message)
		}
		assert.Contains(t, said, "not from an allowed registry: x; allowed: "+strings.ReplaceAll(mine.Values["registry"], " ", ", "))
	}
}

func TestEveryOverlayPassesEveryPolicy(t *testing.T) {
	policies, err := Load(policiesFolder)
	require.NoError(t, err)
	for _, environment := range environments {
		t.Run(environment, func(t *testing.T) {
			violations, err := policies.Check(t.Context(), built(t, "../../overlays/"+environment))
			require.NoError(t, err)
			assert.Empty(t, violations)
		})
	}
}

// No pod calls the Kubernetes API, so an attacker in a pod must not find a token for it.
func TestNoPodHasATokenForTheKubernetesAPI(t *testing.T) {
	for _, environment := range environments {
		looked := 0
		for _, object := range built(t, "../../overlays/"+environment) {
			if kind := object.GetKind(); kind != "Service" && kind != "Job" {
				continue
			}
			looked++
			mounted, said, err := unstructured.NestedBool(object.Object, "spec", "template", "spec", "automountServiceAccountToken")
			require.NoError(t, err)
			assert.True(t, said && !mounted, "%s: %s %s", environment, object.GetKind(), object.GetName())
		}
		assert.Greater(t, looked, 10)
	}
}

func built(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := manifest.Build(folder)
	require.NoError(t, err)
	return objects
}

func typed[T any](t *testing.T, objects []*unstructured.Unstructured, kind string) []*T {
	t.Helper()
	var found []*T
	for _, object := range objects {
		if object.GetKind() != kind {
			continue
		}
		one := new(T)
		require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, one, true), object.GetName())
		found = append(found, one)
	}
	return found
}

// The test asks the API server's own authorizer.
func TestEveryRoleHasTheLeastPrivileges(t *testing.T) {
	objects := built(t, policiesFolder)
	_, roles := validation.NewTestRuleResolver(
		typed[rbacv1.Role](t, objects, "Role"), typed[rbacv1.RoleBinding](t, objects, "RoleBinding"),
		typed[rbacv1.ClusterRole](t, objects, "ClusterRole"), typed[rbacv1.ClusterRoleBinding](t, objects, "ClusterRoleBinding"))
	rights := rbac.New(roles, roles, roles, roles)

	everywhere := []string{"dev", "staging", "prod"}
	notProduction := []string{"dev", "staging"}
	cluster := []string{""}
	none := []string{}
	for _, one := range []struct {
		verb, group, resource, subresource string
		developers, releasers              []string
		onCall, auditors                   []string
	}{
		{"list", "serving.knative.dev", "services", "", notProduction, everywhere, everywhere, everywhere},
		{"get", "", "pods", "", notProduction, everywhere, everywhere, everywhere},
		{"list", "", "events", "", notProduction, everywhere, everywhere, everywhere},
		{"get", "", "pods", "log", notProduction, none, everywhere, everywhere},
		{"delete", "", "pods", "", none, none, everywhere, none},
		{"list", "networking.k8s.io", "networkpolicies", "", none, none, none, everywhere},
		{"list", "rbac.authorization.k8s.io", "rolebindings", "", none, none, none, everywhere},
		{"list", "admissionregistration.k8s.io", "validatingadmissionpolicies", "", none, none, none, cluster},
		{"list", "rbac.authorization.k8s.io", "clusterrolebindings", "", none, none, none, cluster},

		{"get", "", "secrets", "", none, none, none, none},
		{"list", "", "secrets", "", none, none, none, none},
		{"create", "", "pods", "exec", none, none, none, none},
		{"get", "", "pods", "exec", none, none, none, none},
		{"create", "", "pods", "portforward", none, none, none, none},
		{"create", "", "pods", "attach", none, none, none, none},
		{"update", "", "pods", "ephemeralcontainers", none, none, none, none},
		{"create", "", "serviceaccounts", "token", none, none, none, none},
		{"create", "", "pods", "", none, none, none, none},
		{"patch", "serving.knative.dev", "services", "", none, none, none, none},
		{"deletecollection", "", "pods", "", none, none, none, none},
		{"delete", "serving.knative.dev", "services", "", none, none, none, none},
		{"patch", "", "configmaps", "", none, none, none, none},
		{"patch", "networking.k8s.io", "networkpolicies", "", none, none, none, none},
		{"create", "rbac.authorization.k8s.io", "rolebindings", "", none, none, none, none},
		{"impersonate", "", "groups", "", none, none, none, none},
	} {
		for group, wanted := range map[string][]string{
			"developers": one.developers, "releasers": one.releasers, "on-call": one.onCall, "auditors": one.auditors,
		} {
			granted := []string{}
			for _, environment := range append(cluster, everywhere...) {
				attributes := authorizer.AttributesRecord{
					User: &user.DefaultInfo{Name: "someone", Groups: []string{"sequential-questioning:" + group}},
					Verb: one.verb, APIGroup: one.group, APIVersion: "v1", Resource: one.resource, Subresource: one.subresource, ResourceRequest: true,
				}
				if environment != "" {
					attributes.Namespace = "sequential-questioning-" + environment
				}
				decision, _, err := rights.Authorize(context.Background(), attributes)
				require.NoError(t, err)
				if decision == authorizer.DecisionAllow {
					granted = append(granted, environment)
				}
			}
			if len(wanted) == 1 && wanted[0] == "" {
				assert.Contains(t, granted, "", "%s: %s %s/%s", group, one.verb, one.resource, one.subresource)
				continue
			}
			assert.Equal(t, wanted, granted, "%s: %s %s/%s", group, one.verb, one.resource, one.subresource)
		}
	}
}
