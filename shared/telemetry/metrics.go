package telemetry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
)

type registerer = prometheus.Registerer

// newRegistry returns a new registry, not Prometheus's default: libraries
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
	options := []metric.Option{metric.WithResource(res), metric.WithReader(scrape)}
	switch wanted, err := exported("METRICS"); {
	case err != nil:
		return nil, err
	case wanted:
		exporter, err := otlpmetrichttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("export metrics: %w", err)
		}
		options = append(options, metric.WithReader(metric.NewPeriodicReader(exporter)))
	}
	return metric.NewMeterProvider(options...), nil
}

// page serves what a registry gathers, in the format that is asked for: Prometheus's
// or OpenMetrics, which has exemplars. It is promhttp without its types for every set
// of interfaces of a response writer.
func page(registry prometheus.Gatherer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		families, err := registry.Gather()
		if err != nil {
			http.Error(w, "gather metrics: "+err.Error(), http.StatusInternalServerError)
			return
		}
		format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
		w.Header().Set("Content-Type", string(format))
		encoder := expfmt.NewEncoder(w, format)
		for _, family := range families {
			if encoder.Encode(family) != nil {
				return // whoever asked has gone
			}
		}
		if closer, ok := encoder.(expfmt.Closer); ok {
			_ = closer.Close() // as above
		}
	})
}
