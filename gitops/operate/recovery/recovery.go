// Package recovery enables the cluster of gitops/platform/postgres/recovery: production's
// database at a point in time, beside the serving one.
package recovery

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Retention is how long CloudNativePG keeps base backups and WAL, as in the ObjectStore
// of gitops/platform/postgres/prod.
const Retention = 30 * 24 * time.Hour

// folder holds the manifests of PostgreSQL.
const folder = "gitops/platform/postgres"

// Change replaces one line of a file.
type Change struct {
	Path     string // from the repository's root
	Old, New string
}

// edits are the lines that a recovery changes: the time, and the entry that is
// commented out as long as nothing is recovered. Lines are replaced, not YAML
// rewritten, so that comments stay.
var edits = []struct {
	path    string
	pattern *regexp.Regexp
	line    func(time.Time) string
}{
	{
		filepath.Join(folder, "recovery", "kustomization.yaml"), regexp.MustCompile(`(?m)^              targetTime: .*$`),
		func(at time.Time) string {
			return `              targetTime: "` + at.UTC().Format("2006-01-02 15:04:05-07") + `"`
		},
	},
	{
		filepath.Join(folder, "kustomization.yaml"), regexp.MustCompile(`(?m)^(?:#  - recovery |  - recovery #).*$`),
		func(time.Time) string { return "  - recovery # prod as it was at a time: gitops/platform/README.md" },
	},
}

// Plan returns the changes to the checkout at root that recover prod to the time at;
// none if they are already made.
func Plan(root string, at, now time.Time) ([]Change, error) {
	switch {
	case !at.Before(now):
		return nil, fmt.Errorf("%s is in the future", at.Format(time.RFC3339))
	case now.Sub(at) > Retention:
		return nil, fmt.Errorf("%s is more than %d days ago, longer than backups are kept", at.Format(time.RFC3339), int(Retention.Hours()/24))
	}
	var changes []Change
	for _, edit := range edits {
		content, err := os.ReadFile(filepath.Join(root, edit.path))
		if err != nil {
			return nil, fmt.Errorf("plan the recovery: %w (--root sets the repository's folder)", err)
		}
		old := edit.pattern.Find(content)
		if old == nil {
			return nil, fmt.Errorf("plan the recovery: %s has no line that matches %s", edit.path, edit.pattern)
		}
		if line := edit.line(at); line != string(old) {
			changes = append(changes, Change{edit.path, string(old), line})
		}
	}
	return changes, nil
}

// Apply writes the changes.
func Apply(root string, changes []Change) error {
	for _, c := range changes {
		path := filepath.Join(root, c.Path)
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("write the recovery: %w", err)
		}
		if err := os.WriteFile(path, bytes.Replace(content, []byte(c.Old), []byte(c.New), 1), 0o644); err != nil {
			return fmt.Errorf("write the recovery: %w", err)
		}
	}
	return nil
}
