package policy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
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
	policies := loaded(t)
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
				violations, err := policies.Admit(t.Context(), Request{Object: whole}, ourNamespace(), parameterMap())
				require.NoError(t, err)
				if policy == "" {
					require.Empty(t, violations)
					return
				}
				require.NotEmpty(t, violations)
				for _, violation := range violations {
					assert.Equal(t, "sequential-questioning-"+policy, violation.Policy)
					assert.GreaterOrEqual(t, violation.Validation, 0, violation.Message)
					assert.Equal(t, kind.kind+" "+namespaceName+"/x", violation.Object)
				}
			})
		}
	}
}

func TestMissingParametersDeny(t *testing.T) {
	one := caseNamed(t, "scale", "pass-service")
	violations, err := loaded(t).Admit(t.Context(), one.request, ourNamespace())
	require.NoError(t, err)
	require.Len(t, violations, 2)
	for _, violation := range violations {
		assert.Contains(t, violation.Message, "no params found for policy binding with `Deny` parameterNotFoundAction")
		assert.Contains(t, []string{"sequential-questioning-images", "sequential-questioning-scale"}, violation.Policy)
	}
}

func TestParametersOfAnotherNamespaceAreIgnored(t *testing.T) {
	one := caseNamed(t, "scale", "pass-service")
	elsewhere := parameterMap()
	elsewhere.SetNamespace("sequential-questioning-prod")
	violations, err := loaded(t).Admit(t.Context(), one.request, ourNamespace(), elsewhere)
	require.NoError(t, err)
	assert.Len(t, violations, 2)
}

func TestNamespacesWithoutTheLabelAreNotChecked(t *testing.T) {
	one := caseNamed(t, "images", "fail-tag")
	violations, err := loaded(t).Admit(t.Context(), one.request, namespaced(nil))
	require.NoError(t, err)
	assert.Empty(t, violations)
}

func TestAnUnknownNamespaceIsAnError(t *testing.T) {
	one := caseNamed(t, "images", "fail-tag")
	_, err := loaded(t).Admit(t.Context(), one.request)
	assert.EqualError(t, err, "check Service sequential-questioning-dev/ask: unknown namespace sequential-questioning-dev: pass its Namespace object")
}

func TestViolatingObjectsCanBeDeletedAndReportTheirStatus(t *testing.T) {
	one := caseNamed(t, "images", "fail-tag")
	wrong := one.request.Object
	changed := wrong.DeepCopy()
	changed.SetGeneration(7)
	for name, request := range map[string]Request{
		"delete":                   {Old: wrong},
		"status":                   {Object: changed, Old: wrong, Subresource: "status"},
		"scale":                    {Object: changed, Old: wrong, Subresource: "scale"},
		"a kind without a binding": {Object: object(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: "+namespaceName+"}")},
	} {
		t.Run(name, func(t *testing.T) {
			violations, err := loaded(t).Admit(t.Context(), request, one.others...)
			require.NoError(t, err)
			assert.Empty(t, violations)
		})
	}
}

func TestAnUpdateOfAViolatingObjectMustFixIt(t *testing.T) {
	one := caseNamed(t, "images", "fail-tag")
	changed := one.request.Object.DeepCopy()
	require.NoError(t, unstructured.SetNestedField(changed.Object, int64(7), "spec", "template", "spec", "timeoutSeconds"))
	violations, err := loaded(t).Admit(t.Context(), Request{Object: changed, Old: one.request.Object}, one.others...)
	require.NoError(t, err)
	assert.Equal(t, one.messages, messages(violations))
}

func TestOnlyTheClustersOwnControllersAreExempt(t *testing.T) {
	one := caseNamed(t, "images", "fail-tag")
	for user, leftOut := range map[string]bool{
		"system:serviceaccount:kube-system:replicaset-controller": true,
		"system:serviceaccount:kube-system:job-controller":        true,
		"system:kube-controller-manager":                          true,
		"system:serviceaccount:knative-serving:controller":        true,
		"system:serviceaccount:knative-serving:default":           false,
		"system:serviceaccount:kube-system-2:controller":          false,
		"system:admin": false,
		Deployer:       false,
	} {
		one.request.User = user
		violations, err := loaded(t).Admit(t.Context(), one.request, one.others...)
		require.NoError(t, err)
		assert.Equal(t, leftOut, len(violations) == 0, user)
	}
}

func TestAnOverlayCannotRaiseItsOwnLimits(t *testing.T) {
	policies := *loaded(t)
	policies.others = []*unstructured.Unstructured{ourNamespace(), parameterMap()}
	wide := parameterMap()
	require.NoError(t, unstructured.SetNestedField(wide.Object, "100", "data", "maximumScale"))
	one := caseNamed(t, "scale", "fail-too-large")
	violations, err := policies.Check(t.Context(), []*unstructured.Unstructured{wide, one.request.Object})
	require.NoError(t, err)
	assert.Equal(t, one.messages, messages(violations))
}

// The plugin's dispatcher stops at the first violation, which must be the first of Admit.
func TestTheAPIServersDispatcherAgrees(t *testing.T) {
	policies := loaded(t)
	for _, one := range cases(t) {
		t.Run(one.policy+"/"+one.name, func(t *testing.T) {
			lookup, err := look(one.others)
			require.NoError(t, err)
			attributes, err := one.request.attributes()
			require.NoError(t, err)
			var hooks []validating.PolicyHook
			for _, bound := range policies.bound {
				hooks = append(hooks, validating.PolicyHook{
					Policy: bound.definition, Bindings: bound.bindings, Evaluator: bound.evaluator,
					ParamInformer: lookup.parameters, ParamScope: parameterScope,
				})
			}
			dispatcher := validating.NewDispatcher(nil, lookup.matcher)
			err = dispatcher.Dispatch(t.Context(), attributes, admission.NewObjectInterfacesFromScheme(scheme), hooks)
			if len(one.messages) == 0 {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, "ValidatingAdmissionPolicy '"+one.policy+"' with binding '"+one.policy+"' denied request: "+one.messages[0])
		})
	}
}

const policyManifest = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: small}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations: [{expression: "object.metadata.name != 'x'"}]
`

const bindingManifest = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: small}
spec: {policyName: small, validationActions: [Deny]}
`

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	path := t.TempDir()
	kustomization := "resources:\n"
	for name, content := range files {
		kustomization += "  - " + name + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(path, name), []byte(content), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(path, "kustomization.yaml"), []byte(kustomization), 0o600))
	return path
}

