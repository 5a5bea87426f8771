package argocd

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

var knativeService = schema.GroupKind{Group: servingv1.SchemeGroupVersion.Group, Kind: "Service"}

// Function is a function's pin, which git wants, and its live Knative Service.
type Function struct {
	Name    string
	Image   string
	Service servingv1.Service // empty if it does not exist
}

// Functions reads the live state of an Application's functions through Argo CD, so that
// nobody needs access to the cluster. They are sorted by name.
func (s *Server) Functions(ctx context.Context, app *v1alpha1.Application, pins map[string]string) ([]Function, error) {
	var functions []Function
	version, namespace := servingv1.SchemeGroupVersion.Version, app.Spec.Destination.Namespace
	for _, name := range slices.Sorted(maps.Keys(pins)) {
		function := Function{Name: name, Image: pins[name]}
		found, err := call(ctx, s, "read function "+name, s.applications.GetResource, &application.ApplicationResourceRequest{
			Name: &app.Name, Namespace: &namespace, ResourceName: &name,
			Group: &knativeService.Group, Version: &version, Kind: &knativeService.Kind,
		})
		switch status.Code(err) {
		case codes.OK:
			if function.Service, err = serviceOf(found.GetManifest()); err != nil {
				return nil, fmt.Errorf("read function %s: %w", name, err)
			}
		case codes.InvalidArgument, codes.NotFound: // it does not exist
		default:
			return nil, err
		}
		functions = append(functions, function)
	}
	return functions, nil
}

func serviceOf(manifest string) (service servingv1.Service, err error) {
	err = json.Unmarshal([]byte(manifest), &service)
	return service, err
}

// imageOf returns the image of the function's container; it has no other.
func imageOf(service servingv1.Service) string {
	for _, container := range service.Spec.Template.Spec.Containers {
		return container.Image
	}
	return ""
}

// Running returns the image in the live Service.
func (f Function) Running() string { return imageOf(f.Service) }

// Ready returns Knative's condition; nil until it has one.
func (f Function) Ready() *apis.Condition {
	return f.Service.Status.GetCondition(apis.ConditionReady)
}

// Problem says why the pinned image does not serve all calls; it is empty if it does.
// Argo CD's health lags behind it. A Service is ready once all its traffic goes to the
// latest revision (Knative's reconciler of Services, checkRoutesNotReady).
func (f Function) Problem() string {
	switch ready := f.Ready(); {
	case f.Service.Name == "":
		return "does not exist"
	case f.Running() != f.Image:
		return fmt.Sprintf("has image %s, not %s", Digest(f.Running()), Digest(f.Image))
	case f.Service.Status.ObservedGeneration != f.Service.Generation:
		return "was changed, and Knative has not reconciled it yet"
	case !ready.IsTrue():
		return strings.TrimRight(fmt.Sprintf("is not ready: %s: %s", ready.GetReason(), ready.GetMessage()), ": ")
	}
	return ""
}

// Failing reports whether Knative marked the latest revision as failed. A status that
// Knative wrote for an earlier generation says nothing about this one.
func (f Function) Failing() bool {
	return f.Service.Status.ObservedGeneration == f.Service.Generation && f.Ready().IsFalse()
}

// Digest abbreviates the digest of an image to 12 digits. An image without one is shown by
// its name and tag.
func Digest(image string) string {
	if _, digest, found := strings.Cut(image, "@sha256:"); found {
		return digest[:min(len(digest), 12)]
	}
	return image[strings.LastIndex(image, "/")+1:]
}
