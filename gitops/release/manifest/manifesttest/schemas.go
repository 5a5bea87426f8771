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
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// here is this package's folder in the release command's module.
const here = "manifest/manifesttest"

// sources are the files with CustomResourceDefinitions, by module and by the folder of
// the go.mod that decides the module's version. Those of the folder modules stand apart,
// so that their dependencies do not decide those of the release command.
var sources = map[string]map[string]string{
	".": {
		"github.com/argoproj/argo-cd/v2": "manifests/crds/*-crd.yaml",
		"knative.dev/networking":         "config/domain-claim.yaml",
	},
	here + "/modules": {
		"github.com/bitnami-labs/sealed-secrets":        "helm/sealed-secrets/crds/*.yaml",
		"github.com/cert-manager/cert-manager":          "deploy/crds/*.yaml",
		"github.com/cloudnative-pg/cloudnative-pg":      "config/crd/bases/*.yaml",
		"github.com/cloudnative-pg/plugin-barman-cloud": "config/crd/bases/*.yaml",
		"github.com/prometheus-community/helm-charts":   "charts/kube-prometheus-stack/charts/crds/crds/*.yaml",
		"knative.dev/operator":                          "config/crd/bases/*.yaml",
	},
}

// Schemas returns the schemas of Argo CD and of the platform's operators. They are read
// once in a test's process, which takes seconds.
func Schemas(t testing.TB) manifest.Schemas {
	t.Helper()
	all, err := schemas()
	require.NoError(t, err)
	return all
}

// Module returns a module's folder in Go's module cache.
// The module must be one of sources.
func Module(t testing.TB, path string) string {
	t.Helper()
	found, err := modules()
	require.NoError(t, err)
	require.Contains(t, found, path)
	return found[path]
}

// schemas reads all definitions. A module that moved them is an error: without its
// schemas, its resources would be unknown kinds.
var schemas = sync.OnceValues(func() (manifest.Schemas, error) {
	found, err := modules()
	if err != nil {
		return nil, err
	}
	all := manifest.Schemas{}
	for _, group := range sources {
		for module, pattern := range group {
			files, err := filepath.Glob(filepath.Join(found[module], pattern))
			if err != nil || len(files) == 0 {
				return nil, fmt.Errorf("no definitions in %s of %s: %w", pattern, module, err)
			}
			if err := all.Read(files...); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
})

// modules returns the folders of the modules. Go downloads missing ones.
var modules = sync.OnceValues(func() (map[string]string, error) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output() // wherever a test runs
	if err != nil {
		return nil, fmt.Errorf("find the release command's module: %w", err)
	}
	found := map[string]string{}
	var failed error
	for folder, group := range sources {
		download := exec.Command("go", "mod", "download", "-json")
		for module := range group {
			download.Args = append(download.Args, module)
		}
		download.Dir = filepath.Join(string(bytes.TrimSpace(root)), folder)
		output, err := download.Output()
		failed = errors.Join(failed, err)
		for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
			var module struct{ Path, Dir, Error string }
			if err := decoder.Decode(&module); err == io.EOF {
				break
			} else if err != nil {
				return nil, fmt.Errorf("read what go mod download printed: %w", err)
			}
			if module.Error != "" {
				failed = errors.Join(failed, errors.New(module.Error))
			}
			found[module.Path] = module.Dir
		}
	}
	return found, failed
})
