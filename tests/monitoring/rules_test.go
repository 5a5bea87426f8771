package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/tools"
)

const (
	platform = "../../gitops/platform"
	runbook  = "runbook#" // gitops/owner has its address
)

// rule is a rule of a PrometheusRule.
type rule struct {
	Record      string            `yaml:"record,omitempty"`
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

type ruleGroup struct {
	Name  string `yaml:"name"`
	Rules []rule `yaml:"rules"`
}

// readRules returns the rule groups of each file.
func readRules(t *testing.T) map[string][]ruleGroup {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(platform, "monitoring", "rules", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	groups := map[string][]ruleGroup{}
	for _, file := range files {
		var object struct {
			Kind string
			Spec struct{ Groups []ruleGroup }
		}
		readYAML(t, file, &object)
		require.Equal(t, "PrometheusRule", object.Kind, file)
		groups[filepath.Base(file)] = object.Spec.Groups
	}
	return groups
}

func alerts(t *testing.T) map[string]rule {
	t.Helper()
	found := map[string]rule{}
	for file, groups := range readRules(t) {
		for _, g := range groups {
			for _, r := range g.Rules {
				if r.Alert != "" {
					require.NotContains(t, found, r.Alert, file)
					found[r.Alert] = r
				}
			}
		}
	}
	return found
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, into), file)
}

func writeYAML(t *testing.T, file string, content any) {
	t.Helper()
	data, err := yaml.Marshal(content)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, data, 0o600))
}

func installed(t *testing.T) tools.Tools {
	t.Helper()
	found, err := tools.Install()
	require.NoError(t, err)
	return found
}

func run(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s %s: %s", filepath.Base(name), strings.Join(args, " "), output)
	return string(output)
}

func TestPrometheusAcceptsTheRules(t *testing.T) {
	t.Parallel()
	promtool, folder := installed(t).Promtool, t.TempDir()
	for file, groups := range readRules(t) {
		writeYAML(t, filepath.Join(folder, file), map[string]any{"groups": groups})
		run(t, folder, promtool, "check", "rules", "--lint=all", "--lint-fatal", file)
	}
}

// ruleTests has the fields of promtool's test files that the tests read.
type ruleTests struct {
	Tests []struct {
		Name           string
		AlertRuleTests []struct {
			AlertName string `yaml:"alertname"`
			Expected  []struct {
				Labels map[string]string `yaml:"exp_labels"`
			} `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	}
}

func TestAlertsFireWhenTheyShouldAndOnlyThen(t *testing.T) {
	t.Parallel()
	promtool, folder := installed(t).Promtool, t.TempDir()
	for file, groups := range readRules(t) {
		for g := range groups {
			for r := range groups[g].Rules {
				groups[g].Rules[r].Annotations = nil // the test files only have labels
			}
		}
		writeYAML(t, filepath.Join(folder, file), map[string]any{"groups": groups})
		tests, err := os.ReadFile(filepath.Join("rules", file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, "test-"+file), tests, 0o600))
		run(t, folder, promtool, "test", "rules", "test-"+file)
	}
}

// firing returns the labels with which each alert fires in the rules' tests, and the alerts
// with a test in which they do not fire.
func firing(t *testing.T) (fires map[string][]map[string]string, quiet map[string]bool) {
	t.Helper()
	fires, quiet = map[string][]map[string]string{}, map[string]bool{}
	for file := range readRules(t) {
		var tests ruleTests
		readYAML(t, filepath.Join("rules", file), &tests)
		for _, test := range tests.Tests {
			for _, a := range test.AlertRuleTests {
				quiet[a.AlertName] = quiet[a.AlertName] || len(a.Expected) == 0
				for _, e := range a.Expected {
					fires[a.AlertName] = append(fires[a.AlertName], e.Labels)
				}
			}
		}
	}
	return fires, quiet
}

func TestEveryAlertHasATestThatFiresAndOneThatDoesNot(t *testing.T) {
	t.Parallel()
	fires, quiet := firing(t)
	for name := range alerts(t) {
		assert.NotEmpty(t, fires[name], "no test in which %s fires", name)
		if name != "Watchdog" {
			assert.True(t, quiet[name], "no test in which %s stays quiet", name)
		}
	}
}

var labelUsed = regexp.MustCompile(`\$labels\.(\w+)`)

func TestEveryAlertHasASummarySeverityAndRunbook(t *testing.T) {
	t.Parallel()
	fires, _ := firing(t)
	for name, a := range alerts(t) {
		assert.Contains(t, []string{"critical", "warning", "none"}, a.Labels["severity"], name)
		assert.Equal(t, runbook+strings.ToLower(name), a.Annotations["runbook_url"], name)
		for _, annotation := range []string{"summary", "description"} {
			text := a.Annotations[annotation]
			assert.NotEmpty(t, text, "%s of %s", annotation, name)
			for _, label := range labelUsed.FindAllStringSubmatch(text, -1) {
				for _, labels := range fires[name] {
					assert.Contains(t, labels, label[1], "%s of %s", annotation, name)
				}
			}
		}
	}
}
