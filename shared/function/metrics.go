package function

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/settings"
	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
)

// MetricsConfig is where a function's metrics are read, from the environment.
type MetricsConfig struct {
	// Address is host:port; empty serves none. It is a separate port because
	// Knative routes to the function's other port, for the gateway from anywhere.
	Address string `env:"METRICS_ADDRESS"`
}

// serveMetrics serves /metrics, and nothing else, until the process ends.
func serveMetrics() error {
	var config MetricsConfig
	if err := settings.Parse(&config); err != nil {
		return err
	}
	if config.Address == "" {
		return nil
	}
	listener, err := net.Listen("tcp", config.Address)
	if err != nil {
		return fmt.Errorf("listen on METRICS_ADDRESS: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", telemetry.Metrics())
	server := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() { _ = server.Serve(listener) }() // until the process ends
	return nil
}
