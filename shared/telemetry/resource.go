package telemetry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

// newResource describes the process. OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES win over what is found out here.
func newResource(ctx context.Context, service string) (*resource.Resource, error) {
	attributes := []attribute.KeyValue{attribute.String("service.name", service)}
	for _, found := range []struct{ key, value string }{
		{"service.version", version()},
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

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	if info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return ""
}

func instance() string {
	if pod := env("POD_NAME"); pod != "" {
		return pod
	}
	host, _ := os.Hostname()
	return host
}
