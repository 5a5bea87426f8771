package telemetry

import (
	"fmt"
	"os"
	"strings"
)

// exported reports whether the standard variables ask for the export of a
// signal: TRACES, METRICS or LOGS. Without this check autoexport would dial a
// collector on localhost when nothing is set.
func exported(signal string) bool {
	switch exporter := env("OTEL_" + signal + "_EXPORTER"); {
	case exporter == "none":
		return false
	case exporter == "prometheus" && signal == "METRICS":
		return false // Handler serves them already; autoexport would open a second port.
	case exporter != "":
		return true
	}
	return env("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || env("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != ""
}

// unusable names the variable whose value autoexport refused.
func unusable(signal string, err error) error {
	name := "OTEL_" + signal + "_EXPORTER"
	return fmt.Errorf("%s=%q: %w", name, env(name), err)
}

// sdkDisabled reads the switch that OpenTelemetry defines for all of its SDKs.
// Prometheus then sees the Go runtime and the process only; logs are still written.
func sdkDisabled() bool { return strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") }

func env(name string) string { return strings.TrimSpace(os.Getenv(name)) }
