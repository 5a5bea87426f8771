package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// program finds an Alertmanager: the one that tests/monitoring builds, an installed one,
// or Debian's, which it downloads and unpacks.
func program(t testing.TB) string {
	for _, name := range []string{filepath.Join("..", "..", ".bin", "monitoring", "alertmanager"), "alertmanager", "prometheus-alertmanager"} {
		if path, err := exec.LookPath(name); err == nil {
			path, err = filepath.Abs(path)
			require.NoError(t, err)
			return path
		}
	}
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	folder := filepath.Join(cache, "sequential-questioning", "debian-alertmanager")
	path := filepath.Join(folder, "usr", "bin", "prometheus-alertmanager")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	require.NoError(t, os.MkdirAll(folder, 0o755))
	unpack := exec.CommandContext(t.Context(), "sh", "-ec", "apt-get download prometheus-alertmanager; dpkg-deb -x prometheus-alertmanager_*.deb .; rm *.deb")
	unpack.Dir = folder
	out, err := unpack.CombinedOutput()
	require.NoError(t, err, "no Alertmanager is installed, and Debian's cannot be downloaded: %s", out)
	return path
}

// alertmanager starts Alertmanager and returns its URL.
func alertmanager(t testing.TB, config string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	data := t.TempDir()
	file := filepath.Join(data, "alertmanager.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	var log lockedBuffer
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program(t), "--config.file="+file, "--storage.path="+data, "--web.listen-address="+address, "--cluster.listen-address=")
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
	})
	require.Eventually(t, func() bool {
		answer, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond, "%s", &log)
	return "http://" + address
}

func TestATestAlertPassesThroughARealAlertmanager(t *testing.T) {
	t.Parallel()
	type alerts struct {
		Receiver string
		Alerts   []struct {
			Status string
			Labels map[string]string
		}
	}
	heard := make(chan alerts, 10)
	pager := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var one alerts
		if json.NewDecoder(r.Body).Decode(&one) == nil {
			heard <- one
		}
	}))
	t.Cleanup(pager.Close)
	url := alertmanager(t, `
route:
  receiver: chat
  group_wait: 0s
  group_interval: 1s
  routes:
    - {receiver: page, matchers: [severity="critical"]}
receivers:
  - name: chat
  - name: page
    webhook_configs: [{url: "`+pager.URL+`", send_resolved: true}]
`)
	f := newOffline(t)
	fire := func(args ...string) string {
		return f.must(append([]string{"alert", "test", "--alertmanager", url, "--environment", "prod"}, args...)...)
	}
	assert.Contains(t, fire("--severity", "warning"), "TestAlert is routed to chat ")
	assert.Contains(t, fire("--severity", "critical", "--for", "2s"), "TestAlert is routed to page ")
	notified := func(status string) {
		select {
		case one := <-heard:
			require.Len(t, one.Alerts, 1)
			assert.Equal(t, "page", one.Receiver)
			assert.Equal(t, status, one.Alerts[0].Status)
			assert.Equal(t, map[string]string{"alertname": "TestAlert", "severity": "critical", "environment": "prod", "namespace": "sequential-questioning-prod"}, one.Alerts[0].Labels)
		case <-time.After(20 * time.Second):
			t.Fatal("no receiver was notified that the alert is " + status)
		}
	}
	notified("firing")
	notified("resolved") // by itself
}

func TestAnInvalidTestAlertIsRefused(t *testing.T) {
	t.Parallel()
	f := newOffline(t)
	f.refused("want one of critical, warning, info", "alert", "test", "--severity", "page")
	f.refused("there is no environment", "alert", "test", "--environment", "test")
	f.refused("is malformed", "alert", "test", "--alertmanager", "localhost:9093")
	f.refused("connection refused", "alert", "test", "--alertmanager", "http://127.0.0.1:1")
	assert.Contains(t, f.must("alert", "test", "--alertmanager", "http://127.0.0.1:1", "--dry-run"), "would fire TestAlert of dev")
}
