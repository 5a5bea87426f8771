package policy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	admissionFolder = "../../../policies/admission"
	namespaceName   = "sequential-questioning-dev"
)

var load = sync.OnceValues(func() (*Policies, error) { return Load(admissionFolder) })

func loaded(t *testing.T) *Policies {
	t.Helper()
	policies, err := load()
	require.NoError(t, err)
	return policies
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
	request      Request
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
			others: []*unstructured.Unstructured{ourNamespace(), parameterMap()},
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
				one.request.User = value
			case "subresource":
				one.request.Subresource = value
			case "update":
				update = value == "true"
			default:
				require.Failf(t, "unknown directive", "%s: %s", file, key)
			}
		}
		objects := documents(t, data)
		one.request.Object = objects[len(objects)-1]
		objects = objects[:len(objects)-1]
		if update {
			require.NotEmpty(t, objects, "%s: an update needs the object before it", file)
			one.request.Old = objects[len(objects)-1]
			objects = objects[:len(objects)-1]
		}
		one.others = append(one.others, objects...)
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

func messages(violations []Violation) []string {
	var found []string
	for _, violation := range violations {
		found = append(found, violation.Message)
	}
	return found
}

func TestCasesHaveTheExpectedResult(t *testing.T) {
	policies := loaded(t)
	for _, one := range cases(t) {
		t.Run(one.policy+"/"+one.name, func(t *testing.T) {
			violations, err := policies.Admit(t.Context(), one.request, one.others...)
			require.NoError(t, err)
			assert.Equal(t, strings.HasPrefix(one.name, "fail-"), len(one.messages) > 0, "a failing case states its message, a passing one has none")
			assert.Equal(t, one.messages, messages(violations))
			for _, violation := range violations {
				assert.Equal(t, one.policy, violation.Policy, "a case fails by its own policy only")
			}
		})
	}
}

func TestEveryValidationHasAFailingCaseAndEveryPolicyAPassingOne(t *testing.T) {
	policies := loaded(t)
	passed := map[string]bool{}
	failed := map[string]map[int]bool{}
	for _, one := range cases(t) {
		violations, err := policies.Admit(t.Context(), one.request, one.others...)
		require.NoError(t, err)
		if len(violations) == 0 {
			passed[one.policy] = true
		}
		for _, violation := range violations {
			if failed[violation.Policy] == nil {
				failed[violation.Policy] = map[int]bool{}
			}
			failed[violation.Policy][violation.Validation] = true
		}
	}
	for _, policy := range policies.bound {
		assert.True(t, passed[policy.definition.Name], "policy %s has no passing case", policy.definition.Name)
		for i, validation := range policy.definition.Spec.Validations {
			assert.True(t, failed[policy.definition.Name][i], "policy %s: no case fails by %s", policy.definition.Name, validation.Expression)
			assert.NotEmpty(t, validation.Message, "policy %s: %s has no message to fall back to", policy.definition.Name, validation.Expression)
		}
		delete(passed, policy.definition.Name)
	}
	assert.Empty(t, passed, "cases of policies that do not exist")
}
