package images

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

const (
	// Images have these names in the manifests, before gitops/images maps them to
	// repositories and digests.
	prefix = "sequential-questioning/"
	// The file is written whole. Comments of others in it are lost.
	header = `# The images of a release. ` + "`make images`" + ` writes the digests; the branch prod has
# the promoted ones.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
`
)

// WritePins pins images in gitops/images, where they are or will be in a registry, and keeps
// the existing pins of the other names. Pins of images that no longer exist go, also when
// only some images are built. The file is sorted by name, so that a release's difference
// shows what it changes. An unknown field is an error, since a misspelled digest must not be
// lost.
func WritePins(root, registry string, built []Image) error {
	names, err := Names(root)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "gitops", "images", "kustomization.yaml")
	old, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read pins: %w", err)
	}
	var component types.Kustomization
	if err := yaml.UnmarshalStrict(old, &component); err != nil {
		return fmt.Errorf("read pins: %s: %w", path, err)
	}
	pins := map[string]types.Image{}
	for _, pin := range component.Images {
		pins[strings.TrimPrefix(pin.Name, prefix)] = pin
	}
	for _, image := range built {
		pins[image.Name] = types.Image{NewName: registry + "/" + image.Name, Digest: image.Digest.String()}
	}
	maps.DeleteFunc(pins, func(name string, _ types.Image) bool { return !slices.Contains(names, name) })
	var content strings.Builder
	content.WriteString(header)
	for _, name := range slices.Sorted(maps.Keys(pins)) {
		fmt.Fprintf(&content, "  - name: %s%s\n    newName: %s\n    digest: %s\n", prefix, name, pins[name].NewName, pins[name].Digest)
	}
	return os.WriteFile(path, []byte(content.String()), 0o644)
}
