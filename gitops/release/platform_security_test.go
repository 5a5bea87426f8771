package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
)

const knativeVersion = "1.23.0"

// The test uses the API server's code. Of third parties it checks the manifests in their
// modules.
func TestEveryPodMeetsItsNamespacesSecurityStandard(t *testing.T) {
	t.Parallel()
	p := readPlatform(t)
	levels := map[string]api.Level{}
	for _, object := range p.own["platform-namespaces"] {
		if object.GetKind() == "Namespace" {
			level, err := api.ParseLevel(object.GetLabels()[api.EnforceLevelLabel])
			require.NoError(t, err, object.GetName())
			levels[object.GetName()] = level
		}
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)

	checked := map[string]int{}
	check := func(namespace string, object *unstructured.Unstructured) {
		template, ok := podTemplate(t, object)
		if !ok {
			return
		}
		require.Contains(t, levels, namespace, manifest.Title(object))
		checked[namespace]++
		version := api.LevelVersion{Level: levels[namespace], Version: api.LatestVersion()}
		result := policy.AggregateCheckResults(evaluator.EvaluatePod(version, &template.ObjectMeta, &template.Spec))
		assert.True(t, result.Allowed, "%s in %s: %s", manifest.Title(object), namespace, result.ForbiddenDetail())
	}
	for _, objects := range p.own {
		for _, object := range objects {
			check(object.GetNamespace(), object)
		}
	}
	knative := filepath.Join(module(t, "knative.dev/operator"), "cmd", "operator", "kodata")
	cloudnative := module(t, "github.com/cloudnative-pg/cloudnative-pg")
	for _, source := range []struct{ namespace, pattern string }{
		{"knative-serving", knative + "/knative-serving/" + knativeVersion + "/*.yaml"},
		{"knative-serving", knative + "/ingress/1.23/kourier/*.yaml"},
		{"knative-eventing", knative + "/knative-eventing/" + knativeVersion + "/*.yaml"},
		{"cnpg-system", cloudnative + "/releases/cnpg-1.30.0.yaml"},
		{"cnpg-system", module(t, "github.com/cloudnative-pg/plugin-barman-cloud") + "/manifest.yaml"},
	} {
		files, err := filepath.Glob(source.pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			for _, object := range readDocuments(t, file) {
				check(source.namespace, object)
			}
		}
	}
	for _, namespace := range []string{"databases", "external-dns", "cnpg-system", "knative-serving", "knative-eventing"} {
		assert.Positive(t, checked[namespace], namespace)
	}
}

func TestEveryNamespaceIsCreatedFirst(t *testing.T) {
	t.Parallel()
	p := readPlatform(t)
	made := set{}
	// Argo CD's namespace, and those of the functions, which policies/environments creates.
	made.add("argocd", "sequential-questioning-dev", "sequential-questioning-staging", "sequential-questioning-prod")
	for _, object := range p.own["platform-namespaces"] {
		if object.GetKind() == "Namespace" {
			made.add(object.GetName())
		}
	}
	for _, application := range p.applications {
		assert.Contains(t, made, application.Spec.Destination.Namespace, application.Name)
	}
	for _, object := range p.objects() {
		if object.GetNamespace() != "" {
			assert.Contains(t, made, object.GetNamespace(), manifest.Title(object))
		}
	}
}

func TestOnlyTheNamedFlowsReachTheDatabases(t *testing.T) {
	t.Parallel()
	deny := readPlatform(t).object(t, "platform-namespaces", "NetworkPolicy", "default-deny")
	assert.Equal(t, "databases", deny.GetNamespace())
	assert.Equal(t, map[string]any{"podSelector": map[string]any{}, "policyTypes": []any{"Ingress", "Egress"}}, deny.Object["spec"])
}

// Every place that has the domain takes it from the owner's file.
func TestTheDomainIsTheOwners(t *testing.T) {
	t.Parallel()
	mine, err := owner.Read(repositoryRoot)
	require.NoError(t, err)
	const folder, prod = "gitops/platform/knative", "sequential-questioning-prod"
	domain := mine.Values["domain"]
	has(t, objectOf(t, folder, "DomainMapping", domain), map[string]string{".spec.ref.name": "gateway", ".metadata.namespace": prod})
	has(t, objectOf(t, folder, "ClusterDomainClaim", domain), map[string]string{".spec.namespace": prod})
	has(t, objectOf(t, folder, "KnativeEventing", "knative-eventing"), map[string]string{".spec.version": knativeVersion})
	has(t, objectOf(t, folder, "KnativeServing", "knative-serving"), map[string]string{
		".spec.version": knativeVersion, `.spec.services[*].annotations.external-dns\.alpha\.kubernetes\.io/hostname`: domain,
	})
}

func podTemplate(t *testing.T, object *unstructured.Unstructured) (template corev1.PodTemplateSpec, ok bool) {
	t.Helper()
	path := []string{"spec", "template"}
	switch object.GetKind() {
	case "Deployment", "StatefulSet", "DaemonSet", "Job":
	case "CronJob":
		path = []string{"spec", "jobTemplate", "spec", "template"}
	default:
		return template, false
	}
	fields := values[map[string]any](t, object.Object, path...)
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &template), manifest.Title(object))
	return template, true
}
