// Package e2e proves the delivery on a real cluster: what git says runs, nothing
// else does, and a person in the middle of a conversation never notices.
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
	figures = flag.Bool("figures", false, "write what was measured to docs/e2e.md")
	world   *World
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
	world, err = Deploy(context.Background(), cluster, root)
	defer func() {
		if world == nil {
			return
		}
		if err := world.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: clean up:", err)
			code = 1
		}
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	if code = m.Run(); code == 0 && *figures {
		if err := world.Figures.Write(filepath.Join(root, "docs", "e2e.md"), filepath.Join(root, "docs", "e2e_instances.svg")); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: write figures:", err)
			return 1
		}
	}
	return code
}

// begin brings main, staging and production to where every test begins.
func begin(t *testing.T) {
	t.Helper()
	require.NoError(t, world.Reset(t.Context()))
	fmt.Println("  " + t.Name())
	world.Figures.Mark(t.Name())
}