func TestInvalidPoliciesAreRefusedAndNamed(t *testing.T) {
	_, err := Load(folder(t, map[string]string{"policy.yaml": policyManifest, "binding.yaml": bindingManifest}))
	require.NoError(t, err)
	for name, one := range map[string]struct {
		policy, binding string
		wanted          []string
	}{
		"an expression that does not compile": {
			policy: strings.Replace(policyManifest, "object.metadata.name != 'x'", "objekt.metadata.name != 'x'", 1), binding: bindingManifest,
			wanted: []string{"ValidatingAdmissionPolicy small", "spec.validations[0].expression", "objekt.metadata.name", "undeclared reference to 'objekt'"},
		},
		"an expression that is not boolean": {
			policy: strings.Replace(policyManifest, "object.metadata.name != 'x'", "1 + 1", 1), binding: bindingManifest,
			wanted: []string{"ValidatingAdmissionPolicy small", "must evaluate to bool"},
		},
		"a field that does not exist": {
			policy: strings.Replace(policyManifest, "validations:", "checks:", 1), binding: bindingManifest,
			wanted: []string{"ValidatingAdmissionPolicy small", `unknown field "spec.checks"`},
		},
		"a binding that does nothing": {
			policy: policyManifest, binding: strings.Replace(bindingManifest, "[Deny]", "[]", 1),
			wanted: []string{"ValidatingAdmissionPolicyBinding small", "spec.validationActions: Required value"},
		},
		"a policy without a binding": {
			policy:  policyManifest,
			binding: strings.Replace(bindingManifest, "policyName: small", "policyName: other", 1),
			wanted:  []string{"policy small: it has no binding", "binding small: spec.policyName: there is no policy other"},
		},
		"parameters that are not a ConfigMap": {
			policy: strings.Replace(policyManifest, "spec:", "spec:\n  paramKind: {apiVersion: v1, kind: Secret}", 1), binding: bindingManifest,
			wanted: []string{"policy small: spec.paramKind: parameters must be a v1 ConfigMap, not a Secret of v1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(folder(t, map[string]string{"policy.yaml": one.policy, "binding.yaml": one.binding}))
			for _, wanted := range one.wanted {
				assert.ErrorContains(t, err, wanted)
			}
		})
	}
}

func TestAFailingExpressionDeniesUnlessFailuresAreIgnored(t *testing.T) {
	failing := strings.Replace(policyManifest, "object.metadata.name != 'x'", "object.spec.nothing == 'x'", 1)
	pod := object(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: "+namespaceName+"}\nspec: {containers: []}")
	for policy, denied := range map[string]bool{failing: true, strings.Replace(failing, "spec:", "spec:\n  failurePolicy: Ignore", 1): false} {
		policies, err := Load(folder(t, map[string]string{"policy.yaml": policy, "binding.yaml": bindingManifest}))
		require.NoError(t, err)
		violations, err := policies.Admit(t.Context(), Request{Object: pod}, ourNamespace())
		require.NoError(t, err)
		if !denied {
			require.Empty(t, violations)
			continue
		}
		require.Len(t, violations, 1)
		assert.Contains(t, violations[0].Message, "no such key: nothing")
		assert.Equal(t, -1, violations[0].Validation)
	}
}

func TestATooExpensiveExpressionDenies(t *testing.T) {
	numbers, err := json.Marshal(make([]int, 500))
	require.NoError(t, err)
	expensive := strings.Replace(policyManifest, "object.metadata.name != 'x'",
		"variables.n.all(a, variables.n.all(b, variables.n.all(c, a + b + c == 0)))", 1)
	expensive = strings.Replace(expensive, "  validations:", "  variables: [{name: n, expression: \""+string(numbers)+"\"}]\n  validations:", 1)
	policies, err := Load(folder(t, map[string]string{"policy.yaml": expensive, "binding.yaml": bindingManifest}))
	require.NoError(t, err)
	pod := object(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: z, namespace: "+namespaceName+"}\nspec: {containers: []}")
	violations, err := policies.Admit(t.Context(), Request{Object: pod}, ourNamespace())
	require.NoError(t, err)
	require.Len(t, violations, 1)
	assert.Contains(t, violations[0].Message, "cost")
}

func TestEveryFileIsInTheKustomization(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(admissionFolder, "*.yaml"))
	require.NoError(t, err)
	assert.Len(t, loaded(t).bound, len(files)-1, "one policy a file, and the kustomization lists it")
	for _, bound := range loaded(t).bound {
		assert.Equal(t, admissionv1.Fail, *bound.definition.Spec.FailurePolicy)
		for _, binding := range bound.bindings {
			assert.Equal(t, []admissionv1.ValidationAction{admissionv1.Deny}, binding.Spec.ValidationActions)
		}
	}
}
