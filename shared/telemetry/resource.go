package telemetry

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

// newResource describes the process. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
// win over what is found out here. faas.name and faas.version are Knative's service
// and revision, so that dashboards can compare a revision with the one before. A
// conflict of schema URLs among detectors loses nothing but the URL.
func newResource(ctx context.Context, service string) (*resource.Resource, error) {
	attributes := []attribute.KeyValue{attribute.String("service.name", service)}
	for _, found := range []struct{ key, value string }{
		{"service.version", version.Version},
		{"service.instance.id", instance()},
		{"faas.name", env("K_SERVICE")},
		{"faas.version", env("K_REVISION")},
		{"k8s.namespace.name", env("POD_NAMESPACE")},
		{"k8s.pod.name", env("POD_NAME")},
	} {
		if found.value != "" {
			attributes = append(attributes, attribute.String(found.key, found.value))
		}
	}
	res, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attributes...),
		resource.WithFromEnv(),
	)
	if err != nil && !errors.Is(err, resource.ErrSchemaURLConflict) {
		return nil, fmt.Errorf("resource: %w", err)
	}
	return res, nil
}

// instance distinguishes the instances of a service: the pod, or the host outside of
// Kubernetes.
func instance() string {
	if pod := env("POD_NAME"); pod != "" {
		return pod
	}
	host, _ := os.Hostname()
	return host
}
