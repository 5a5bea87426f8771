package monitoring

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Prometheus scrapes the public address as targets/route.yaml says: it has to take the
// gateway's readiness for metrics, and another answer for a failure.
func TestTheRouteIsUpWhereTheGatewayIsReady(t *testing.T) {
	t.Parallel()
	var route struct {
		MetricsPath   string `yaml:"metricsPath"`
		StaticConfigs []struct{ Targets []string }
	}
	for _, all := range objects(t) {
		for _, o := range all {
			if o.Kind == "ScrapeConfig" && o.Metadata.Name == "route" {
				require.NoError(t, o.Spec.Decode(&route))
			}
		}
	}
	require.NotEmpty(t, route.MetricsPath)

	gateway, err := url.Parse(startFunction(t, "gateway", "FUNCTION_URL=http://127.0.0.1:1/mcp?of={function}").url)
	require.NoError(t, err)
	starting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
	}))
	defer starting.Close()
	parking := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html>This domain is for sale</html>")
	}))
	defer parking.Close()
	hosts := []string{gateway.Host, strings.TrimPrefix(starting.URL, "http://"), strings.TrimPrefix(parking.URL, "http://")}

	folder, address := t.TempDir(), freeAddress(t)
	config, err := yaml.Marshal(map[string]any{
		"global":         map[string]any{"scrape_interval": "1s"},
		"scrape_configs": []any{map[string]any{"job_name": "monitoring/route", "metrics_path": route.MetricsPath, "static_configs": []any{map[string]any{"targets": hosts}}}},
	})
	require.NoError(t, err)
	file := filepath.Join(folder, "prometheus.yaml")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	start(t, installed(t).Prometheus, []string{"--config.file=" + file, "--storage.tsdb.path=" + folder, "--web.listen-address=" + address}, nil)
	untilOK(t, "http://"+address+"/-/ready")

	up := map[string]string{}
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + address + "/api/v1/query?query=up")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		var found struct {
			Data struct {
				Result []struct {
					Metric map[string]string
					Value  []any
				}
			}
		}
		if json.NewDecoder(response.Body).Decode(&found) != nil {
			return false
		}
		for _, r := range found.Data.Result {
			up[r.Metric["instance"]] = fmt.Sprint(r.Value[1])
		}
		return len(up) == len(hosts)
	}, 30*time.Second, 100*time.Millisecond)
	assert.Equal(t, map[string]string{hosts[0]: "1", hosts[1]: "0", hosts[2]: "0"}, up)
}
