// Package manifesttest provides the schemas of third-party custom resources, from their
// Go modules.
//
// Go's module proxy is enough to get them: no release page and no cluster is asked.
// Begin with Schemas.
package manifesttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// Folders of CustomResourceDefinitions, by module.
var (
	// Modules of the release command.
	own = map[string]string{
		"github.com/argoproj/argo-cd/v2": "manifests/crds",
		"knative.dev/networking":         "config",
	}
	// Modules of the folder modules.
	others = map[string]string{
		"github.com/bitnami-labs/sealed-secrets":        "helm/sealed-secrets/crds",
		"github.com/cert-manager/cert-manager":          "deploy/crds",
		"github.com/cloudnative-pg/cloudnative-pg":      "config/crd/bases",
		"github.com/cloudnative-pg/plugin-barman-cloud": "config/crd/bases",
		"github.com/prometheus-community/helm-charts":   "charts/kube-prometheus-stack/charts/crds/crds",
		"knative.dev/operator":                          "config/crd/bases",
	}
)

// here is this package, by which go list finds its folder wherever tests run.
const here = "github.com/sequential-questioning/sequential-questioning/gitops/release/manifest/manifesttest"

// Schemas returns the schemas of Argo CD and of the platform's operators. They are read
// once in a test's process, which takes seconds.
func Schemas(t testing.TB) manifest.Schemas {
	t.Helper()
	all, err := schemas()
	require.NoError(t, err)
	return all
}

// Module returns a module's folder in Go's module cache.
// The module must be one of others.
func Module(t testing.TB, path string) string {
	t.Helper()
	found, err := modules()
	require.NoError(t, err)
	require.Contains(t, found, path)
	return found[path]
}

// schemas reads all definitions. A module that moved its folder is an error: without
// its schemas, its resources would be unknown kinds.
var schemas = sync.OnceValues(func() (manifest.Schemas, error) {
	found, err := modules()
	if err != nil {
		return nil, err
	}
	var sources []string
	for module, folder := range others {
		sources = append(sources, filepath.Join(found[module], folder))
	}
	for module, folder := range own {
		root, err := list("-m", module)
		if err != nil {
			return nil, err
		}
		sources = append(sources, filepath.Join(root, folder))
	}
	all := manifest.Schemas{}
	for _, source := range sources {
		read, err := manifest.ReadSchemas(source)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, read)
	}
	return all, nil
})

// modules returns the folders of the modules. Go downloads missing ones. They are in a
// module of their own, so that their dependencies do not decide those of the release
// command.
var modules = sync.OnceValues(func() (map[string]string, error) {
	folder, err := list(here)
	if err != nil {
		return nil, err
	}
	download := exec.Command("go", "mod", "download", "-json")
	download.Args = slices.AppendSeq(download.Args, maps.Keys(others))
	download.Dir = filepath.Join(folder, "modules")
	output, failed := download.Output()
	if failed != nil {
		failed = fmt.Errorf("download modules of %s: %w", download.Dir, failed)
	}
	found := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var module struct{ Path, Dir, Error string }
		if err := decoder.Decode(&module); err == io.EOF {
			return found, failed
		} else if err != nil {
			return nil, errors.Join(failed, fmt.Errorf("read what go mod download printed: %w", err))
		}
		if module.Error != "" {
			failed = errors.Join(failed, errors.New(module.Error))
		}
		found[module.Path] = module.Dir
	}
})

// list asks the go command, which knows replacements and the module cache.
func list(args ...string) (folder string, err error) {
	output, err := exec.Command("go", append([]string{"list", "-f", "{{.Dir}}"}, args...)...).Output()
	if err != nil {
		return "", fmt.Errorf("go list %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(output)), nil
}
