// Command install-tools installs Prometheus, Alertmanager and a collector into .bin, where
// tests/monitoring finds them.
package main

import (
	"fmt"
	"os"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/tools"
)

// A second run finds them and does nothing.
func main() {
	// Every argument but --help is a mistake.
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "Installs Prometheus, promtool, Alertmanager, amtool and an OpenTelemetry\ncollector into .bin/monitoring, if they are missing.\nIt takes no arguments.")
		if os.Args[1] != "--help" && os.Args[1] != "-h" {
			os.Exit(2)
		}
		return
	}
	if _, err := tools.Install(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
