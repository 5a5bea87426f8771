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

func unusable(signal string, err error) error {
	name := "OTEL_" + signal + "_EXPORTER"
	return fmt.Errorf("%s=%q: %w", name, env(name), err)
}

func sdkDisabled() bool { return strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") }

func env(name string) string { return strings.TrimSpace(os.Getenv(name)) }
