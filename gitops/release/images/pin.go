package images

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/render"
)

// header begins the file, which is written whole. Comments of others in it are lost.
const header = `# The images of a release. ` + "`make images`" + ` writes the digests; the branch prod has
# the promoted ones.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
`

// Pin is an image's name, repository and digest.
type Pin struct{ Name, Repository, Digest string }

// Pins reads the pins of a folder (gitops/images in the repository), sorted by name. An
// image without a digest is included with an empty one.
// Unknown fields are an error: a misspelled digest must not pass for none.
func Pins(folder string) ([]Pin, error) {
	path := filepath.Join(folder, "kustomization.yaml")
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read pins: %w", err)
	}
	var component types.Kustomization
	if err := yaml.UnmarshalStrict(content, &component); err != nil {
		return nil, fmt.Errorf("read pins: %s: %w", path, err)
	}
	var pins []Pin
	for _, image := range component.Images {
		pins = append(pins, Pin{strings.TrimPrefix(image.Name, render.ImagePrefix), image.NewName, image.Digest})
	}
	slices.SortFunc(pins, func(a, b Pin) int { return strings.Compare(a.Name, b.Name) })
	return pins, nil
}

// WritePins pins images in a folder and keeps the existing pins of the other names. An
// image that was not pushed is pinned where it would be, in the registry. Pins of
// images that no longer exist go, also when only some images are built. The file is
// sorted by name, so that a release's difference shows what it changes.
// A missing file is the same as an empty one.
func WritePins(folder, registry string, names []string, images []Image) error {
	there, err := Pins(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	pins := map[string]Pin{}
	for _, pin := range there {
		if slices.Contains(names, pin.Name) {
			pins[pin.Name] = pin
		}
	}
	for _, image := range images {
		pin := Pin{image.Name, image.Repository, image.Digest.String()}
		if pin.Repository == "" {
			pin.Repository = registry + "/" + image.Name
		}
		pins[image.Name] = pin
	}
	var content strings.Builder
	content.WriteString(header)
	for _, name := range slices.Sorted(maps.Keys(pins)) {
		fmt.Fprintf(&content, "  - name: %s%s\n    newName: %s\n    digest: %s\n", render.ImagePrefix, name, pins[name].Repository, pins[name].Digest)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("write pins: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(content.String()), 0o644); err != nil {
		return fmt.Errorf("write pins: %w", err)
	}
	return nil
}
