package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// logSettings are the format and the lowest level of the log; the zero value is
// JSON from info.
type logSettings struct {
	level slog.Level
	text  bool
}

// readLogSettings reads LOG_LEVEL and LOG_FORMAT. A value that is not known is an
// error: a program that logs less than it was asked to hides what somebody is
// looking for.
func readLogSettings() (logSettings, error) {
	var settings logSettings
	if value := env("LOG_LEVEL"); value != "" {
		if err := settings.level.UnmarshalText([]byte(value)); err != nil {
			return settings, fmt.Errorf("LOG_LEVEL %q is not one of debug, info, warn, error", value)
		}
	}
	switch value := env("LOG_FORMAT"); value {
	case "", "json":
	case "text":
		settings.text = true
	default:
		return settings, fmt.Errorf("LOG_FORMAT %q is not one of json, text", value)
	}
	return settings, nil
}

// handler returns the handler for stderr. Exported logs do not pass through it:
// OpenTelemetry's bridge takes the span from the context by itself.
func (s logSettings) handler(w io.Writer) slog.Handler {
	options := &slog.HandlerOptions{Level: s.level}
	var handler slog.Handler = slog.NewJSONHandler(w, options)
	if s.text {
		handler = slog.NewTextHandler(w, options)
	}
	return traceHandler{handler}
}

// traceHandler adds the ids of the context's span to what it writes. Log queries
// join the log with traces by these names. They stay at the top level unless a
// group is open.
type traceHandler struct{ slog.Handler }

func (h traceHandler) Handle(ctx context.Context, record slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record = record.Clone()
		record.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

func (h traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traceHandler{h.Handler.WithAttrs(attrs)}
}

func (h traceHandler) WithGroup(name string) slog.Handler {
	return traceHandler{h.Handler.WithGroup(name)}
}
