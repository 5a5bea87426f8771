// Package owner reads gitops/owner, the file with everything that belongs to the owner
// of a deployment. Begin with Read, and with Check before a first sync.
package owner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// File is the file, below the repository's root.
const File = "gitops/owner/kustomization.yaml"

// Owner has the values and choices of the file.
type Owner struct {
	Values  map[string]string
	Choices []string // components, such as dns/cloudflare
}

// Read reads the file of the repository at root. It reads the file as kustomize does,
// with unknown fields refused: a misspelled one would leave its default in force.
// repository, registry and domain must be there; which others are needed depends on the
// choices, and shows when they are built.
func Read(root string) (Owner, error) {
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(File)))
	if err != nil {
		return Owner{}, fmt.Errorf("read the owner's values: %w", err)
	}
	var component types.Kustomization
	if err := yaml.UnmarshalStrict(content, &component); err != nil {
		return Owner{}, fmt.Errorf("read %s: %w", File, err)
	}
	read := Owner{Values: map[string]string{}, Choices: component.Components}
	for _, generator := range component.ConfigMapGenerator {
		for _, literal := range generator.LiteralSources {
			name, value, found := strings.Cut(literal, "=")
			if !found || name == "" || value == "" {
				return Owner{}, fmt.Errorf("read %s: %q: want NAME=VALUE", File, literal)
			}
			read.Values[name] = value
		}
	}
	for _, name := range []string{"repository", "registry", "domain"} {
		if read.Values[name] == "" {
			return Owner{}, fmt.Errorf("read %s: %s is missing: add %s=VALUE to its literals", File, name, name)
		}
	}
	return read, nil
}

// Repository is the URL that Argo CD reads.
func (o Owner) Repository() string { return o.Values["repository"] }

// Registry is the host and path of the images, without their names: the first of those
// that the policies allow.
func (o Owner) Registry() string {
	registry, _, _ := strings.Cut(o.Values["registry"], " ")
	return registry
}
