package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// object is a JSON object, such as a manifest.
type object = map[string]any

// etcd is reachable from the node only, and therefore without certificates.
const (
	etcdClients = "http://127.0.0.1:2379"
	etcdPeers   = "http://127.0.0.1:2380"
)

// startRegistry starts the registry and pushes the built images, which the node pulls.
// It is the only registry that the node can reach: there is no route to any other.
func (c *cluster) startRegistry(ctx context.Context) error {
	address := c.addresses.registry()
	if err := c.node.start(ctx, Component{Name: "registry", Command: []string{c.binary("knative", "registry"), address, c.state("registry")}}); err != nil {
		return err
	}
	if err := c.node.await(ctx, "registry", time.Minute, func() error { return answers(ctx, "http://"+address+"/v2/") }); err != nil {
		return err
	}
	return c.push(ctx, "serving")
}

// push pushes the images of a layout to the registry and records their names.
// Images are named by digest, so a pod never runs an older image of the same name.
func (c *cluster) push(ctx context.Context, layout string) error {
	pushed, err := run(ctx, exec.Command(c.binary("knative", "images"), "push", c.binary("images", layout), c.addresses.registry(), c.state("registry")))
	if err != nil {
		return inComponent("registry", err)
	}
	for line := range strings.Lines(pushed) {
		if repository, digest, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			c.saved.Images[repository] = fmt.Sprintf("%s/%s@%s", c.addresses.registry(), repository, digest)
		}
	}
	return c.save()
}

// startControlPlane returns when the API server is ready.
// etcd does not sync to disk: a cluster does not outlive its machine, and starts are much
// faster. The controllers start once it serves, so that errors in their logs mean something.
func (c *cluster) startControlPlane(ctx context.Context) error {
	if err := c.writeCertificates(); err != nil {
		return fmt.Errorf("making certificates: %w", err)
	}
	address, pki := c.addresses.Node.String(), func(file string) string { return c.state("pki", file) }
	for _, component := range []Component{
		c.kubernetes("etcd", object{
			"data-dir": c.state("etcd"), "unsafe-no-fsync": true, "log-level": "warn",
			"listen-client-urls": etcdClients, "advertise-client-urls": etcdClients,
			"listen-peer-urls": etcdPeers, "initial-advertise-peer-urls": etcdPeers, "initial-cluster": "default=" + etcdPeers,
		}),
		c.kubernetes("kube-apiserver", object{
			"etcd-servers": etcdClients, "bind-address": address, "advertise-address": address, "endpoint-reconciler-type": "lease",
			"service-cluster-ip-range": c.addresses.Services, "allow-privileged": true,
			"authorization-mode": "Node,RBAC", "enable-admission-plugins": "NodeRestriction",
			"client-ca-file": pki("ca.crt"), "tls-cert-file": pki("apiserver.crt"), "tls-private-key-file": pki("apiserver.key"),
			"kubelet-client-certificate": pki("admin.crt"), "kubelet-client-key": pki("admin.key"), "kubelet-preferred-address-types": "InternalIP",
			"service-account-issuer":   "https://kubernetes.default.svc",
			"service-account-key-file": pki("serviceaccounts.key"), "service-account-signing-key-file": pki("serviceaccounts.key"),
			"proxy-client-cert-file": pki("frontproxy.crt"), "proxy-client-key-file": pki("frontproxy.key"),
			"requestheader-client-ca-file": pki("ca.crt"), "requestheader-allowed-names": "front-proxy",
			"requestheader-username-headers": "X-Remote-User", "requestheader-group-headers": "X-Remote-Group",
			"requestheader-extra-headers-prefix": "X-Remote-Extra-",
		}),
	} {
		if err := c.node.start(ctx, component); err != nil {
			return err
		}
	}
	if err := c.node.await(ctx, "kube-apiserver", 2*time.Minute, func() error {
		_, err := c.kubectl(ctx, "", "get", "--raw", "/readyz")
		return err
	}); err != nil {
		return err
	}
	for _, component := range []Component{
		c.kubernetes("kube-controller-manager", object{
			"kubeconfig": pki("controllers.kubeconfig"), "authentication-kubeconfig": pki("controllers.kubeconfig"), "authorization-kubeconfig": pki("controllers.kubeconfig"),
			"bind-address": "127.0.0.1", "leader-elect": false, "use-service-account-credentials": true,
			"root-ca-file": pki("ca.crt"), "service-account-private-key-file": pki("serviceaccounts.key"),
			"cluster-signing-cert-file": pki("ca.crt"), "cluster-signing-key-file": pki("ca.key"),
			"flex-volume-plugin-dir": c.state("kubelet", "volumeplugins"),
			"controllers":            "*,-node-ipam-controller",
		}),
		c.kubernetes("kube-scheduler", object{
			"kubeconfig": pki("scheduler.kubeconfig"), "authentication-kubeconfig": pki("scheduler.kubeconfig"), "authorization-kubeconfig": pki("scheduler.kubeconfig"),
			"bind-address": "127.0.0.1", "leader-elect": false,
		}),
	} {
		if err := c.node.start(ctx, component); err != nil {
			return err
		}
	}
	return nil
}

