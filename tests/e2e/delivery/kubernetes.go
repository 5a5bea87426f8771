package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// waitLimit bounds every wait for a condition. It is generous, so that a slow machine
// does not fail a run.
const waitLimit = 5 * time.Minute

// Kinds that the tests read.
// They are read by the dynamic client, so no generated client decides a version.
var (
	applications   = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}
	Services       = schema.GroupVersionResource{Group: "serving.knative.dev", Version: "v1", Resource: "services"}
	Jobs           = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
	Pods           = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	endpointSlices = schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
	ConfigMaps     = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
)

// Get reads one object.
// The error of a missing object is Kubernetes's NotFound.
func (d *Deployment) Get(ctx context.Context, kind schema.GroupVersionResource, namespace, name string) (*unstructured.Unstructured, error) {
	return d.kube.Resource(kind).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
}

// Patch merges a JSON document into one object, as a manual edit does. Argo CD is
// expected to revert it.
func (d *Deployment) Patch(ctx context.Context, kind schema.GroupVersionResource, namespace, name, merge string) error {
	_, err := d.kube.Resource(kind).Namespace(namespace).Patch(ctx, name, types.MergePatchType, []byte(merge), metav1.PatchOptions{})
	return err
}

// Delete deletes one object.
func (d *Deployment) Delete(ctx context.Context, kind schema.GroupVersionResource, namespace, name string) error {
	return d.kube.Resource(kind).Namespace(namespace).Delete(ctx, name, metav1.DeleteOptions{})
}

// Kubectl runs kubectl with stdin and returns its output. The error includes stderr.
// It uses the kubectl on PATH, which the cluster's environment sets.
func (d *Deployment) Kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "kubectl", append([]string{"--kubeconfig", d.Cluster.Kubeconfig}, args...)...)
	command.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return string(output), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(output), nil
}

// Until waits for a condition. Errors of the condition may be transient, so only the
// last one is returned, when the limit is reached. It looks every 200 ms, so figures
// are that exact at best.
// Contexts of the caller and of the limit end it alike. The condition runs at least once.
func (d *Deployment) Until(ctx context.Context, what string, condition func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		done, err := condition(ctx)
		if done && err == nil {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for %s: %w", what, context.Cause(ctx)), last)
		case <-tick.C:
		}
	}
}

// Condition returns the status and message of an object's condition.
// Both are empty if the object does not have the condition yet.
func Condition(object *unstructured.Unstructured, kind string) (status, message string) {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, condition := range conditions {
		fields, _ := condition.(map[string]any)
		if fields["type"] == kind {
			status, _ = fields["status"].(string)
			message, _ = fields["message"].(string)
		}
	}
	return status, message
}

// Instances counts the pods of an environment's functions, without terminating ones. A
// pod that has not started counts.
// The keys are Knative Services; those at rest are absent.
func (d *Deployment) Instances(ctx context.Context, namespace string) (map[string]int, error) {
	pods, err := d.kube.Resource(Pods).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: "serving.knative.dev/service"})
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, pod := range pods.Items {
		if pod.GetDeletionTimestamp() == nil {
			count[pod.GetLabels()["serving.knative.dev/service"]]++
		}
	}
	return count, nil
}

// settled is how long no route may lead to a terminating instance before an environment
// counts as asleep: nodes learn of endpoints after the API server, and an ingress keeps
// idle connections.
const settled = 2 * time.Second

// Asleep waits until an environment has no instances and no routes to terminating ones.
// A call after it meets a cold start and nothing else.
func (d *Deployment) Asleep(ctx context.Context, namespace string) error {
	var since time.Time
	return d.Until(ctx, namespace+" to scale to zero", func(ctx context.Context) (bool, error) {
		asleep, err := d.asleep(ctx, namespace)
		if err != nil || !asleep {
			since = time.Time{}
			return false, err
		}
		if since.IsZero() {
			since = time.Now()
		}
		return time.Since(since) >= settled, nil
	})
}

// asleep takes one look: no pod but terminating ones, and no endpoint that leads to one
// of those.
func (d *Deployment) asleep(ctx context.Context, namespace string) (bool, error) {
	pods, err := d.kube.Resource(Pods).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: "serving.knative.dev/service"})
	if err != nil {
		return false, err
	}
	addresses := map[string]bool{}
	for _, pod := range pods.Items {
		if pod.GetDeletionTimestamp() == nil {
			return false, nil
		}
		address, _, _ := unstructured.NestedString(pod.Object, "status", "podIP")
		addresses[address] = address != ""
	}
	slices, err := d.kube.Resource(endpointSlices).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return false, err
	}
	for _, slice := range slices.Items {
		// Those of type Private list terminating instances until they are gone.
		private := slice.GetLabels()["networking.internal.knative.dev/serviceType"] == "Private"
		endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
		for _, endpoint := range endpoints {
			fields, _ := endpoint.(map[string]any)
			ready, stated, _ := unstructured.NestedBool(fields, "conditions", "ready")
			all, _, _ := unstructured.NestedStringSlice(fields, "addresses")
			for _, address := range all {
				if addresses[address] && (!private || ready || !stated) {
					return false, nil
				}
			}
		}
	}
	return true, nil
}
