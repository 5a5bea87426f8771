package images

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Migrate is the image of the migrate command, the only one that is not a function.
const Migrate = "migrate"

// target is a program to build an image of.
type target struct {
	name    string
	module  string // folder of its go.mod
	program string // import path
}

// targets returns the functions and the migrate command, sorted by name. only restricts
// them; an unknown name in it is an error.
// It finds functions by their func.yaml, so a new one needs no list to be edited.
func targets(root string, only []string) ([]target, error) {
	sources, err := filepath.Glob(filepath.Join(root, "functions", "*", "func.yaml"))
	if err != nil {
		return nil, fmt.Errorf("find functions: %w", err)
	}
	modules := map[string]string{Migrate: filepath.Join(root, "migrations")}
	for _, source := range sources {
		modules[filepath.Base(filepath.Dir(source))] = filepath.Dir(source)
	}
	var names []string
	for name := range modules {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range only {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("there is no image %q: want one of %s", name, strings.Join(names, ", "))
		}
	}
	var found []target
	for _, name := range names {
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		path, err := modulePath(modules[name])
		if err != nil {
			return nil, fmt.Errorf("find the program of %s: %w", name, err)
		}
		command := filepath.Join(modules[name], "cmd", name)
		if _, err := os.Stat(filepath.Join(command, "main.go")); err != nil {
			return nil, fmt.Errorf("find the program of %s: %w", name, err)
		}
		found = append(found, target{name: name, module: modules[name], program: path + "/cmd/" + name})
	}
	return found, nil
}

// modulePath reads the path from go.mod, without the go command.
func modulePath(folder string) (string, error) {
	data, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil {
		return "", err
	}
	path := modfile.ModulePath(data)
	if path == "" {
		return "", fmt.Errorf("%s has no module line", filepath.Join(folder, "go.mod"))
	}
	return path, nil
}
