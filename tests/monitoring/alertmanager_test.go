package monitoring

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const secrets = "/etc/alertmanager/secrets/alertmanager-receivers/"

func alertmanagerConfig() string {
	return filepath.Join(platform, "monitoring", "alertmanager", "alertmanager.yaml")
}

func TestAlertmanagerAcceptsItsConfiguration(t *testing.T) {
	t.Parallel()
	run(t, ".", installed(t).Amtool, "check-config", alertmanagerConfig())
}

func TestAlertsAreRoutedByUrgency(t *testing.T) {
	t.Parallel()
	amtool := installed(t).Amtool
	for labels, receiver := range map[string]string{
		"alertname=CallsFailing severity=critical namespace=sequential-questioning-prod":    "page",
		"alertname=CallsFailing severity=critical namespace=sequential-questioning-staging": "chat",
		"alertname=CallsFailing severity=critical namespace=sequential-questioning-dev":     "chat",
		"alertname=PostgreSQLDown severity=critical namespace=databases":                    "page",
		"alertname=AlertmanagerNotificationsFailing severity=critical namespace=monitoring": "page",
		"alertname=CallsSlow severity=warning namespace=sequential-questioning-prod":        "chat",
		"alertname=Watchdog severity=none":                                                  "dead-mans-switch",
		"alertname=Unheard-of":                                                              "chat",
	} {
		args := append([]string{"config", "routes", "test", "--config.file", alertmanagerConfig(), "--verify.receivers", receiver}, strings.Fields(labels)...)
		run(t, ".", amtool, args...)
	}
}

// Alertmanager does not check the names in inhibition rules, so a typing error would go
// unnoticed.
func TestInhibitionsNameAlerts(t *testing.T) {
	t.Parallel()
	var config struct {
		Rules []struct {
			Source []string `yaml:"source_matchers"`
			Target []string `yaml:"target_matchers"`
		} `yaml:"inhibit_rules"`
	}
	readYAML(t, alertmanagerConfig(), &config)
	require.NotEmpty(t, config.Rules)
	known := alerts(t)
	for _, r := range config.Rules {
		for _, matcher := range append(r.Source, r.Target...) {
			if names, found := strings.CutPrefix(strings.ReplaceAll(matcher, "=~", "="), "alertname="); found {
				for name := range strings.SplitSeq(strings.Trim(names, `"`), "|") {
					assert.Contains(t, known, name)
				}
			}
		}
	}
}

// message is a notification that a receiver got.
type message struct{ receiver, body string }

// TestAlertsArrive runs Alertmanager with production's configuration and another folder for
// secrets.
func TestAlertsArrive(t *testing.T) {
	t.Parallel()
	arrived := make(chan message, 100)
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, "ok") // like Slack
		arrived <- message{strings.TrimPrefix(r.URL.Path, "/"), string(body)}
	}))
	t.Cleanup(outside.Close)
	url := startAlertmanager(t, map[string]string{
		"page-url": outside.URL + "/page", "slack-url": outside.URL + "/chat", "dead-mans-switch-url": outside.URL + "/switch",
	})

	post(t, url,
		map[string]string{"alertname": "Watchdog", "severity": "none"},
		map[string]string{"alertname": "PostgreSQLDown", "severity": "critical", "namespace": "databases"},
		map[string]string{"alertname": "CallsFailing", "severity": "critical", "namespace": "sequential-questioning-prod"},
		map[string]string{"alertname": "CallsFailing", "severity": "critical", "namespace": "sequential-questioning-staging"},
		map[string]string{"alertname": "BackupTooOld", "severity": "critical", "namespace": "databases", "cluster": "postgres-staging"},
		map[string]string{"alertname": "MemoryHigh", "severity": "warning", "namespace": "sequential-questioning-prod"},
	)
	got := map[string]string{}
	limit := time.After(50 * time.Second)
	for !strings.Contains(got["page"], "PostgreSQLDown") || !strings.Contains(got["page"], "postgres-staging") ||
		!strings.Contains(got["chat"], "MemoryHigh") || !strings.Contains(got["chat"], "-staging") || got["switch"] == "" {
		select {
		case m := <-arrived:
			got[m.receiver] += m.body
		case <-limit:
			t.Fatalf("some alerts did not arrive: %v", got)
		}
	}
	assert.Contains(t, got["switch"], "Watchdog")
	assert.NotContains(t, got["page"], "CallsFailing", "it is inhibited by the database alert, or from staging")
	assert.NotContains(t, got["page"], "MemoryHigh")
	assert.NotContains(t, got["page"]+got["chat"], "Watchdog")
	assert.NotContains(t, got["chat"], "CallsFailing sequential-questioning-prod")
	assert.Contains(t, got["chat"], "What is wrong with MemoryHigh")
	assert.Contains(t, got["chat"], runbook+"memoryhigh")

	page := scrape(t, url)
	for name, labels := range exported(t, "Alertmanager") {
		line := regexp.MustCompile(`(?m)^` + name + `[{ ].*$`).FindString(page)
		assert.NotEmpty(t, line, name)
		for _, label := range labels {
			assert.Contains(t, line, label+`="`, name)
		}
	}
}

func startAlertmanager(t *testing.T, receivers map[string]string) (url string) {
	t.Helper()
	folder := t.TempDir()
	for name, content := range receivers {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	config, err := os.ReadFile(alertmanagerConfig())
	require.NoError(t, err)
	require.Contains(t, string(config), secrets)
	file := filepath.Join(folder, "alertmanager.yaml")
	require.NoError(t, os.WriteFile(file, bytes.ReplaceAll(config, []byte(secrets), []byte(folder+"/")), 0o600))

	address := freeAddress(t)
	ctx, stop := context.WithCancel(t.Context())
	command := exec.CommandContext(ctx, installed(t).Alertmanager, "--config.file", file, "--storage.path", folder,
		"--web.listen-address", address, "--cluster.listen-address=")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		stop()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("Alertmanager said:\n%s", output.String())
		}
	})
	url = "http://" + address
	require.Eventually(t, func() bool {
		response, err := http.Get(url + "/-/ready")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond)
	return url
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func post(t *testing.T, url string, labels ...map[string]string) {
	t.Helper()
	var alerts []map[string]any
	for _, l := range labels {
		alerts = append(alerts, map[string]any{"labels": l, "annotations": map[string]string{
			"summary": "What is wrong with " + l["alertname"], "runbook_url": runbook + strings.ToLower(l["alertname"]),
		}})
	}
	body, err := json.Marshal(alerts)
	require.NoError(t, err)
	response, err := http.Post(url+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}
