package argocd

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// Pin is a function's image in a revision of the repository.
type Pin struct {
	Namespace string
	Name      string
	Image     string
}

// Pins returns the pins of the functions among a revision's objects. namespace is the
// default for objects without one. Images are as kustomize writes them: name and
// digest.
// Objects of other kinds are passed over.
func Pins(objects []*unstructured.Unstructured, namespace string) []Pin {
	var pins []Pin
	for _, object := range objects {
		if object.GroupVersionKind().Group != "serving.knative.dev" || object.GetKind() != "Service" {
			continue
		}
		pins = append(pins, Pin{Namespace: cmp.Or(object.GetNamespace(), namespace), Name: object.GetName(), Image: image(object)})
	}
	return pins
}

// image is that of the first container, which is the function's; Knative adds its own
// at the cluster.
func image(object *unstructured.Unstructured) string {
	containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
	for _, container := range containers {
		if fields, ok := container.(map[string]any); ok {
			image, _ := fields["image"].(string)
			return image
		}
	}
	return ""
}

// Digest returns the abbreviated digest of an image's name. An image without a digest
// is shown by its name and tag.
func Digest(image string) string {
	_, digest, found := strings.Cut(image, "@sha256:")
	if !found {
		_, name, _ := cutLast(image, "/")
		return name
	}
	return digest[:min(len(digest), 12)]
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, separator string) (string, string, bool) {
	at := strings.LastIndex(s, separator)
	if at < 0 {
		return "", s, false
	}
	return s[:at], s[at+len(separator):], true
}

// Function is a function's pin and its live state. The pin is what git wants, and the
// Service what the cluster has.
type Function struct {
	Pin
	Service *servingv1.Service // nil if it does not exist
}

// Functions reads the live state of an Application's pinned functions.
// One call for each function; the order is that of the pins.
func (s *Server) Functions(ctx context.Context, name string, pins []Pin) ([]Function, error) {
	var functions []Function
	for _, pin := range pins {
		service, err := s.Function(ctx, name, pin.Namespace, pin.Name)
		if err != nil {
			return nil, err
		}
		functions = append(functions, Function{Pin: pin, Service: service})
	}
	return functions, nil
}

// Running returns the image in the live Service. A function has one container.
func (f Function) Running() string {
	if f.Service == nil || len(f.Service.Spec.Template.Spec.Containers) == 0 {
		return ""
	}
	return f.Service.Spec.Template.Spec.Containers[0].Image
}

// Serving reports whether the pinned image serves all calls, and if not, why. The order
// is that in which Knative proceeds, so that the reason is the step at which it stands.
func (f Function) Serving() (bool, string) {
	if f.Service == nil {
		return false, "does not exist"
	}
	status := f.Service.Status
	switch {
	case f.Running() != f.Image:
		return false, fmt.Sprintf("has image %s, not %s", Digest(f.Running()), Digest(f.Image))
	case status.ObservedGeneration != f.Service.Generation:
		return false, "was changed, and Knative has not reconciled it yet"
	case f.Ready() == corev1.ConditionFalse:
		return false, "is not ready: " + f.Reason()
	case status.LatestReadyRevisionName != status.LatestCreatedRevisionName:
		return false, fmt.Sprintf("is starting revision %s", status.LatestCreatedRevisionName)
	case f.share() != 100:
		return false, fmt.Sprintf("sends %d %% of its calls to %s", f.share(), status.LatestReadyRevisionName)
	case f.Ready() != corev1.ConditionTrue:
		return false, "is not ready yet"
	}
	return true, ""
}

// Failing reports whether Knative marked the latest revision as failed. A status that
// Knative wrote for an earlier generation says nothing about this one.
// A function that is starting is not failing.
func (f Function) Failing() bool {
	return f.Service != nil && f.Service.Status.ObservedGeneration == f.Service.Generation && f.Ready() == corev1.ConditionFalse
}

// share is how many percent of the calls the latest ready revision gets. During a
// rollout the rest is the earlier revision's.
func (f Function) share() int64 {
	var share int64
	for _, target := range f.Service.Status.Traffic {
		if target.RevisionName == f.Service.Status.LatestReadyRevisionName && target.Percent != nil {
			share += *target.Percent
		}
	}
	return share
}

// Ready returns the function's own readiness. Unknown is the answer until Knative has
// one.
func (f Function) Ready() corev1.ConditionStatus {
	if f.Service == nil {
		return corev1.ConditionUnknown
	}
	if condition := f.Service.Status.GetCondition(apis.ConditionReady); condition != nil {
		return condition.Status
	}
	return corev1.ConditionUnknown
}

// Reason returns Knative's message on why the function is not ready.
func (f Function) Reason() string {
	condition := f.Service.Status.GetCondition(apis.ConditionReady)
	if condition == nil {
		return ""
	}
	return strings.TrimSpace(strings.TrimSuffix(condition.Reason+": "+condition.Message, ": "))
}
