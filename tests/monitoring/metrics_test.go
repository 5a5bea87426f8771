package monitoring

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/dashboard"
)

// set is a set of strings.
type set map[string]bool

// targetLabels are the labels that Prometheus or the monitors of
// gitops/platform/monitoring add to scraped metrics.
var targetLabels = []string{"namespace", "pod", "container", "node", "job", "instance", "function", "revision", "cluster", "component"}

// series maps a metric's labels to the observed values; nil if these are unknown.
type series map[string]set

func readDashboards(t *testing.T) []dashboard.Dashboard {
	t.Helper()
	all, err := dashboard.Read(filepath.Join(platform, "monitoring", "grafana", "dashboards"))
	require.NoError(t, err)
	return all
}

// queries returns the queries of rules, dashboards and docs by their location.
func queries(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for file, groups := range readRules(t) {
		for _, g := range groups {
			for _, r := range g.Rules {
				found[fmt.Sprintf("rules/%s: %s%s", file, r.Alert, r.Record)] = r.Expr
			}
		}
	}
	for _, d := range readDashboards(t) {
		for _, p := range d.Panels {
			for i, target := range p.Targets {
				if p.Datasource.Type == "prometheus" {
					found[fmt.Sprintf("dashboard %s: %s, %d", d.Name, p.Title, i+1)] = target.Query(time.Minute)
				}
			}
		}
	}
	page, err := os.ReadFile("../../docs/monitoring.md")
	require.NoError(t, err)
	documented := regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, documented)
	for i, query := range documented {
		found[fmt.Sprintf("docs/monitoring.md, %d", i+1)] = query[1]
	}
	return found
}

// ours returns the metrics that the running program exports.
func ours(t *testing.T) map[string]series {
	t.Helper()
	response, err := http.Get(openTestbed(t).Metrics)
	require.NoError(t, err)
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	require.NoError(t, err)
	found := map[string]series{}
	for name, family := range families {
		labels := series{}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if labels[l.GetName()] == nil {
					labels[l.GetName()] = set{}
				}
				labels[l.GetName()][l.GetValue()] = true
			}
		}
		found[name] = labels
		if family.GetType().String() == "HISTOGRAM" {
			bucket := maps.Clone(labels)
			bucket["le"] = nil
			found[name+"_bucket"], found[name+"_sum"], found[name+"_count"] = bucket, labels, labels
		}
	}
	return found
}

// exporter is a third-party exporter of metrics.
type exporter struct {
	Exporter, Version string
	Metrics           map[string][]string
}

func exporters(t *testing.T) (all []exporter) {
	t.Helper()
	readYAML(t, "exporters.yaml", &all)
	require.NotEmpty(t, all)
	return all
}

// exported returns the metrics of one exporter with their labels.
func exported(t *testing.T, name string) map[string][]string {
	t.Helper()
	for _, e := range exporters(t) {
		if e.Exporter == name {
			return e.Metrics
		}
	}
	require.Failf(t, "missing", "exporters.yaml lacks %s", name)
	return nil
}

// theirs returns the third-party metrics of exporters.yaml.
func theirs(t *testing.T) map[string]series {
	t.Helper()
	found := map[string]series{}
	for _, e := range exporters(t) {
		require.NotEmpty(t, e.Version, e.Exporter)
		for name, labels := range e.Metrics {
			found[name] = series{}
			for _, label := range labels {
				found[name][label] = nil
			}
		}
	}
	return found
}

// recorded returns the metrics of recording rules, whose names begin with their labels.
func recorded(t *testing.T) map[string]series {
	t.Helper()
	found := map[string]series{}
	for _, groups := range readRules(t) {
		for _, g := range groups {
			for _, r := range g.Rules {
				if r.Record != "" {
					found[r.Record] = series{}
					labels, _, _ := strings.Cut(r.Record, ":")
					for label := range strings.SplitSeq(labels, "_") {
						found[r.Record][label] = nil
					}
				}
			}
		}
	}
	return found
}

