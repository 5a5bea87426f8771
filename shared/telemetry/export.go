package telemetry

import (
	"cmp"
	"fmt"
	"os"
	"strings"
)

// exported reports whether the standard variables ask for the export of a
// signal, TRACES or METRICS. Without this check the SDK would dial a
// collector on localhost when nothing is set.
//
// OTLP over HTTP is the one exporter. The others, and OTLP over gRPC, would add
// a gRPC client and a second HTTP server to every function.
func exported(signal string) (bool, error) {
	name := "OTEL_" + signal + "_EXPORTER"
	switch exporter := env(name); {
	case exporter == "none":
		return false, nil
	case exporter == "prometheus" && signal == "METRICS":
		return false, nil // METRICS_ADDRESS serves them already
	case exporter != "" && exporter != "otlp":
		return false, fmt.Errorf("%s is %q: want otlp or none", name, exporter)
	case exporter == "" && env("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && env("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") == "":
		return false, nil
	}
	name = "OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL"
	switch protocol := cmp.Or(env(name), env("OTEL_EXPORTER_OTLP_PROTOCOL")); protocol {
	case "", "http/protobuf", "http/json":
		return true, nil
	default:
		return false, fmt.Errorf("%s or OTEL_EXPORTER_OTLP_PROTOCOL is %q: want http/protobuf, and the collector's HTTP port (4318)", name, protocol)
	}
}

// checkLogs refuses the export of logs, for which no exporter is linked.
func checkLogs() error {
	const name = "OTEL_LOGS_EXPORTER"
	if exporter := env(name); exporter != "" && exporter != "none" {
		return fmt.Errorf("%s is %q: logs go to stderr, for a collector to read there; unset it, or set none", name, exporter)
	}
	return nil
}

// sdkDisabled reads the switch that OpenTelemetry defines for all of its SDKs.
// Prometheus then sees the Go runtime and the process only; logs are still written.
func sdkDisabled() bool { return strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") }

func env(name string) string { return strings.TrimSpace(os.Getenv(name)) }
