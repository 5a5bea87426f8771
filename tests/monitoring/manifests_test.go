package monitoring

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/tools"
)

// object has the fields of a manifest that the tests read.
type object struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Spec yaml.Node
}

// objects returns the manifests of both folders by file, without programs' configuration.
func objects(t *testing.T) map[string][]object {
	t.Helper()
	found := map[string][]object{}
	for _, folder := range []string{"monitoring", "logging"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(platform, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			decoder := yaml.NewDecoder(bytes.NewReader(data))
			for {
				var o object
				if err := decoder.Decode(&o); errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return errors.Join(errors.New(path), err)
				}
				if o.Kind != "" && o.Kind != "Kustomization" {
					found[path] = append(found[path], o)
				}
			}
		}))
	}
	return found
}

func TestEveryFileIsApplied(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"monitoring", "logging"} {
		kustomization, err := os.ReadFile(filepath.Join(platform, folder, "kustomization.yaml"))
		require.NoError(t, err)
		require.NoError(t, filepath.WalkDir(filepath.Join(platform, folder), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && entry.Name() != "kustomization.yaml" {
				relative, _ := filepath.Rel(filepath.Join(platform, folder), path)
				assert.Contains(t, string(kustomization), relative)
			}
			return err
		}))
	}
}

// Prometheus selects rules and monitors by label, in any namespace.
func TestPrometheusSelectsEveryRuleAndMonitor(t *testing.T) {
	t.Parallel()
	taken := 0
	for path, all := range objects(t) {
		for _, o := range all {
			switch o.Kind {
			case "PrometheusRule", "PodMonitor", "ServiceMonitor", "ScrapeConfig":
				taken++
				assert.Equal(t, "sequential-questioning-platform", o.Metadata.Labels["app.kubernetes.io/part-of"], "%s: %s", path, o.Metadata.Name)
			}
			if !strings.HasPrefix(o.Kind, "Cluster") {
				assert.NotEmpty(t, o.Metadata.Namespace, "%s: %s", path, o.Metadata.Name)
			}
		}
	}
	assert.Greater(t, taken, 10)
}

var (
	jobUsed      = regexp.MustCompile(`job="([^"]+)"`)
	functionUsed = regexp.MustCompile(`function="([^"]+)"`)
)

func TestQueriesNameJobsAndFunctionsThatExist(t *testing.T) {
	t.Parallel()
	jobs := set{}
	for _, all := range objects(t) {
		for _, o := range all {
			if o.Kind == "PodMonitor" || o.Kind == "ScrapeConfig" {
				jobs[o.Metadata.Namespace+"/"+o.Metadata.Name] = true
			}
		}
	}
	seen := set{}
	for place, query := range queries(t) {
		for _, job := range jobUsed.FindAllStringSubmatch(query, -1) {
			seen[job[1]] = true
			assert.True(t, jobs[job[1]], "%s: no monitor is called %s", place, job[1])
		}
		for _, function := range functionUsed.FindAllStringSubmatch(query, -1) {
			seen[function[1]] = true
			assert.FileExists(t, filepath.Join("../../functions", function[1], "func.yaml"), place)
		}
	}
	assert.True(t, seen["monitoring/functions"] && seen["databases/qdrant"] && seen["gateway"])
}

func TestDashboardsUseProvisionedDatasources(t *testing.T) {
	t.Parallel()
	var provisioned struct {
		Datasources []struct{ UID, Type string }
	}
	readYAML(t, filepath.Join(platform, "monitoring", "grafana", "provisioning", "datasources.yaml"), &provisioned)
	types := map[string]string{}
	for _, d := range provisioned.Datasources {
		types[d.UID] = d.Type
	}
	for _, d := range readDashboards(t) {
		for _, p := range d.Panels {
			assert.Equal(t, types[p.Datasource.UID], p.Datasource.Type, "%s: %s", d.Name, p.Title)
		}
	}
}

var imageUsed = regexp.MustCompile(`image: \S+/([a-z-]+):v?(\S+)`)

// The tests must use the versions that are deployed.
func TestTestedVersionsAreDeployed(t *testing.T) {
	t.Parallel()
	images := map[string]string{}
	for path := range objects(t) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, image := range imageUsed.FindAllStringSubmatch(string(data), -1) {
			if before, ok := images[image[1]]; ok {
				assert.Equal(t, before, image[2], path)
			}
			images[image[1]] = image[2]
		}
	}
	versions := map[string]string{}
	for _, e := range exporters(t) {
		versions[e.Exporter] = e.Version
	}
	assert.Equal(t, images["prometheus"], versions["Prometheus"])
	assert.Equal(t, images["alertmanager"], versions["Alertmanager"])
	assert.Equal(t, images["kube-state-metrics"], versions["kube-state-metrics"])
	assert.Equal(t, images["opentelemetry-collector-contrib"], versions["OpenTelemetry collector"])

	built, err := os.ReadFile("collector/go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(built), "go.opentelemetry.io/collector/otelcol v"+versions["OpenTelemetry collector"])
	assert.Equal(t, tools.AlertmanagerVersion, versions["Alertmanager"])
}

func TestReceiversFilesAreInTheGuide(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile(alertmanagerConfig())
	require.NoError(t, err)
	page, err := os.ReadFile("../../docs/monitoring.md")
	require.NoError(t, err)
	files := regexp.MustCompile(secrets+`(\S+)`).FindAllStringSubmatch(string(config), -1)
	assert.Len(t, files, 3)
	for _, file := range files {
		assert.Contains(t, string(page), "--from-file="+file[1])
	}
}
