// Package render renders the functions' func.yaml files, the only source of how a
// function is deployed, to the Knative Services of gitops/base/functions.
//
// It does what `func deploy` would do to a cluster, into files that are reviewed. Fields that it
// would lose are refused. Begin with Write.
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
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"knative.dev/func/pkg/functions"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// Everything in the folder output begins with mark, or is not ours to remove.
const (
	output        = "gitops/base/functions"
	kustomization = "kustomization.yaml"
	mark          = "# Generated from functions/"
)

// Files returns the rendered files of gitops/base/functions, by path from root. Its
// error names every invalid func.yaml. It reads the folder functions and nothing else:
// the same sources give the same bytes.
func Files(root string) (map[string][]byte, error) {
	sources, err := filepath.Glob(filepath.Join(root, "functions", "*", functions.FunctionFile))
	if err != nil {
		return nil, fmt.Errorf("find functions: %w", err)
	}
	// An empty result would delete every manifest.
	if len(sources) == 0 {
		return nil, fmt.Errorf("find functions: no func.yaml in %s", filepath.Join(root, "functions", "*"))
	}
	files := map[string][]byte{}
	var names []string
	var errs []error
	for _, source := range sources {
		name := filepath.Base(filepath.Dir(source))
		data, err := file(filepath.Dir(source))
		if err != nil {
			errs = append(errs, fmt.Errorf("functions/%s/func.yaml: %w", name, err))
			continue
		}
		files[output+"/"+name+".yaml"] = data
		names = append(names, name+".yaml")
	}
	// All invalid files are named together.
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	files[output+"/"+kustomization], err = encode(header("*"), map[string]any{
		"apiVersion": "kustomize.config.k8s.io/v1beta1",
		"kind":       "Kustomization",
		"resources":  names,
	})
	if err != nil {
		return nil, err
	}
	return files, nil
}

// file renders one function, and validates the Service as Knative's webhook will.
func file(folder string) ([]byte, error) {
	function, err := readFunction(folder)
	if err != nil {
		return nil, err
	}
	service, err := serviceFor(function)
	if err != nil {
		return nil, err
	}
	object, err := object(service)
	if err != nil {
		return nil, err
	}
	if err := manifest.Validate([]*unstructured.Unstructured{object}); err != nil {
		return nil, err
	}
	return encode(header(function.Name), object.Object)
}

// header is what tells a generated file from others; * stands for all functions.
func header(name string) string {
	return mark + name + "/func.yaml by `make render`; do not edit.\n"
}

// Change is a file that Write changed or, in a dry run, would change. A dry run prints
// the same list.
type Change struct {
	Action Action
	Path   string
}

// Action is what happens to a file.
type Action string

// Actions of Write.
const (
	Wrote   Action = "wrote"
	Removed Action = "removed"
)

// Changes compares gitops/base/functions with the rendered files.
func Changes(root string) ([]Change, error) {
	files, err := Files(root)
	if err != nil {
		return nil, err
	}
	return compare(root, files)
}

// Write updates gitops/base/functions. On an error in any func.yaml it changes nothing.
// Files of functions that are gone are removed. A file in the folder that was not
// generated is an error: it would be deployed, and nobody would expect it there.
// A second run changes nothing.
func Write(root string) ([]Change, error) {
	files, err := Files(root)
	if err != nil {
		return nil, err
	}
	changes, err := compare(root, files)
	if err != nil {
		return nil, err
	}
	for _, change := range changes {
		path := filepath.Join(root, change.Path)
		if change.Action == Removed {
			err = os.Remove(path)
		} else {
			err = write(path, files[change.Path])
		}
		if err != nil {
			return nil, fmt.Errorf("write manifests: %w", err)
		}
	}
	return changes, nil
}

// compare lists the files that differ, those to write before those to remove.
// Both kinds are sorted by path.
func compare(root string, files map[string][]byte) ([]Change, error) {
	var changes []Change
	for _, path := range slices.Sorted(maps.Keys(files)) {
		old, err := os.ReadFile(filepath.Join(root, path))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		if err != nil || !bytes.Equal(old, files[path]) {
			changes = append(changes, Change{Wrote, path})
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, output))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	for _, entry := range entries {
		path := output + "/" + entry.Name()
		if _, wanted := files[path]; wanted {
			continue
		}
		old, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		// Somebody's own manifest in the generated folder.
		if !strings.HasPrefix(string(old), mark) {
			return nil, fmt.Errorf("%s is not generated, but its folder is: move it to gitops/base", path)
		}
		changes = append(changes, Change{Removed, path})
	}
	return changes, nil
}

// write writes a file, and makes its folder where there is none.
func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// Check returns an error that names every file of gitops/base/functions that is out of
// date. It is for make verify, which changes no file.
func Check(ctx context.Context, root string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	changes, err := Changes(root)
	if err != nil {
		return err
	}
	var errs []error
	for _, change := range changes {
		what := "is out of date"
		if change.Action == Removed {
			what = "belongs to a removed function"
		}
		errs = append(errs, fmt.Errorf("%s %s: run make render", change.Path, what))
	}
	return errors.Join(errs...)
}
