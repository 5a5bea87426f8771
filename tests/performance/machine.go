package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// loadAverage is how many processes of others run or wait for a processor, on average of
// the last minute; empty where the system does not say.
// It is read before anything starts, since the run itself raises it.
func loadAverage() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	minute, _, _ := strings.Cut(string(content), " ")
	return minute
}

// machine adds the section that describes the machine. A figure without it says
// nothing: absolute times depend on the machine, and the spread of the probes shows
// how far to trust them.
// It comes last, because the probes run until then.
func (b *bench) machine(ctx context.Context) error {
	if err := b.noise.sample(ctx); err != nil {
		return err
	}
	var version, fsync, buffers string
	if err := b.noise.conn.QueryRow(ctx, "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('shared_buffers')").
		Scan(&version, &fsync, &buffers); err != nil {
		return err
	}
	s := b.table.section("The machine during this run", "median", "p95 / p5")
	for _, probe := range []struct {
		label string
		times times
	}{{"SHA-256 of 1 MiB", b.noise.cpu}, {"bare SELECT 1", b.noise.selects}} {
		s.add(row{label: probe.label, value: ms(probe.times.at(.5)),
			beside: fmt.Sprintf("%.2f", float64(probe.times.at(.95))/float64(probe.times.at(.05)))})
	}
	version, _, _ = strings.Cut(version, " ")
	s.note("%d cores, shared by the caller, the functions and PostgreSQL; %s/%s, %s, PostgreSQL %s with fsync %s and shared_buffers %s.",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), version, fsync, buffers)
	if b.load != "" {
		s.note("Other work before this run: a load average of %s. Beyond a fraction of the cores, the calls wait for it, and absolute times say little.", b.load)
	}
	if len(b.env) > 0 {
		s.note("With %s.", strings.Join(b.env, " "))
	}
	if b.profile != "" {
		s.note("Profiles were written: these figures are not to be quoted.")
	}
	return nil
}