// startNode returns when pods can run.
// That takes a ready node and the default service account, which the controller manager
// creates and without which every pod is rejected.
func (c *cluster) startNode(ctx context.Context) error {
	if err := c.writeNodeConfiguration(); err != nil {
		return fmt.Errorf("writing the node's configuration: %w", err)
	}
	containerd, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	for _, component := range []Component{
		{Name: "containerd", Command: []string{containerd, "--config", c.state("configuration", "containerd.toml")}},
		c.kubernetes("kubelet", object{
			"config": c.state("configuration", "kubelet.yaml"), "kubeconfig": c.state("pki", "kubelet.kubeconfig"),
			"hostname-override": c.hostname(), "node-ip": c.addresses.Node, "root-dir": c.state("kubelet"), "cert-dir": c.state("kubelet", "pki"),
		}),
		c.kubernetes("kube-proxy", object{"config": c.state("configuration", "proxy.yaml")}),
		{Name: "coredns", Command: []string{c.binary("kubernetes"), "coredns", "-conf", c.state("configuration", "Corefile")}},
	} {
		if err := c.node.start(ctx, component); err != nil {
			return err
		}
	}
	if err := c.node.await(ctx, "kubelet", 2*time.Minute, func() error {
		_, err := c.kubectl(ctx, "", "wait", "--for=condition=Ready", "--timeout=10s", "node/"+c.hostname())
		return err
	}); err != nil {
		return err
	}
	return c.node.await(ctx, "kube-controller-manager", time.Minute, func() error {
		_, err := c.kubectl(ctx, "", "get", "serviceaccount", "default")
		return err
	})
}

// kubernetes is a component with its flags.
// The order of flags varies, which no component minds.
func (c *cluster) kubernetes(name string, flags object) Component {
	arguments := []string{c.binary("kubernetes"), name}
	for flag, value := range flags {
		arguments = append(arguments, fmt.Sprintf("--%s=%v", flag, value))
	}
	return Component{Name: name, Command: arguments}
}

// writeCertificates gives each component the identity that Kubernetes's default
// roles expect.
// Existing ones are replaced: the step only runs before a component has read them.
func (c *cluster) writeCertificates() error {
	authority, err := newAuthority(c.state("pki"))
	if err != nil {
		return err
	}
	if _, err := newKey(c.state("pki", "serviceaccounts.key")); err != nil {
		return err
	}
	node := net.IP(c.addresses.Node.AsSlice())
	for _, to := range []identity{
		{
			file: "apiserver", user: "kube-apiserver",
			names:     []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
			addresses: []net.IP{node, c.addresses.API.AsSlice(), net.IPv4(127, 0, 0, 1)},
		},
		{file: "frontproxy", user: "front-proxy"},
		{file: "admin", user: "admin", organization: "system:masters"},
		{file: "controllers", user: "system:kube-controller-manager"},
		{file: "scheduler", user: "system:kube-scheduler"},
		{file: "proxy", user: "system:kube-proxy"},
		{file: "kubelet", user: "system:node:" + c.hostname(), organization: "system:nodes", names: []string{c.hostname()}, addresses: []net.IP{node}},
	} {
		if err := authority.issue(to); err != nil {
			return err
		}
		if err := authority.kubeconfig(to.file, c.addresses.kubernetes()); err != nil {
			return err
		}
	}
	return nil
}

