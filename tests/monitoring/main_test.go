package monitoring

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/stage"
)

// played is a program that people have talked to, for all tests.
var played = sync.OnceValues(func() (*stage.Stage, error) {
	s, err := stage.Start(context.Background())
	if err != nil {
		return nil, err
	}
	opened = s
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	if err := s.Talk(ctx, 3, 6, 100*time.Millisecond); err != nil {
		return nil, err
	}
	return s, s.Settle(ctx)
})

var opened *stage.Stage

func TestMain(m *testing.M) {
	code := m.Run()
	if opened != nil {
		if err := opened.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func openStage(t *testing.T) *stage.Stage {
	t.Helper()
	s, err := played()
	require.NoError(t, err)
	return s
}
