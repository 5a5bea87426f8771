// Package dashboard reads Grafana's dashboards, for tests that check their queries and
// for the command that draws them. Fields that neither needs are ignored.
//
// It knows nothing of Prometheus and evaluates no query. Begin with Read.
package dashboard

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Dashboard has the fields of a dashboard that tests and drawing read.
type Dashboard struct {
	Name   string `json:"-"` // of its file
	UID    string `json:"uid"`
	Title  string `json:"title"`
	Panels []Panel
}

// Panel is a panel of a dashboard. GridPos is in Grafana's grid of 24 columns. Unit and
// stacking decide how it is drawn.
type Panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  struct{ Type, UID string }
	FieldConfig struct {
		Defaults struct {
			Unit   string
			Custom struct{ Stacking struct{ Mode string } }
		}
	}
	GridPos struct{ X, Y, W, H int }
	Targets []Target
}

// Target is a query of a panel. A panel may have several, each with its own legend.
type Target struct {
	Expr         string `json:"expr"`
	LegendFormat string `json:"legendFormat"`
}

// Read returns the dashboards of a folder. They are in the order of their file
// names. A folder without any is an error, as a wrong path would be.
func Read(folder string) ([]Dashboard, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("read dashboards: %w", err)
	}
	var all []Dashboard
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read dashboards: %w", err)
		}
		d := Dashboard{Name: strings.TrimSuffix(filepath.Base(file), ".json")}
		if err := json.Unmarshal(data, &d); err != nil {
			return nil, fmt.Errorf("read dashboard %s: %w", d.Name, err)
		}
		all = append(all, d)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("read dashboards: none in %s", folder)
	}
	return all, nil
}

// Query returns the target's query with Grafana's variables replaced: all environments, and
// rates over window.
// Other variables are left as they are, and fail in Prometheus.
func (t Target) Query(window time.Duration) string {
	return strings.NewReplacer("$namespace", ".*", "$__rate_interval", window.String()).Replace(t.Expr)
}