func TestEveryQueryUsesExistingMetricsAndLabels(t *testing.T) {
	t.Parallel()
	live, known := ours(t), map[string]series{}
	for _, source := range []map[string]series{theirs(t), recorded(t), live} {
		maps.Copy(known, source)
	}
	used := set{}
	for place, query := range queries(t) {
		expr, err := metricsql.Parse(query)
		require.NoError(t, err, "%s: %s", place, query)
		labels := set{}
		for _, label := range targetLabels {
			labels[label] = true
		}
		metricsql.VisitAll(expr, func(e metricsql.Expr) {
			m, ok := e.(*metricsql.MetricExpr)
			if !ok {
				return
			}
			for _, filters := range m.LabelFilterss {
				require.NotEmpty(t, filters, place)
				name := filters[0].Value
				used[name] = true
				has, ok := known[name]
				if !assert.True(t, ok, "%s: the program does not show %s, no rule records it, and exporters.yaml lacks it", place, name) {
					continue
				}
				for label := range has {
					labels[label] = true
				}
				for _, f := range filters[1:] {
					values, ok := has[f.Label]
					if !ok {
						assert.Contains(t, targetLabels, f.Label, "%s: %s has no such label", place, name)
						continue
					}
					if _, own := live[name]; own {
						for _, value := range alternatives(f) {
							assert.True(t, values[value] || literals(t, name)[value], "%s: nothing gives %s the %s %q", place, name, f.Label, value)
						}
					}
				}
			}
		})
		metricsql.VisitAll(expr, func(e metricsql.Expr) {
			for _, label := range grouping(e) {
				assert.True(t, labels[label], "%s: nothing in it has the label %s", place, label)
			}
		})
	}
	for name := range theirs(t) {
		if name != "ALERTS" {
			assert.True(t, used[name], "exporters.yaml: no query uses %s", name)
		}
	}
}

// alternatives returns the values that a filter compares with.
func alternatives(f metricsql.LabelFilter) []string {
	if !f.IsRegexp {
		return []string{f.Value}
	}
	var values []string
	for value := range strings.SplitSeq(f.Value, "|") {
		if regexp.QuoteMeta(value) == value {
			values = append(values, value)
		}
	}
	return values
}

func grouping(e metricsql.Expr) []string {
	switch e := e.(type) {
	case *metricsql.AggrFuncExpr:
		return e.Modifier.Args
	case *metricsql.BinaryOpExpr:
		return slices.Concat(e.GroupModifier.Args, e.JoinModifier.Args)
	}
	return nil
}

// literals returns the strings in the package that defines a metric, which include label
// values that did not occur in the run.
func literals(t *testing.T, metric string) set {
	t.Helper()
	for _, strings := range packages(t) {
		for literal := range strings {
			if instrument := dots.ReplaceAllString(literal, "_"); instrument != literal && matchesInstrument(metric, instrument) {
				return strings
			}
		}
	}
	return nil
}

var dots = regexp.MustCompile(`\.`)

func matchesInstrument(metric, instrument string) bool {
	suffix, found := strings.CutPrefix(metric, instrument)
	return found && slices.Contains([]string{"", "_total", "_seconds", "_seconds_bucket", "_seconds_count", "_seconds_sum"}, suffix)
}

// packages returns the string literals of each of the project's packages.
func packages(t *testing.T) map[string]set {
	t.Helper()
	found := map[string]set{}
	for _, folder := range []string{"../../shared", "../../functions"} {
		require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			dir := filepath.Dir(path)
			if found[dir] == nil {
				found[dir] = set{}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if value, err := strconv.Unquote(literal.Value); err == nil {
						found[dir][value] = true
					}
				}
				return true
			})
			return nil
		}))
	}
	return found
}

func TestEveryPanelHasADescription(t *testing.T) {
	t.Parallel()
	seen := set{}
	for _, d := range readDashboards(t) {
		assert.NotEmpty(t, d.Title)
		assert.False(t, seen[d.UID], "%s: another dashboard has the uid %s", d.Name, d.UID)
		seen[d.UID] = true
		for _, p := range d.Panels {
			place := d.Name + ": " + p.Title
			assert.NotEmpty(t, p.Title, d.Name)
			assert.NotEmpty(t, p.Description, place)
			assert.NotEmpty(t, p.FieldConfig.Defaults.Unit, place)
			assert.NotEmpty(t, p.Targets, place)
			assert.Contains(t, []string{"prometheus", "loki"}, p.Datasource.UID, place)
		}
	}
}

func TestEveryMetricOfOursIsInARuleOrDashboard(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, query := range queries(t) {
		all.WriteString(query + "\n")
	}
	for name := range ours(t) {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if strings.HasPrefix(name, "questioning_") || strings.HasPrefix(name, "mcp_gateway_") {
			assert.Contains(t, all.String(), base, "no rule and no dashboard uses %s", name)
		}
	}
}
