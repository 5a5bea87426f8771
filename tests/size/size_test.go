// Package size fails when a program or an image has grown: it is pulled, started and
// scanned by every cold start.
package size

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// growth is by how much a size may exceed its budget.
	growth = 1.03
	// file holds the budget of each function.
	file = "budget.json"
	// Of a tool's function in bytes, however its budget is written. The sides of the
	// events, relay and indexer, are woken by nobody who waits.
	mostProgram, mostImage = 22_000_000, 9_000_000
)

// size is of a function for linux/amd64, in bytes.
type size struct {
	Program int64 `json:"program"` // stripped
	Image   int64 `json:"image"`   // its compressed layers, which are pulled
}

// UPDATE_SNAPSHOTS=1 writes the budget instead.
func TestNothingOutgrowsItsBudget(t *testing.T) {
	root := filepath.Join("..", "..")
	sizes := images(t, root, functions(t, root))
	for name, size := range sizes {
		if name != "relay" && name != "indexer" {
			assert.LessOrEqual(t, size.Program, int64(mostProgram), "the program of %s", name)
			assert.LessOrEqual(t, size.Image, int64(mostImage), "the image of %s", name)
		}
	}
	if os.Getenv("UPDATE_SNAPSHOTS") != "" {
		data, err := json.MarshalIndent(sizes, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(data, '\n'), 0o644))
		return
	}
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	budget := map[string]size{}
	require.NoError(t, json.Unmarshal(data, &budget))
	require.Len(t, sizes, len(budget))
	for name, size := range sizes {
		within := func(what string, is, may int64) {
			assert.LessOrEqual(t, is, int64(growth*float64(may)), "the %s of %s has %.2f MB and a budget of %.2f MB: leave out what it does not need "+
				"(go tool nm -size finds it), or, if that is meant, write the budget with UPDATE_SNAPSHOTS=1 go test ./tests/size",
				what, name, float64(is)/1e6, float64(may)/1e6)
		}
		within("program", size.Program, budget[name].Program)
		within("image", size.Image, budget[name].Image)
	}
}

// images builds the functions' images as a release does and returns their sizes.
func images(t *testing.T, root string, names []string) map[string]size {
	t.Helper()
	folder := t.TempDir()
	release := filepath.Join(folder, "release")
	run(t, root, "make", "--no-print-directory", "release", "RELEASE="+release)
	layout := filepath.Join(folder, "layout")
	run(t, root, release, "images", "--only", strings.Join(names, ","), "--platform", "linux/amd64",
		"--layout", layout, "--no-pin")
	var index manifest
	read(t, filepath.Join(layout, "index.json"), &index)
	sizes := map[string]size{}
	for _, image := range index.Manifests {
		name := image.Annotations["org.opencontainers.image.ref.name"]
		var content manifest
		read(t, blob(layout, image.Digest), &content)
		if len(content.Manifests) == 1 { // an index of one platform
			read(t, blob(layout, content.Manifests[0].Digest), &content)
		}
		require.NotEmpty(t, content.Layers, name)
		var total size
		for _, layer := range content.Layers {
			total.Image += layer.Size
			total.Program = max(total.Program, within(t, blob(layout, layer.Digest), "ko-app/"+name))
		}
		require.NotZero(t, total.Program, name)
		sizes[name] = total
	}
	require.Len(t, sizes, len(names))
	return sizes
}

// manifest has what is read of an OCI index and of an image's manifest.
type manifest struct {
	Manifests, Layers []struct {
		Digest      string
		Size        int64
		Annotations map[string]string
	}
}

func blob(layout, digest string) string {
	return filepath.Join(layout, "blobs", strings.Replace(digest, ":", string(filepath.Separator), 1))
}

func read(t *testing.T, path string, into *manifest) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

// within returns the size of a file in a layer, 0 if it is in another.
func within(t *testing.T, layer, path string) int64 {
	t.Helper()
	archive, err := os.Open(layer)
	require.NoError(t, err)
	defer archive.Close()
	unzipped, err := gzip.NewReader(archive)
	require.NoError(t, err)
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return 0
		}
		require.NoError(t, err)
		if strings.TrimPrefix(header.Name, "/") == path {
			return header.Size
		}
	}
}

func run(t *testing.T, root, program string, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = root
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
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
