package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

const inCluster = "https://kubernetes.default.svc"

// Kinds that third-party charts and manifests render, at their versions and with our
// values.
var othersKinds = []string{
	"CustomResourceDefinition of apiextensions.k8s.io", "ClusterRole of rbac.authorization.k8s.io", "ClusterRoleBinding of rbac.authorization.k8s.io",
	"Role of rbac.authorization.k8s.io", "RoleBinding of rbac.authorization.k8s.io", "ServiceAccount of ", "Service of ", "ConfigMap of ", "Secret of ",
	"Deployment of apps", "Job of batch", "MutatingWebhookConfiguration of admissionregistration.k8s.io",
	"ValidatingWebhookConfiguration of admissionregistration.k8s.io", "Certificate of cert-manager.io", "Issuer of cert-manager.io",
}

var clusterScoped = []string{"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration",
	"ValidatingWebhookConfiguration", "ClusterIssuer", "ClusterDomainClaim", "PriorityClass", "APIService"}

// Kinds of optional objects: secrets/kustomization.yaml and
// postgres/prod/kustomization.yaml.
var optionalKinds = []string{"SealedSecret of bitnami.com", "Pooler of postgresql.cnpg.io"}

// Kinds that controllers create of the platform's objects. Argo CD shows those that the
// project permits, and without pods there are no logs.
var createdKinds = []string{"ControllerRevision of apps", "ReplicaSet of apps", "Pod of ", "PersistentVolumeClaim of ", "Endpoints of ",
	"EndpointSlice of discovery.k8s.io", "Backup of postgresql.cnpg.io", "CertificateRequest of cert-manager.io"}

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
	for _, other := range othersKinds {
		kind, group, _ := strings.Cut(other, " of ")
		use(group, kind)
	}
	namespaced.add(optionalKinds...)
	namespaced.add(createdKinds...)
	// `operate secrets generate` seals for the functions of each environment.
	for _, environment := range []string{"dev", "staging", "prod"} {
		destinations.add("sequential-questioning-" + environment)
	}
	for _, application := range p.applications {
		require.Equal(t, platformProject, application.Spec.Project, application.Name)
		assert.Equal(t, inCluster, application.Spec.Destination.Server, application.Name)
		repositories.add(application.Spec.Source.RepoURL)
		destinations.add(application.Spec.Destination.Namespace)
	}
	// The project is the same for every choice of the owner.
	repositories.add("https://cloudnative-pg.github.io/charts")
	destinations.add("cnpg-system")
	for _, objects := range p.own {
		for _, object := range objects {
			use(object.GroupVersionKind().Group, object.GetKind())
			if namespace := object.GetNamespace(); namespace != "" {
				destinations.add(namespace)
			}
		}
	}

	assert.NoError(t, p.project.ValidateProject())
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

// Argo CD leaves an object out of its tree, with everything below it, if the project does
// not permit its kind. Then `release status` counts no pods.
func TestArgoCDSeesFromAFunctionToItsPods(t *testing.T) {
	t.Parallel()
	project := functionsProject(t)
	assert.NoError(t, project.ValidateProject())
	permitted := project.Spec.NamespaceResourceWhitelist
	for _, kind := range []metav1.GroupKind{
		{Group: "serving.knative.dev", Kind: "Service"}, {Group: "serving.knative.dev", Kind: "Configuration"}, {Group: "serving.knative.dev", Kind: "Revision"},
		{Group: "apps", Kind: "Deployment"}, {Group: "apps", Kind: "ReplicaSet"}, {Kind: "Pod"},
	} {
		assert.Contains(t, permitted, kind)
	}
	for _, kind := range []string{"Secret", "Service", "Endpoints"} {
		assert.NotContains(t, permitted, metav1.GroupKind{Kind: kind})
	}
	for _, environment := range []string{"dev", "staging", "prod"} {
		for _, object := range buildFolder(t, "gitops/overlays/"+environment) {
			kind := object.GroupVersionKind()
			assert.Contains(t, permitted, metav1.GroupKind{Group: kind.Group, Kind: kind.Kind})
		}
	}
}

func functionsProject(t *testing.T) (project v1alpha1.AppProject) {
	t.Helper()
	for _, object := range readPlatform(t).root {
		if object.GetKind() == "AppProject" && object.GetName() == "sequential-questioning" {
			decodeInto(t, object, &project)
		}
	}
	return project
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
