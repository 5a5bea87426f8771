package policy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

const (
	admissionFolder = "../../../policies/admission"
	namespaceName   = "sequential-questioning-dev"
)

var load = sync.OnceValues(func() (*Policies, error) { return Load(admissionFolder, ourNamespace(), parameterMap()) })

// A request creates, updates or deletes an object, or writes a subresource such as a pod's
// ephemeralcontainers. Deployer makes it if no user is given.
type request struct {
	object, old       *unstructured.Unstructured
	subresource, user string
}

// admit asks the policies of the folder, in a namespace with parameters, or with others.
func admit(t *testing.T, r request, others ...*unstructured.Unstructured) []validating.ValidationFailureValue {
	t.Helper()
	policies, err := load()
	if others != nil {
		policies, err = Load(admissionFolder, others...)
	}
	require.NoError(t, err)
	var object, old runtime.Object
	operation := admission.Update
	if r.old == nil {
		operation = admission.Create
	} else if old, err = manifest.Complete(r.old); r.object == nil {
		operation = admission.Delete
	}
	require.NoError(t, err)
	subject := cmp.Or(r.object, r.old)
	if r.object != nil {
		object, err = manifest.Complete(r.object)
		require.NoError(t, err)
	}
	resource, _ := meta.UnsafeGuessKindToResource(subject.GroupVersionKind())
	failures, err := policies.admit(t.Context(), admission.NewAttributesRecord(object, old, subject.GroupVersionKind(), subject.GetNamespace(), subject.GetName(),
		resource, r.subresource, operation, nil, false, &user.DefaultInfo{Name: cmp.Or(r.user, Deployer)}))
	require.NoError(t, err)
	return failures
}

func namespaced(labels map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": namespaceName, "labels": labels},
	}}
}

func ourNamespace() *unstructured.Unstructured {
	return namespaced(map[string]any{"sequential-questioning/environment": "dev"})
}

func parameterMap() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "policy-parameters", "namespace": namespaceName},
		"data":     map[string]any{"registries": "ghcr.io/sequential-questioning", "maximumScale": "10"},
	}}
}

// A testCase is one file. The comments at its top describe the request for its last object.
type testCase struct {
	policy, name string
	messages     []string
	request      request
	others       []*unstructured.Unstructured
}

func cases(t *testing.T) []testCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(admissionFolder, "testdata", "*", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var found []testCase
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		one := testCase{
			policy: "sequential-questioning-" + filepath.Base(filepath.Dir(file)),
			name:   strings.TrimSuffix(filepath.Base(file), ".yaml"),
		}
		update := false
		for line := range strings.Lines(string(data)) {
			directive, isComment := strings.CutPrefix(line, "# ")
			if !isComment {
				break
			}
			key, value, _ := strings.Cut(strings.TrimSpace(directive), ": ")
			switch key {
			case "message":
				one.messages = append(one.messages, value)
			case "user":
				one.request.user = value
			case "subresource":
				one.request.subresource = value
			case "update":
				update = value == "true"
			default:
				require.Failf(t, "unknown directive", "%s: %s", file, key)
			}
		}
		objects := documents(t, data)
		one.request.object = objects[len(objects)-1]
		objects = objects[:len(objects)-1]
		if update {
			require.NotEmpty(t, objects, "%s: an update needs the object before it", file)
			one.request.old = objects[len(objects)-1]
			objects = objects[:len(objects)-1]
		}
		if len(objects) > 0 {
			one.others = append(objects, ourNamespace())
		}
		found = append(found, one)
	}
	return found
}

func documents(t *testing.T, data []byte) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); errors.Is(err, io.EOF) {
			require.NotEmpty(t, objects)
			return objects
		} else {
			require.NoError(t, err)
		}
		objects = append(objects, object)
	}
}

func messages(violations []validating.ValidationFailureValue) []string {
	var found []string
	for _, violation := range violations {
		found = append(found, violation.Message)
	}
	return found
}

func TestCasesHaveTheExpectedResult(t *testing.T) {
	passed, failed := map[string]bool{}, map[string]bool{}
	for _, one := range cases(t) {
		t.Run(one.policy+"/"+one.name, func(t *testing.T) {
			violations := admit(t, one.request, one.others...)
			assert.Equal(t, strings.HasPrefix(one.name, "fail-"), len(one.messages) > 0, "a failing case states its message, a passing one has none")
			assert.Equal(t, one.messages, messages(violations))
			passed[one.policy] = passed[one.policy] || len(violations) == 0
			for _, violation := range violations {
				assert.Equal(t, one.policy, violation.Policy, "a case fails by its own policy only")
				failed[fmt.Sprint(violation.Policy, violation.ExpressionIndex)] = true
			}
		})
	}
	policies := typed[admissionv1.ValidatingAdmissionPolicy](t, built(t, admissionFolder), "ValidatingAdmissionPolicy")
	for _, policy := range policies {
		assert.True(t, passed[policy.Name], "policy %s has no passing case", policy.Name)
		assert.Equal(t, admissionv1.Fail, *policy.Spec.FailurePolicy, policy.Name)
		for i, validation := range policy.Spec.Validations {
			assert.True(t, failed[fmt.Sprint(policy.Name, i)], "policy %s: no case fails by %s", policy.Name, validation.Expression)
			assert.NotEmpty(t, validation.Message, "policy %s: %s has no message to fall back to", policy.Name, validation.Expression)
		}
	}
	assert.Len(t, passed, len(policies), "cases of policies that do not exist")
	files, err := filepath.Glob(filepath.Join(admissionFolder, "*.yaml"))
	require.NoError(t, err)
	assert.Len(t, policies, len(files)-1, "one policy a file, and the kustomization lists it")
}
