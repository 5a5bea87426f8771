package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

const inCluster = "https://kubernetes.default.svc"

// Kinds that third-party charts and manifests render, at their versions and with our
// values.
var othersKinds = map[string][]string{
	"platform-sealed-secrets": {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount",
		"Service", "Deployment"},
	"platform-cert-manager": {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount",
		"Service", "Deployment", "Job", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"},
	"platform-prometheus-operator": {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "ServiceAccount", "Service", "Deployment"},
	"platform-knative-operator": {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount",
		"Service", "Deployment", "ConfigMap", "Secret"},
	"platform-cloudnative-pg": {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "ServiceAccount", "Service", "Deployment",
		"ConfigMap", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"},
	"platform-barman-cloud": {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount",
		"Service", "Deployment", "ConfigMap", "Certificate", "Issuer"},
}

var groups = map[string]string{
	"CustomResourceDefinition": "apiextensions.k8s.io", "ClusterRole": "rbac.authorization.k8s.io", "ClusterRoleBinding": "rbac.authorization.k8s.io",
	"Role": "rbac.authorization.k8s.io", "RoleBinding": "rbac.authorization.k8s.io", "ServiceAccount": "", "Service": "", "ConfigMap": "", "Secret": "",
	"Deployment": "apps", "Job": "batch", "MutatingWebhookConfiguration": "admissionregistration.k8s.io",
	"ValidatingWebhookConfiguration": "admissionregistration.k8s.io", "Certificate": "cert-manager.io", "Issuer": "cert-manager.io",
}

var clusterScoped = []string{"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration",
	"ValidatingWebhookConfiguration", "ClusterIssuer", "ClusterDomainClaim", "PriorityClass", "APIService"}

// Kinds of optional objects: secrets/kustomization.yaml and
// postgres/prod/kustomization.yaml.
var optionalKinds = []string{"SealedSecret of bitnami.com", "Pooler of postgresql.cnpg.io"}

func TestTheProjectPermitsExactlyTheKindsThatAreUsed(t *testing.T) {
	t.Parallel()
	p := readPlatform(t)
	cluster, namespaced, repositories, destinations := set{}, set{}, set{}, set{}
	use := func(group, kind string) {
		if slices.Contains(clusterScoped, kind) {
			cluster.add(kind + " of " + group)
		} else {
			namespaced.add(kind + " of " + group)
		}
	}
	namespaced.add(optionalKinds...)
	// `operate secrets generate` seals for the functions of each environment.
	for _, environment := range []string{"dev", "staging", "prod"} {
		destinations.add("sequential-questioning-" + environment)
	}
	for _, application := range p.applications {
		require.Equal(t, platformProject, application.Spec.Project, application.Name)
		assert.Equal(t, inCluster, application.Spec.Destination.Server, application.Name)
		repositories.add(application.Spec.Source.RepoURL)
		destinations.add(application.Spec.Destination.Namespace)
		if application.Spec.Source.RepoURL == ownRepository {
			continue
		}
		require.Contains(t, othersKinds, application.Name)
		for _, kind := range othersKinds[application.Name] {
			require.Contains(t, groups, kind)
			use(groups[kind], kind)
		}
	}
	for _, objects := range p.own {
		for _, object := range objects {
			use(object.GroupVersionKind().Group, object.GetKind())
			if namespace := object.GetNamespace(); namespace != "" {
				destinations.add(namespace)
			}
		}
	}

	permitted := set{}
	for _, destination := range p.project.Spec.Destinations {
		assert.Equal(t, inCluster, destination.Server)
		permitted.add(destination.Namespace)
	}
	assert.Equal(t, destinations.sorted(), permitted.sorted())
	permitted = set{}
	permitted.add(p.project.Spec.SourceRepos...)
	assert.Equal(t, repositories.sorted(), permitted.sorted())
	assert.Equal(t, cluster.sorted(), kinds(p.project.Spec.ClusterResourceWhitelist))
	assert.Equal(t, namespaced.sorted(), kinds(p.project.Spec.NamespaceResourceWhitelist))
}

func TestAKindIsPermittedOnlyInItsScope(t *testing.T) {
	t.Parallel()
	// Argo CD treats a kind with a namespace as namespaced.
	for _, objects := range readPlatform(t).own {
		for _, object := range objects {
			assert.NotEqual(t, slices.Contains(clusterScoped, object.GetKind()), object.GetNamespace() != "", manifest.Title(object))
		}
	}
}

func kinds(list []metav1.GroupKind) []string {
	all := set{}
	for _, each := range list {
		all.add(each.Kind + " of " + each.Group)
	}
	return all.sorted()
}

type set map[string]bool

func (s set) add(all ...string) {
	for _, each := range all {
		s[each] = true
	}
}

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }
