// Package e2e tests the delivery on a real cluster: exactly the state in git runs, and
// changes do not interrupt conversations.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

var (
	figures    = flag.Bool("figures", false, "write the measurements to docs/e2e.md")
	deployment *Deployment
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(deployAndRun(m))
}

func deployAndRun(m *testing.M) (code int) {
	cluster, err := FromEnvironment()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	deployment, err = Deploy(context.Background(), cluster, root)
	defer func() {
		if deployment == nil {
			return
		}
		if err := deployment.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: clean up:", err)
			code = 1
		}
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	if code = m.Run(); code == 0 && *figures {
		if err := deployment.Figures.Write(filepath.Join(root, "docs", "e2e.md"), filepath.Join(root, "docs", "e2e_instances.svg")); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: write figures:", err)
			return 1
		}
	}
	return code
}

// begin resets main, staging and production to the initial state of every test.
func begin(t *testing.T) {
	t.Helper()
	require.NoError(t, deployment.Reset(t.Context()))
	fmt.Println("  " + t.Name())
	deployment.Figures.Mark(t.Name())
}
