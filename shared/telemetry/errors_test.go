package telemetry

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAnExporterThatKeepsFailingIsLoggedOnceInAWhile(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(1, 0)
	log := &errorLog{logger: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return now }}
	for range 100 {
		log.Handle(errors.New("no collector"))
		now = now.Add(5 * time.Second)
	}
	assert.Equal(t, 1, strings.Count(out.String(), "no collector"))
	now = now.Add(errorsEvery)
	log.Handle(errors.New("no collector"))
	assert.Equal(t, 2, strings.Count(out.String(), "no collector"))
	assert.Contains(t, out.String(), "not_logged_before=99")
}
