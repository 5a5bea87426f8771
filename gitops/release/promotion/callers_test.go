package promotion

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// function returns a Knative Service of a component with environment variables.
func function(t *testing.T, name, component, environment string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal(fmt.Appendf(nil, `{apiVersion: serving.knative.dev/v1, kind: Service,
		metadata: {name: %s, labels: {app.kubernetes.io/component: %s}},
		spec: {template: {spec: {containers: [{env: [%s]}]}}}}`, name, component, environment), &object.Object))
	return object
}

// settings converts NAME=value pairs to environment variables.
func settings(pairs ...string) string {
	var variables []string
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		variables = append(variables, fmt.Sprintf("{name: %s, value: %q}", name, value))
	}
	return strings.Join(variables, ", ")
}

const (
	issuer   = "OAUTH_ISSUER=https://login.acme.dev"
	resource = "OAUTH_RESOURCE=https://questions.acme.dev/mcp"
	open     = "ALLOW_UNAUTHENTICATED=true"
)

// refusals returns the broken rules of one gateway and one tool.
func refusals(t *testing.T, gateway, tool string) []string {
	t.Helper()
	return Callers(t.Context(), "", []*unstructured.Unstructured{
		function(t, "ask", "tool", tool), function(t, "gateway", "gateway", gateway), function(t, "relay", "eventing", ""),
	})
}

func TestAnOverlaySetsAnIssuerOrExplicitlyAllowsEverybody(t *testing.T) {
	for _, said := range []string{
		settings(issuer, resource),
		settings(issuer, resource, "OAUTH_SCOPE=questions", "ALLOW_UNAUTHENTICATED=false"),
		settings(open),
		settings("ALLOW_UNAUTHENTICATED=1"),
		settings("OAUTH_ISSUER=https://issuer.example.com", issuer, resource), // the last counts
	} {
		assert.Empty(t, refusals(t, said, said), said)
	}
}

func TestAnOverlayWithoutASettingForCallersIsRefused(t *testing.T) {
	for wanted, said := range map[string]string{
		"neither OAUTH_ISSUER nor ALLOW_UNAUTHENTICATED=true is set (ask, gateway)":  "",
		"neither OAUTH_ISSUER nor ALLOW_UNAUTHENTICATED=true is set":                 settings("ALLOW_UNAUTHENTICATED=false", resource),
		`ALLOW_UNAUTHENTICATED is "yes", neither true nor false`:                     settings("ALLOW_UNAUTHENTICATED=yes"),
		"OAUTH_ISSUER and ALLOW_UNAUTHENTICATED=true contradict each other":          settings(issuer, resource, open),
		`OAUTH_ISSUER is "https://issuer.example.com", a placeholder`:                settings("OAUTH_ISSUER=https://issuer.example.com", resource),
		`OAUTH_ISSUER is "https://login.test:8443", a placeholder`:                   settings("OAUTH_ISSUER=https://login.test:8443", resource),
		`OAUTH_ISSUER is "http://login.acme.dev", not an https address`:              settings("OAUTH_ISSUER=http://login.acme.dev", resource),
		`OAUTH_RESOURCE is "", not an https address`:                                 settings(issuer),
		`OAUTH_RESOURCE is "https://questions.EXAMPLE.com./mcp", a placeholder`:      settings(issuer, "OAUTH_RESOURCE=https://questions.EXAMPLE.com./mcp"),
		"neither OAUTH_ISSUER nor ALLOW_UNAUTHENTICATED=true is set (ask, gateway):": "{name: OAUTH_ISSUER, valueFrom: {secretKeyRef: {name: oauth, key: issuer}}}",
		"in gitops/owner/kustomization.yaml set issuer to the https address of your": "",
	} {
		refused := refusals(t, said, said)
		require.Len(t, refused, 1, said)
		assert.Contains(t, refused[0], wanted)
	}
}

func TestAllFunctionsAcceptTheSameCallers(t *testing.T) {
	for _, other := range []string{
		settings("OAUTH_ISSUER=https://login.other.dev", resource),
		settings(issuer, "OAUTH_RESOURCE=https://other.acme.dev/mcp"),
		settings(issuer, resource, "OAUTH_SCOPE=questions"),
		settings(open),
	} {
		refused := refusals(t, settings(issuer, resource), other)
		require.Len(t, refused, 1, other)
		assert.Contains(t, refused[0], "functions differ in who may call them: ")
		assert.Contains(t, refused[0], " (ask)")
		assert.Contains(t, refused[0], " (gateway)")
	}
	assert.Len(t, refusals(t, settings(issuer, resource), ""), 2, "a function that was left out")
}

// The overlays in git pass, except prod's placeholders, which the installer replaces.
func TestEveryEnvironmentSetsWhoMayCall(t *testing.T) {
	for _, environment := range []string{"dev", "staging", "prod"} {
		objects, err := manifest.Build("../../overlays/" + environment)
		require.NoError(t, err)
		for _, broken := range Callers(t.Context(), "", objects) {
			assert.Equal(t, "prod", environment, broken)
			assert.Contains(t, broken, ", a placeholder")
		}
	}
}
