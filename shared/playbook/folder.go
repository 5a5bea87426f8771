package playbook

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of a folder of playbooks. It is read whole at start, which every wake from
// zero pays for.
const (
	MaxFiles     = 100
	MaxFileBytes = 256 << 10
)

// readFolder reads and checks the playbooks of a folder, those directly in it.
// Files that are not YAML, and hidden ones, are passed over. One wrong file is an
// error for all: a playbook that is missing without a word would look like a bad
// choice. Kubernetes mounts a ConfigMap with hidden folders beside its files.
func readFolder(folder string) ([]Playbook, error) {
	if folder == "" {
		return nil, nil
	}
	items, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("PLAYBOOKS_FOLDER: %w", err)
	}
	var all []Playbook
	from := map[string]string{}
	for _, item := range items {
		name := item.Name()
		if item.IsDir() || strings.HasPrefix(name, ".") || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)) {
			continue
		}
		if len(all) == MaxFiles {
			return nil, fmt.Errorf("PLAYBOOKS_FOLDER %s: holds more than %d playbooks", folder, MaxFiles)
		}
		p, err := readFile(filepath.Join(folder, name))
		if err != nil {
			return nil, fmt.Errorf("playbook %s: %w", filepath.Join(folder, name), err)
		}
		if other, taken := from[p.Name]; taken {
			return nil, fmt.Errorf("playbook %s: name: %q is the name of %s too", filepath.Join(folder, name), p.Name, other)
		}
		from[p.Name] = name
		all = append(all, p)
	}
	return all, nil
}

// readFile reads one playbook; its errors name the line and the field. It reads one
// byte more than is allowed, which is enough to know that a file is too long.
func readFile(path string) (Playbook, error) {
	file, err := os.Open(path)
	if err != nil {
		return Playbook{}, err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, MaxFileBytes+1))
	if err != nil {
		return Playbook{}, err
	}
	if len(raw) > MaxFileBytes {
		return Playbook{}, fmt.Errorf("has more than %d bytes", MaxFileBytes)
	}
	return check(raw)
}
