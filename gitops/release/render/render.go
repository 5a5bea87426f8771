// Package render renders the functions' func.yaml files, the only source of how a
// function is deployed, to the Knative Services of gitops/base/functions.
//
// It does what `func deploy` would do to a cluster, into files that are reviewed. Fields that it
// would lose are refused. Begin with Write, and with service.yaml.tmpl.
package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"knative.dev/func/pkg/functions"
	"sigs.k8s.io/yaml"
)

// Everything in the folder output begins with mark, or is not ours to remove.
const (
	output = "gitops/base/functions"
	mark   = "# Generated from functions/"
)

// files returns the rendered files of gitops/base/functions, by path from root. Its
// error names every invalid func.yaml. It reads the folder functions and nothing else:
// the same sources give the same bytes.
func files(root string) (map[string][]byte, error) {
	sources, err := filepath.Glob(filepath.Join(root, "functions", "*", functions.FunctionFile))
	if err != nil {
		return nil, fmt.Errorf("find functions: %w", err)
	}
	// An empty result would delete every manifest.
	if len(sources) == 0 {
		return nil, fmt.Errorf("find functions: no func.yaml in %s", filepath.Join(root, "functions", "*"))
	}
	files := map[string][]byte{}
	var errs []error
	encode := func(file, source string, value any) {
		data, err := yaml.Marshal(value) // with its keys in order
		errs = append(errs, err)
		files[output+"/"+file] = append([]byte(mark+source+"/func.yaml by `make render`; do not edit.\n"), data...)
	}
	var names []string
	for _, source := range sources {
		name := filepath.Base(filepath.Dir(source))
		object, err := render(filepath.Dir(source))
		if err != nil {
			errs = append(errs, fmt.Errorf("functions/%s/func.yaml: %w", name, err))
			continue
		}
		encode(name+".yaml", name, object.Object)
		names = append(names, name+".yaml")
	}
	encode("kustomization.yaml", "*", map[string]any{
		"apiVersion": "kustomize.config.k8s.io/v1beta1",
		"kind":       "Kustomization",
		"resources":  names,
	})
	return files, errors.Join(errs...)
}

// Write updates gitops/base/functions and returns the paths that it changed, or with dryRun
// those that it would. On an error in any func.yaml it changes nothing. Files of functions
// that are gone are removed; a file that was not generated is an error, as nobody expects it
// there. A second run changes nothing.
func Write(root string, dryRun bool) ([]string, error) {
	changes, err := outdated(root)
	if err != nil {
		return nil, err
	}
	paths := slices.Sorted(maps.Keys(changes))
	if dryRun || len(paths) == 0 {
		return paths, nil
	}
	if err := os.MkdirAll(filepath.Join(root, output), 0o755); err != nil {
		return nil, fmt.Errorf("write manifests: %w", err)
	}
	for _, path := range paths {
		if data := changes[path]; data != nil {
			err = os.WriteFile(filepath.Join(root, path), data, 0o644)
		} else {
			err = os.Remove(filepath.Join(root, path))
		}
		if err != nil {
			return nil, fmt.Errorf("write manifests: %w", err)
		}
	}
	return paths, nil
}

// Check returns an error that names every file of gitops/base/functions that is out of
// date. It is for make verify, which changes no file.
func Check(ctx context.Context, root string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	paths, err := Write(root, true)
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range paths {
		errs = append(errs, fmt.Errorf("%s is out of date: run make render", path))
	}
	return errors.Join(errs...)
}

// outdated returns the files to write, and without content those to remove.
func outdated(root string) (map[string][]byte, error) {
	changes, err := files(root)
	if err != nil {
		return nil, err
	}
	found, err := filepath.Glob(filepath.Join(root, output, "*"))
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	for _, file := range found {
		path := output + "/" + filepath.Base(file)
		old, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		data, wanted := changes[path]
		switch {
		case wanted && bytes.Equal(old, data):
			delete(changes, path)
		case !wanted && !bytes.HasPrefix(old, []byte(mark)):
			return nil, fmt.Errorf("%s is not generated, but its folder is: move it to gitops/base", path)
		case !wanted:
			changes[path] = nil
		}
	}
	return changes, nil
}
