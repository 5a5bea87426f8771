package images_test

import (
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/images"
)

var (
	one = v1.Hash{Algorithm: "sha256", Hex: "1111111111111111111111111111111111111111111111111111111111111111"}
	two = v1.Hash{Algorithm: "sha256", Hex: "2222222222222222222222222222222222222222222222222222222222222222"}
)

const owners = "registry.example/owner"

func TestPinsAreSortedAndHaveDigests(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "images")
	require.NoError(t, images.WritePins(folder, owners, []string{"ask", "migrate"}, []images.Image{
		{Name: "migrate", Digest: two, Repository: "registry.example/p/migrate"},
		{Name: "ask", Digest: one, Repository: "registry.example/p/ask"},
	}))
	pins, err := images.Pins(folder)
	require.NoError(t, err)
	assert.Equal(t, []images.Pin{
		{Name: "ask", Repository: "registry.example/p/ask", Digest: one.String()},
		{Name: "migrate", Repository: "registry.example/p/migrate", Digest: two.String()},
	}, pins)
}

func TestImagesThatWereNotBuiltKeepTheirPins(t *testing.T) {
	folder := pinned(t)
	require.NoError(t, images.WritePins(folder, owners, []string{"ask", "report"}, []images.Image{{Name: "ask", Digest: two, Repository: "registry.example/q/ask"}}))
	pins, err := images.Pins(folder)
	require.NoError(t, err)
	assert.Equal(t, []images.Pin{
		{Name: "ask", Repository: "registry.example/q/ask", Digest: two.String()},
		{Name: "report", Repository: "registry.example/p/report", Digest: one.String()},
	}, pins)
}

func TestImagesThatWereNotPushedArePinnedInTheOwnersRegistry(t *testing.T) {
	folder := pinned(t)
	require.NoError(t, images.WritePins(folder, owners, []string{"ask", "report", "new"}, []images.Image{{Name: "ask", Digest: two}, {Name: "new", Digest: two}}))
	pins, err := images.Pins(folder)
	require.NoError(t, err)
	assert.Equal(t, "registry.example/owner/ask", pins[0].Repository)
	assert.Equal(t, "registry.example/owner/new", pins[1].Repository)
	assert.Equal(t, "registry.example/p/report", pins[2].Repository)
}

func TestPinsOfRemovedImagesAreRemoved(t *testing.T) {
	folder := pinned(t)
	require.NoError(t, images.WritePins(folder, owners, []string{"ask"}, []images.Image{{Name: "ask", Digest: two}}))
	pins, err := images.Pins(folder)
	require.NoError(t, err)
	require.Len(t, pins, 1)
}

func TestAnOverlayUsesThePins(t *testing.T) {
	root := t.TempDir()
	write(t, root, "pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - {name: a, image: sequential-questioning/ask}\n")
	write(t, root, "kustomization.yaml", "resources: [pod.yaml]\ncomponents: [images]\n")
	require.NoError(t, images.WritePins(filepath.Join(root, "images"), owners, []string{"ask"}, []images.Image{{Name: "ask", Digest: one, Repository: "registry.example/p/ask"}}))
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), root)
	require.NoError(t, err)
	document, err := built.AsYaml()
	require.NoError(t, err)
	assert.Contains(t, string(document), "image: registry.example/p/ask@"+one.String())
}

func TestUnreadablePinsAreNotOverwritten(t *testing.T) {
	folder := pinned(t)
	path := filepath.Join(folder, "kustomization.yaml")
	require.NoError(t, os.WriteFile(path, []byte("imagges: []\n"), 0o644))
	err := images.WritePins(folder, owners, []string{"ask"}, nil)
	assert.ErrorContains(t, err, path)
	assert.ErrorContains(t, err, "imagges")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "imagges: []\n", string(data))
}

func pinned(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, images.WritePins(folder, owners, []string{"ask", "report"}, []images.Image{
		{Name: "ask", Digest: one, Repository: "registry.example/p/ask"},
		{Name: "report", Digest: one, Repository: "registry.example/p/report"},
	}))
	return folder
}
