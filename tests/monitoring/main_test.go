package monitoring

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/testbed"
)

// played is a program with finished conversations, shared by all tests.
var played = sync.OnceValues(func() (*testbed.Testbed, error) {
	s, err := testbed.Start(context.Background(), 1)
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

var opened *testbed.Testbed

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

func openTestbed(t *testing.T) *testbed.Testbed {
	t.Helper()
	s, err := played()
	require.NoError(t, err)
	return s
}
