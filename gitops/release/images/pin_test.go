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

const pins = "gitops/images/kustomization.yaml"

func TestPinsAreSortedAndThoseOfImagesThatWereNotBuiltStay(t *testing.T) {
	root := pinned(t)
	require.NoError(t, images.WritePins(root, "registry.example/p", []images.Image{{Name: "migrate", Digest: one}}))
	require.NoError(t, images.WritePins(root, "registry.example/q", []images.Image{{Name: "hello", Digest: two}}))
	assert.Equal(t, `# The images of a release. `+"`make images`"+` writes the digests; the branch prod has
# the promoted ones.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
  - name: sequential-questioning/hello
    newName: registry.example/q/hello
    digest: `+two.String()+`
  - name: sequential-questioning/migrate
    newName: registry.example/p/migrate
    digest: `+one.String()+`
`, read(t, root, pins))
}

func TestPinsOfRemovedImagesAreRemoved(t *testing.T) {
	root := pinned(t)
	require.NoError(t, images.WritePins(root, "registry.example", []images.Image{{Name: "hello", Digest: one}}))
	require.NoError(t, os.RemoveAll(filepath.Join(root, "functions")))
	require.NoError(t, images.WritePins(root, "registry.example", []images.Image{{Name: "migrate", Digest: one}}))
	assert.NotContains(t, read(t, root, pins), "hello")
}

func TestAnOverlayUsesThePins(t *testing.T) {
	root := pinned(t)
	write(t, root, "pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - {name: a, image: sequential-questioning/hello}\n")
	write(t, root, "kustomization.yaml", "resources: [pod.yaml]\ncomponents: [gitops/images]\n")
	require.NoError(t, images.WritePins(root, "registry.example/p", []images.Image{{Name: "hello", Digest: one}}))
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), root)
	require.NoError(t, err)
	document, err := built.AsYaml()
	require.NoError(t, err)
	assert.Contains(t, string(document), "image: registry.example/p/hello@"+one.String())
}

func TestUnreadablePinsAreNotOverwritten(t *testing.T) {
	root := pinned(t)
	write(t, root, pins, "imagges: []\n")
	err := images.WritePins(root, "registry.example", []images.Image{{Name: "hello", Digest: one}})
	assert.ErrorContains(t, err, pins)
	assert.ErrorContains(t, err, "imagges")
	assert.Equal(t, "imagges: []\n", read(t, root, pins))
}

// pinned is a repository without pins.
func pinned(t *testing.T) string {
	t.Helper()
	root := repository(t)
	write(t, root, pins, "kind: Component\n")
	return root
}

func read(t *testing.T, root, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(content)
}
