package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
	for _, object := range readPlatform(t).own["platform-namespaces"] {
		if object.GetKind() != "NetworkPolicy" || object.GetName() != "default-deny" {
			continue
		}
		assert.Equal(t, "databases", object.GetNamespace())
		assert.Equal(t, map[string]any{"podSelector": map[string]any{}, "policyTypes": []any{"Ingress", "Egress"}}, object.Object["spec"])
		return
	}
	assert.Fail(t, "no default-deny")
}

// Every place that has the domain takes it from the owner's file.
func TestTheDomainIsTheOwners(t *testing.T) {
	t.Parallel()
	mine, err := owner.Read(repositoryRoot)
	require.NoError(t, err)
	domain, seen := mine.Values["domain"], set{}
	for _, object := range readPlatform(t).own["platform-knative"] {
		seen.add(object.GetKind())
		switch object.GetKind() {
		case "DomainMapping":
			assert.Equal(t, domain, object.GetName())
			assert.Equal(t, "gateway", values[string](t, object.Object, "spec", "ref", "name"))
			assert.Equal(t, "sequential-questioning-prod", object.GetNamespace())
		case "ClusterDomainClaim":
			assert.Equal(t, domain, object.GetName())
			assert.Equal(t, "sequential-questioning-prod", values[string](t, object.Object, "spec", "namespace"))
		case "KnativeServing":
			assert.Equal(t, knativeVersion, values[string](t, object.Object, "spec", "version"))
			for _, service := range values[[]any](t, object.Object, "spec", "services") {
				assert.Equal(t, domain, values[string](t, service.(map[string]any), "annotations", "external-dns.alpha.kubernetes.io/hostname"))
			}
		case "KnativeEventing":
			assert.Equal(t, knativeVersion, values[string](t, object.Object, "spec", "version"))
		}
	}
	assert.Subset(t, seen.sorted(), []string{"ClusterDomainClaim", "DomainMapping", "KnativeEventing", "KnativeServing"})
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
	decodeInto(t, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "PodTemplate", "template": fields,
	}}, &struct {
		metav1.TypeMeta `json:",inline"`
		Template        *corev1.PodTemplateSpec `json:"template"`
	}{Template: &template})
	return template, true
}
