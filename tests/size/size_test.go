// Package size fails when a program has grown: what is linked is pulled, started
// and scanned by every cold start.
package size

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/tests/deployed"
)

// growth is by how much a program may exceed its budget.
const growth = 1.03

// file holds the budget of each function's program in bytes, stripped, as images
// hold it for linux/amd64.
const file = "budget.json"

// UPDATE_SNAPSHOTS=1 writes the budget instead.
func TestNoProgramOutgrowsItsBudget(t *testing.T) {
	t.Setenv("GOOS", "linux")
	t.Setenv("GOARCH", "amd64")
	programs := deployed.Programs{Root: filepath.Join("..", ".."), Folder: t.TempDir()}
	names := functions(t, programs.Root)
	require.NoError(t, programs.Build(t.Context(), names, "-buildvcs=false"))
	sizes := map[string]int64{}
	for _, name := range names {
		info, err := os.Stat(programs.Path(name))
		require.NoError(t, err)
		sizes[name] = info.Size()
	}
	if os.Getenv("UPDATE_SNAPSHOTS") != "" {
		data, err := json.MarshalIndent(sizes, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(data, '\n'), 0o644))
		return
	}
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	budget := map[string]int64{}
	require.NoError(t, json.Unmarshal(data, &budget))
	for _, name := range names {
		most := int64(growth * float64(budget[name]))
		assert.LessOrEqual(t, sizes[name], most, "%s has %.2f MB and a budget of %.2f MB: leave out what it does not need "+
			"(go tool nm -size finds it), or, if that is meant, write the budget with UPDATE_SNAPSHOTS=1 go test ./tests/size",
			name, float64(sizes[name])/1e6, float64(budget[name])/1e6)
	}
}

// A function links what it needs. Each of these packages is megabytes.
func TestAFunctionLinksNoClientThatItDoesNotAsk(t *testing.T) {
	const qdrant, model, cloudEvents = "github.com/qdrant/go-client/qdrant", "sequential-questioning/shared/model", "github.com/cloudevents/sdk-go/v2"
	for name, unlinked := range map[string][]string{
		"ask":       {cloudEvents},
		"automatic": {cloudEvents},
		"follow-up": {cloudEvents, qdrant},
		"forget":    {cloudEvents},
		"gateway":   {cloudEvents, qdrant, model, "sequential-questioning/shared/conversation"},
		"recall":    {cloudEvents},
		"relay":     {qdrant, model},
		"report":    {cloudEvents, qdrant, model},
		"revise":    {cloudEvents, qdrant},
	} {
		linked := dependencies(t, name)
		for _, path := range unlinked {
			assert.False(t, slices.ContainsFunc(linked, func(have string) bool { return strings.HasSuffix(have, path) }), "%s links %s", name, path)
		}
	}
}

func functions(t *testing.T, root string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "functions", "*", "func.yaml"))
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, filepath.Base(filepath.Dir(file)))
	}
	require.NotEmpty(t, names)
	return names
}

func dependencies(t *testing.T, name string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "./functions/"+name+"/cmd/"+name)
	command.Dir = filepath.Join("..", "..")
	output, err := command.Output()
	require.NoError(t, err)
	return strings.Fields(string(output))
}
