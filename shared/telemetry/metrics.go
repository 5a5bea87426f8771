package telemetry

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel/attribute"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
)

type registerer = prometheus.Registerer

// newRegistry returns a registry of its own, not Prometheus's default: libraries
// register there what nobody asked for.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return registry
}

// newMeterProvider returns a provider whose metrics are scraped and, if the
// environment asks for it, also pushed. Names are translated to Prometheus's with
// their unit as suffix, as alerts and dashboards expect; the scope of an instrument
// is not a label, which would only repeat package names.
func newMeterProvider(ctx context.Context, res *resource.Resource, registry registerer) (*metric.MeterProvider, error) {
	scrape, err := promexporter.New(
		promexporter.WithRegisterer(registry),
		promexporter.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
		promexporter.WithoutScopeInfo(),
	)
	if err != nil {
		return nil, fmt.Errorf("prometheus exporter: %w", err)
	}
	options := []metric.Option{metric.WithResource(res), metric.WithReader(scrape), metric.WithView(boundedServerAddress())}
	if exported("METRICS") {
		reader, err := autoexport.NewMetricReader(ctx)
		if err != nil {
			return nil, unusable("METRICS", err)
		}
		options = append(options, metric.WithReader(reader))
	}
	return metric.NewMeterProvider(options...), nil
}

// boundedServerAddress drops the labels that otelhttp takes from the Host
// header: a caller could otherwise make as many time series as it likes.
func boundedServerAddress() metric.View {
	return metric.NewView(
		metric.Instrument{Name: "http.server.*"},
		metric.Stream{AttributeFilter: attribute.NewDenyKeysFilter("server.address", "server.port")},
	)
}
