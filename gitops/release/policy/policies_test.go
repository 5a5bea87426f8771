package policy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func object(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	return documents(t, []byte(manifest))[0]
}

func caseNamed(t *testing.T, policy, name string) testCase {
	t.Helper()
	for _, one := range cases(t) {
		if one.policy == "sequential-questioning-"+policy && one.name == name {
			return one
		}
	}
	require.Failf(t, "no such case", "%s/%s", policy, name)
	return testCase{}
}

const goodPod = `
metadata: {labels: {app.kubernetes.io/name: x, app.kubernetes.io/part-of: sequential-questioning}}
spec:
  containers:
    - name: x
      image: ghcr.io/sequential-questioning/x@sha256:3f2a9c1e5b7d4860a1c2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f708192
      resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {cpu: "1", memory: 64Mi}}
      securityContext:
        runAsNonRoot: true
        readOnlyRootFilesystem: true
        allowPrivilegeEscalation: false
        capabilities: {drop: [ALL]}
        seccompProfile: {type: RuntimeDefault}
`

// kinds lists all kinds that create pods, with the path of the pod template.
var kinds = []struct {
	apiVersion, kind string
	template         []string
}{
	{"serving.knative.dev/v1", "Service", []string{"spec", "template"}},
	{"serving.knative.dev/v1", "Configuration", []string{"spec", "template"}},
	{"serving.knative.dev/v1", "Revision", nil},
	{"apps/v1", "Deployment", []string{"spec", "template"}},
	{"apps/v1", "StatefulSet", []string{"spec", "template"}},
	{"apps/v1", "DaemonSet", []string{"spec", "template"}},
	{"apps/v1", "ReplicaSet", []string{"spec", "template"}},
	{"batch/v1", "Job", []string{"spec", "template"}},
	{"batch/v1", "CronJob", []string{"spec", "jobTemplate", "spec", "template"}},
	{"v1", "ReplicationController", []string{"spec", "template"}},
	{"v1", "Pod", nil},
}

