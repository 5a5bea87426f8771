// Package delivery deploys this checkout to a cluster as operators do: only with git,
// release and Argo CD.
//
// It knows nothing of how a cluster is made: any with Knative, Argo CD and a registry will do,
// described by environment variables (Cluster). Begin with Deploy.
package delivery

import (
	"errors"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/settings"
)

// Cluster describes a cluster with Knative and Argo CD, and how this machine and the
// cluster reach each other. docs/e2e.md explains each variable.
type Cluster struct {
	Kubeconfig string `env:"KUBECONFIG"`
	Registry   string `env:"CLUSTER_REGISTRY"`    // host:port over plain HTTP, for this machine and the nodes
	Ingress    string `env:"CLUSTER_INGRESS"`     // URL of Knative's public ingress
	Domain     string `env:"CLUSTER_DOMAIN"`      // of public routes: name.namespace.domain
	Host       string `env:"CLUSTER_HOST"`        // address at which the cluster reaches this machine
	Hello      string `env:"CLUSTER_HELLO_IMAGE"` // a bare HTTP server, to compare with
	ArgoCD     string `env:"ARGOCD_SERVER"`
	Token      string `env:"ARGOCD_AUTH_TOKEN"` // of an administrator
	Plaintext  bool   `env:"ARGOCD_PLAINTEXT"`
}

// FromEnvironment reads what `cluster env` prints. All that are missing are named at
// once.
// It does not connect, so a wrong address shows at the first use.
func FromEnvironment() (Cluster, error) {
	var c Cluster
	if err := settings.Parse(&c); err != nil {
		return c, err
	}
	var missing []string
	for name, value := range map[string]string{
		"KUBECONFIG": c.Kubeconfig, "CLUSTER_REGISTRY": c.Registry, "CLUSTER_INGRESS": c.Ingress,
		"CLUSTER_DOMAIN": c.Domain, "CLUSTER_HOST": c.Host, "CLUSTER_HELLO_IMAGE": c.Hello,
		"ARGOCD_SERVER": c.ArgoCD, "ARGOCD_AUTH_TOKEN": c.Token,
	} {
		if value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return c, errors.New("not set: " + strings.Join(missing, ", ") + "; `make e2e` starts a cluster and sets them; docs/e2e.md explains them for another cluster")
	}
	return c, nil
}
