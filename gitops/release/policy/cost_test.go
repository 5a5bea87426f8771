package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestLargeObjectsStayWithinTheCostThatTheAPIServerAllows(t *testing.T) {
	one := caseNamed(t, "secrets", "pass-reference")
	large := one.request.object.DeepCopy()
	containers, _, err := unstructured.NestedSlice(large.Object, "spec", "template", "spec", "containers")
	require.NoError(t, err)
	var variables []any
	for i := range 100 {
		variables = append(variables, map[string]any{"name": fmt.Sprintf("SETTING_%d", i), "value": strings.Repeat("value ", 50)})
	}
	var many []any
	for i := range 10 {
		container := (&unstructured.Unstructured{Object: containers[0].(map[string]any)}).DeepCopy().Object
		container["name"] = fmt.Sprintf("container-%d", i)
		container["env"] = variables
		many = append(many, container)
	}
	require.NoError(t, unstructured.SetNestedSlice(large.Object, many, "spec", "template", "spec", "containers"))
	assert.Empty(t, admit(t, request{object: large}))

	smaller := large.DeepCopy()
	require.NoError(t, unstructured.SetNestedField(smaller.Object, int64(7), "spec", "template", "spec", "timeoutSeconds"))
	assert.Empty(t, admit(t, request{object: large, old: smaller}))
}