func TestEveryPolicyAppliesToEveryKindThatRunsContainers(t *testing.T) {
	container := func(pod map[string]any) map[string]any {
		return pod["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)
	}
	spoil := map[string]func(pod map[string]any){
		"images":     func(pod map[string]any) { container(pod)["image"] = "ghcr.io/sequential-questioning/x:latest" },
		"privileges": func(pod map[string]any) { delete(container(pod), "securityContext") },
		"resources":  func(pod map[string]any) { delete(container(pod), "resources") },
		"secrets": func(pod map[string]any) {
			container(pod)["env"] = []any{map[string]any{"name": "API_KEY", "value": "a"}}
		},
		"labels": func(pod map[string]any) { pod["metadata"].(map[string]any)["labels"] = map[string]any{} },
		"":       func(map[string]any) {},
	}
	for _, kind := range kinds {
		for policy, spoil := range spoil {
			t.Run(kind.kind+"/"+policy, func(t *testing.T) {
				pod := object(t, "apiVersion: v1\nkind: Pod"+goodPod).Object
				pod["metadata"].(map[string]any)["annotations"] = map[string]any{"autoscaling.knative.dev/max-scale": "5"}
				spoil(pod)
				whole := &unstructured.Unstructured{Object: pod}
				if kind.template != nil {
					delete(pod, "apiVersion")
					delete(pod, "kind")
					whole = &unstructured.Unstructured{Object: map[string]any{}}
					require.NoError(t, unstructured.SetNestedMap(whole.Object, pod, kind.template...))
					whole.SetLabels(map[string]string{"app.kubernetes.io/name": "x", "app.kubernetes.io/part-of": "sequential-questioning"})
				}
				whole.SetAPIVersion(kind.apiVersion)
				whole.SetKind(kind.kind)
				whole.SetNamespace(namespaceName)
				whole.SetName("x")
				violations := admit(t, request{object: whole})
				if policy == "" {
					require.Empty(t, violations)
					return
				}
				require.NotEmpty(t, violations)
				for _, violation := range violations {
					assert.Equal(t, "sequential-questioning-"+policy, violation.Policy)
				}
			})
		}
	}
}

func TestWithoutParametersOfItsNamespaceNothingIsAdmitted(t *testing.T) {
	one := caseNamed(t, "scale", "pass-service")
	elsewhere := parameterMap()
	elsewhere.SetNamespace("sequential-questioning-prod")
	for _, others := range [][]*unstructured.Unstructured{{ourNamespace()}, {ourNamespace(), elsewhere}} {
		violations := admit(t, one.request, others...)
		require.Len(t, violations, 1)
		assert.Regexp(t, `'sequential-questioning-(images|scale)'.* no params found for policy binding with .Deny. parameterNotFoundAction`, violations[0].Message)
	}
}

func TestOnlyNamespacesWithTheLabelAreChecked(t *testing.T) {
	one := caseNamed(t, "images", "fail-tag")
	assert.Empty(t, admit(t, one.request, namespaced(nil)))
	violations := admit(t, one.request, parameterMap())
	require.NotEmpty(t, violations)
	assert.Contains(t, violations[0].Message, `namespaces "sequential-questioning-dev" not found`)
}

func TestAnOverlayMayBringItsNamespaceButNotChangeOneOfThePolicies(t *testing.T) {
	wrong := caseNamed(t, "images", "fail-tag").request.object
	for name, violations := range map[string]int{namespaceName: 1, "own": 0} {
		own := namespaced(nil)
		own.SetName(name)
		wrong.SetNamespace(name)
		policies, err := Load(admissionFolder, ourNamespace(), parameterMap())
		require.NoError(t, err)
		found, err := policies.Check(t.Context(), []*unstructured.Unstructured{own, wrong})
		require.NoError(t, err)
		assert.Len(t, found, violations, name)
	}
}

func TestViolatingObjectsCanBeDeletedAndReportTheirStatus(t *testing.T) {
	wrong := caseNamed(t, "images", "fail-tag").request.object
	changed := wrong.DeepCopy()
	changed.SetGeneration(7)
	for name, request := range map[string]request{
		"delete":                   {old: wrong},
		"status":                   {object: changed, old: wrong, subresource: "status"},
		"scale":                    {object: changed, old: wrong, subresource: "scale"},
		"a kind without a binding": {object: object(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: "+namespaceName+"}")},
	} {
		assert.Empty(t, admit(t, request), name)
	}
}

func TestAnUpdateOfAViolatingObjectMustFixIt(t *testing.T) {
	one := caseNamed(t, "images", "fail-tag")
	changed := one.request.object.DeepCopy()
	require.NoError(t, unstructured.SetNestedField(changed.Object, int64(7), "spec", "template", "spec", "timeoutSeconds"))
	assert.Equal(t, one.messages, messages(admit(t, request{object: changed, old: one.request.object})))
}

func TestOnlyTheClustersOwnControllersAreExempt(t *testing.T) {
	one := caseNamed(t, "images", "fail-tag")
	for user, exempt := range map[string]bool{
		"system:serviceaccount:kube-system:replicaset-controller": true,
		"system:serviceaccount:kube-system:job-controller":        true,
		"system:kube-controller-manager":                          true,
		"system:serviceaccount:knative-serving:controller":        true,
		"system:serviceaccount:knative-serving:default":           false,
		"system:serviceaccount:kube-system-2:controller":          false,
		"system:admin": false,
		Deployer:       false,
	} {
		one.request.user = user
		assert.Equal(t, exempt, len(admit(t, one.request)) == 0, user)
	}
}

func TestEveryPolicyDenies(t *testing.T) {
	bindings := typed[admissionv1.ValidatingAdmissionPolicyBinding](t, built(t, admissionFolder), "ValidatingAdmissionPolicyBinding")
	require.NotEmpty(t, bindings)
	for _, binding := range bindings {
		assert.Equal(t, []admissionv1.ValidationAction{admissionv1.Deny}, binding.Spec.ValidationActions, binding.Name)
	}
}

func TestAPolicyThatDoesNotCompileDeniesEverything(t *testing.T) {
	folder := t.TempDir()
	write := func(validations string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte("resources: [policy.yaml]\n"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "policy.yaml"), []byte(`apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: small}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  `+validations+`: [{expression: "objekt.metadata.name != 'x'"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: small}
spec: {policyName: small, validationActions: [Deny]}
`), 0o600))
	}
	write("validations")
	policies, err := Load(folder, ourNamespace())
	require.NoError(t, err)
	violations, err := policies.Check(t.Context(), []*unstructured.Unstructured{object(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: "+namespaceName+"}")})
	require.NoError(t, err)
	require.Len(t, violations, 1)
	assert.Contains(t, violations[0].String(), "Pod sequential-questioning-dev/x: ")
	assert.Contains(t, violations[0].String(), "undeclared reference to 'objekt'")
	write("checks")
	_, err = Load(folder)
	assert.ErrorContains(t, err, `ValidatingAdmissionPolicy small: unknown field "spec.checks"`)
}