// writeNodeConfiguration writes the files of the kubelet, the proxy, containerd,
// the network plugin and DNS. What differs from defaults keeps the node within its
// own folder, groups and network.
func (c *cluster) writeNodeConfiguration() error {
	files := map[string]any{
		"kubelet.yaml": object{
			"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
			"address":        c.addresses.Node,
			"authentication": object{"anonymous": object{"enabled": false}, "webhook": object{"enabled": true}, "x509": object{"clientCAFile": c.state("pki", "ca.crt")}},
			"authorization":  object{"mode": "Webhook"},
			"tlsCertFile":    c.state("pki", "kubelet.crt"), "tlsPrivateKeyFile": c.state("pki", "kubelet.key"),
			"cgroupDriver": "cgroupfs", "cgroupRoot": "/" + c.cgroup(), "failCgroupV1": false, "failSwapOn": false,
			"clusterDNS": []any{c.addresses.Node}, "clusterDomain": "cluster.local", "resolvConf": c.state("configuration", "resolv.conf"),
			"containerRuntimeEndpoint": "unix://" + c.state("containerd.sock"),
			"healthzBindAddress":       "127.0.0.1", "podLogsDir": c.state("logs", "pods"), "volumePluginDir": c.state("kubelet", "volumeplugins"),
			"makeIPTablesUtilChains": false,
			// Images are never collected, because the disk may be full of other things.
			"imageGCHighThresholdPercent": 100,
			"evictionHard":                object{"memory.available": "200Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
			"registryPullQPS":             0,
		},
		"proxy.yaml": object{
			"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "nftables",
			"clientConnection": object{"kubeconfig": c.state("pki", "proxy.kubeconfig")},
			"clusterCIDR":      c.addresses.Pods, "hostnameOverride": c.hostname(), "bindAddress": c.addresses.Node,
			"healthzBindAddress": "127.0.0.1:10256", "metricsBindAddress": "127.0.0.1:10249",
			"nodePortAddresses": []any{c.addresses.Link},
			"conntrack":         object{"maxPerCore": 0},
			"nftables":          object{"syncPeriod": "10s", "minSyncPeriod": "100ms"},
		},
		"resolv.conf": "",
		// Pods are routed, not bridged, so that every packet passes the rules for Services.
		"network/10-cluster.conflist": object{
			"cniVersion": "0.4.0", "name": "cluster",
			"plugins": []object{{
				"type": "ptp",
				"ipam": object{
					"type": "host-local", "dataDir": c.state("leases"),
					"ranges": []any{[]any{object{"subnet": c.addresses.Pods}}},
					"routes": []any{object{"dst": "0.0.0.0/0"}},
				},
			}},
		},
		"registries/" + c.addresses.registry() + "/hosts.toml": fmt.Sprintf("server = %[1]q\n[host.%[1]q]\n  capabilities = [\"pull\", \"resolve\"]\n", "http://"+c.addresses.registry()),
		"Corefile": fmt.Sprintf(`.:53 {
  bind %s
  errors
  ready 127.0.0.1:8181
  cache 5
  kubernetes cluster.local {
    kubeconfig %s
    ttl 5
  }
}
`, c.addresses.Node, c.state("pki", "admin.kubeconfig")),
		// restrict_oom_score_adj: root may not lower the score on every machine.
		// The plugin opt would create a folder outside the state folder.
		"containerd.toml": fmt.Sprintf(`version = 2
root = %q
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = %q
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`, c.state("containerd"), c.state("containerd.sock"), c.saved.Images["cluster/pause"], c.state("configuration", "registries"), c.state("configuration", "network")),
	}
	for name, content := range files {
		text, ok := content.(string)
		if !ok {
			encoded, err := yaml.Marshal(content)
			if err == nil && strings.HasSuffix(name, ".conflist") {
				encoded, err = yaml.YAMLToJSON(encoded)
			}
			if err != nil {
				return err
			}
			text = string(encoded)
		}
		path := c.state("configuration", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// kubectl runs kubectl as the cluster's administrator.
// input is its standard input. A failed command returns no output; its error has the messages.
func (c *cluster) kubectl(ctx context.Context, input string, arguments ...string) (string, error) {
	command := exec.Command(c.binary("path", "kubectl"), append([]string{"--kubeconfig", c.state("pki", "admin.kubeconfig")}, arguments...)...)
	command.Stdin = strings.NewReader(input)
	return run(ctx, command)
}

// apply applies manifests server-side, so that large definitions fit and a repeated
// step changes nothing.
// Conflicts are forced: Knative's controllers own fields such as their webhooks' certificates,
// and set them again.
func (c *cluster) apply(ctx context.Context, manifests string) error {
	_, err := c.kubectl(ctx, manifests, "apply", "--server-side", "--force-conflicts", "-f", "-")
	return err
}

// awaitResources waits until custom resources are served. It retries because one without a
// status yet fails at once.
func (c *cluster) awaitResources(ctx context.Context) error {
	return c.node.await(ctx, "kube-apiserver", time.Minute, func() error {
		_, err := c.kubectl(ctx, "", "wait", "--for=condition=Established", "--timeout=10s", "crd", "--all")
		return err
	})
}
