package telemetry

import (
	"log/slog"
	"sync"
	"time"
)

// errorsEvery is how often errors of exporting are logged. An exporter that reaches no
// collector fails every few seconds for as long as that lasts, and one line says it all.
const errorsEvery = 10 * time.Minute

// errorLog logs the first error of exporting, and then one of each interval with the
// number of those before it that were not logged. It is safe for concurrent use.
type errorLog struct {
	logger *slog.Logger
	now    func() time.Time

	mu     sync.Mutex
	logged time.Time // zero before the first
	silent int       // errors since then
}

// Handle is called by OpenTelemetry with every error that no caller waits for.
func (l *errorLog) Handle(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); l.logged.IsZero() || now.Sub(l.logged) >= errorsEvery {
		l.logger.Warn("telemetry export failed", "error", err, "not_logged_before", l.silent)
		l.logged, l.silent = now, 0
		return
	}
	l.silent++
}
