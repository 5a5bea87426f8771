package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Environment returns shell commands that set the cluster's environment variables.
// The variables name folders and addresses, so they are valid until the cluster is removed.
func Environment(s *Settings) (string, error) {
	content, err := os.ReadFile(s.state("env"))
	if err != nil {
		return "", fmt.Errorf("cluster %s is not running: %w", s.Name, err)
	}
	return string(content), nil
}

// writeEnvironment writes the variables that tests and people read. Values are
// quoted for a shell.
// The file has Argo CD's password and token, so only its owner may read it.
func (c *cluster) writeEnvironment() error {
	lines := [][2]string{
		{"KUBECONFIG", c.state("pki", "admin.kubeconfig")},
		{"PATH", c.binary("path") + ":$PATH"},
		{"CLUSTER_DOMAIN", domain},
		{"CLUSTER_HELLO_IMAGE", c.saved.Images["cluster/hello"]},
		{"CLUSTER_HOST", c.addresses.Host.String()},
		{"CLUSTER_INGRESS", c.addresses.ingress()},
		{"CLUSTER_LOGS", c.state("logs")},
		{"CLUSTER_REGISTRY", c.addresses.registry()},
	}
	if c.saved.Token != "" {
		lines = append(lines, [][2]string{
			{"ARGOCD_SERVER", c.addresses.argocd()},
			{"ARGOCD_OPTS", "--plaintext"},
			{"ARGOCD_PLAINTEXT", "true"},
			{"ARGOCD_USERNAME", argocdUser},
			{"ARGOCD_PASSWORD", c.saved.Password},
			{"ARGOCD_AUTH_TOKEN", c.saved.Token},
			{"ARGOCD_GPG_KEYS", c.state("argocd", "gpg", "source")},
		}...)
	}
	var content strings.Builder
	for _, line := range lines {
		// Double quotes, because the shell has to expand $PATH.
		fmt.Fprintf(&content, "export %s=%q\n", line[0], line[1])
	}
	return os.WriteFile(c.state("env"), []byte(content.String()), 0o600)
}

// Usage returns instructions to use a cluster.
// It is empty if there is no cluster. Commands are complete: each can be pasted as it is.
func Usage(s *Settings) (string, error) {
	c, err := load(s)
	if err != nil || c == nil {
		return "", err
	}
	environment, err := Environment(s)
	if err != nil {
		return "", err
	}
	usage := fmt.Sprintf(`
%s
Try:
  . %s
  kubectl create -f - <<'END'
  {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "hello"},
   "spec": {"template": {"spec": {"containers": [{"image": "%s"}]}}}}
  END
  kubectl wait --for=condition=Ready ksvc/hello
  curl -H 'Host: hello.default.%s' %s
`, environment, s.state("env"), c.saved.Images["cluster/hello"], domain, c.addresses.ingress())
	if c.saved.Token != "" {
		usage += "  argocd account get-user-info\n"
		usage += "\nDeploy this checkout, change, promote and roll it back (docs/first_hour.md):\n"
		if !slices.Contains(c.saved.Steps, eventingReady) {
			usage += "  make cluster ARGS=--eventing\n"
		}
		usage += "  . <(.bin/cluster-command env)\n  make deploy\n"
	}
	return usage, nil
}

// Status describes a cluster's components. It returns an error if the cluster is not
// running.
// The text is complete even with an error, because that is when somebody reads it.
func Status(ctx context.Context, s *Settings) (string, error) {
	c, err := load(s)
	if err != nil {
		return "", err
	}
	if c == nil {
		return "", fmt.Errorf("cluster %s is not running", s.Name)
	}
	components, err := c.node.components(ctx)
	if err != nil {
		return "", fmt.Errorf("the node of %s does not respond: %w", s.Name, err)
	}
	var status strings.Builder
	var down []error
	for _, component := range components {
		state := "running"
		if component.PID == 0 {
			state = "ended"
			down = append(down, fmt.Errorf("%s ended %s", component.Name, component.Ended))
		}
		fmt.Fprintf(&status, "%-32s%-10s", component.Name, state)
		if component.Exits > 0 {
			fmt.Fprintf(&status, "ended %d times, last %s", component.Exits, component.Ended)
		}
		status.WriteString("\n")
	}
	pods, err := c.kubectl(ctx, "", "get", "pods", "--all-namespaces")
	fmt.Fprintf(&status, "\n%s\n", pods)
	return status.String(), errors.Join(append(down, err)...)
}
