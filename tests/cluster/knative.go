package cluster

import (
	"context"
	"fmt"
	"time"
)

// domain is the one of Knative's own examples; its names resolve nowhere, and
// requests name them by their Host header.
const (
	domain       = "example.com"
	ingressClass = "cluster.ingress.networking.knative.dev"

	rolloutLimit = 4 * time.Minute
)

// configuration has the settings that differ from Knative's defaults, by ConfigMap. No
// feature flag is set: security contexts of containers need none.
var configuration = map[string]object{
	"config-network": {"ingress-class": ingressClass},
	"config-domain":  {domain: ""},
	// Scale to zero as fast as the autoscaler can.
	"config-autoscaler": {"stable-window": "6s", "scale-to-zero-grace-period": "6s", "scale-to-zero-pod-retention-period": "0s"},
}

// installServing waits until the webhook accepts a Service, which takes longer than
// its Deployment being ready.
// The Service is only validated, by a dry run; nothing of it stays.
func (c *cluster) installServing(ctx context.Context) error {
	if err := c.installInStages(ctx, "serving"); err != nil {
		return err
	}
	ingress, err := ownManifest("ingress.yaml")
	if err != nil {
		return err
	}
	if err := c.apply(ctx, replaceImages(ingress, c.saved.Images)); err != nil {
		return err
	}
	if err := c.awaitDeployments(ctx, "knative-serving"); err != nil {
		return err
	}
	hello := fmt.Sprintf(`{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "hello", "namespace": "default"},
		"spec": {"template": {"spec": {"containers": [{"image": %q}]}}}}`, c.saved.Images["cluster/hello"])
	return c.node.await(ctx, "kube-apiserver", time.Minute, func() error {
		_, err := c.kubectl(ctx, hello, "create", "--dry-run=server", "-f", "-")
		return err
	})
}

// installEventing waits likewise for a Broker.
// Its images are pushed here rather than at the start: most clusters run without Eventing.
func (c *cluster) installEventing(ctx context.Context) error {
	if err := c.push(ctx, "eventing"); err != nil {
		return err
	}
	if err := c.installInStages(ctx, "eventing"); err != nil {
		return err
	}
	if err := c.awaitDeployments(ctx, "knative-eventing"); err != nil {
		return err
	}
	const broker = `{"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "metadata": {"name": "default", "namespace": "default"}}`
	return c.node.await(ctx, "kube-apiserver", time.Minute, func() error {
		_, err := c.kubectl(ctx, broker, "create", "--dry-run=server", "-f", "-")
		return err
	})
}

// installInStages applies definitions before their objects, and configuration before the
// webhooks that check it.
// Stages are applied again when a start continues, which changes nothing.
func (c *cluster) installInStages(ctx context.Context, name string) error {
	for _, stage := range []string{"resources", "configuration", "workloads"} {
		manifests, err := c.builtManifest(name+"-"+stage+".yaml", forOneNode)
		if err != nil {
			return err
		}
		if err := c.apply(ctx, manifests); err != nil {
			return fmt.Errorf("applying Knative's %s %s: %w", name, stage, err)
		}
		if stage == "resources" {
			if err := c.awaitResources(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// forOneNode adapts a Knative object to a small node.
// Autoscalers and disruption budgets are for several nodes and are left out. Requests are
// small, because the scheduler reserves them even if nothing uses them; limits are dropped,
// so that a slow machine does not throttle the control plane.
func forOneNode(manifest object) bool {
	switch manifest["kind"] {
	case "HorizontalPodAutoscaler", "PodDisruptionBudget":
		return false
	case "ConfigMap":
		for key, value := range configuration[nameOf(manifest)] {
			data, ok := manifest["data"].(object)
			if !ok {
				data = object{}
				manifest["data"] = data
			}
			data[key] = value
		}
	case "Deployment":
		specification, _ := manifest["spec"].(object)
		template, _ := specification["template"].(object)
		pod, _ := template["spec"].(object)
		containers, _ := pod["containers"].([]any)
		for _, container := range containers {
			container.(object)["resources"] = object{"requests": object{"cpu": "25m", "memory": "32Mi"}}
		}
	}
	return true
}

// awaitDeployments waits until all Deployments of a namespace are ready. Those without
// replicas count as ready.
// On failure the error has the list of pods and names the kubelet, whose log explains most
// of them.
func (c *cluster) awaitDeployments(ctx context.Context, namespace string) error {
	_, err := c.kubectl(ctx, "", "--namespace", namespace, "wait", "--for=condition=Available", "--timeout", rolloutLimit.String(), "deployment", "--all")
	if err == nil {
		return nil
	}
	pods, _ := c.kubectl(ctx, "", "--namespace", namespace, "get", "pods")
	return inComponent("kubelet", fmt.Errorf("%w\n%s", err, pods))
}
