package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/tools"
)

// The intervals are shorter than in production, since a run takes two minutes; rates
// need several scrapes in their window. The last one is how long we wait for Prometheus
// to start, to answer, and to end.
const (
	scrapeEvery = 5 * time.Second
	rateWindow  = 30 * time.Second
	timeout     = 20 * time.Second
)

// prometheus is a Prometheus server with production's rules. Its data are in a
// temporary folder, which stop removes.
// It is read by its HTTP API, as Grafana reads it.
type prometheus struct {
	url     string
	folder  string
	command *exec.Cmd
	output  bytes.Buffer
}

// startPrometheus scrapes targets, with the labels that a function's pod gets. Its
// port is one that was free a moment ago. Another program could take it in between;
// then Prometheus does not become ready, and says why in its output.
// The wait for readiness is bounded by timeout; its output is part of the error.
func startPrometheus(ctx context.Context, targets map[string]any, rules string) (_ *prometheus, err error) {
	p := &prometheus{}
	defer func() {
		if err != nil {
			err = fmt.Errorf("start Prometheus: %w", errors.Join(err, p.stop()))
		}
	}()
	installed, err := tools.Install()
	if err != nil {
		return nil, err
	}
	if p.folder, err = os.MkdirTemp("", "sequential-questioning-prometheus-"); err != nil {
		return nil, err
	}
	if err := p.configure(targets, rules); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	listener.Close()
	p.url = "http://" + address
	p.command = exec.Command(installed.Prometheus, "--config.file="+filepath.Join(p.folder, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(p.folder, "data"), "--web.listen-address="+address)
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	if err := p.command.Start(); err != nil {
		p.command = nil
		return nil, err
	}
	for until := time.Now().Add(timeout); ; {
		if response, err := http.Get(p.url + "/-/ready"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return p, nil
			}
		}
		if time.Now().After(until) {
			return nil, errors.New("it is not ready")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// pods are the functions of a namespace of a cluster.
type pods struct{ kubeconfig, namespace string }

// discovery has Prometheus scrape what follow finds, with the labels of
// gitops/platform/monitoring/targets/functions.yaml. Debian's Prometheus cannot ask
// Kubernetes itself.
func (p pods) discovery(file string) map[string]any {
	return map[string]any{"file_sd_configs": []any{map[string]any{"files": []string{file}, "refresh_interval": "1s"}}}
}

// follow writes the running pods to a file of Prometheus' targets, again and again until
// ctx ends. It needs kubectl.
func (p pods) follow(ctx context.Context, file string) error {
	const list = `{range .items[?(@.status.phase=="Running")]}{.status.podIP} {.metadata.name} {.metadata.labels.app\.kubernetes\.io/name}{"\n"}{end}`
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	for {
		output, err := exec.CommandContext(ctx, "kubectl", "--kubeconfig", p.kubeconfig, "--namespace", p.namespace,
			"get", "pods", "--selector=serving.knative.dev/revision", "--output=jsonpath="+list).Output()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list pods: %w", err)
		}
		groups := []group{}
		for line := range strings.Lines(string(output)) {
			if fields := strings.Fields(line); len(fields) == 3 {
				groups = append(groups, group{[]string{fields[0] + ":9464"}, map[string]string{"namespace": p.namespace, "pod": fields[1], "function": fields[2]}})
			}
		}
		data, err := json.Marshal(groups)
		if err == nil {
			err = os.WriteFile(file+".new", data, 0o600)
		}
		if err == nil {
			err = os.Rename(file+".new", file) // never half a file
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// program is the local program, which shows its metrics where it serves.
func program(metrics string) (map[string]any, error) {
	target, err := url.Parse(metrics)
	if err != nil {
		return nil, err
	}
	return map[string]any{"static_configs": []any{map[string]any{
		"targets": []string{target.Host},
		"labels":  map[string]string{"namespace": "local", "function": "all in one", "pod": "local"},
	}}}, nil
}

// configure writes the rules of the manifests as rule files, and what to scrape.
// In the cluster the operator for Prometheus turns the manifests into such files; their
// content is the same, under spec.
func (p *prometheus) configure(targets map[string]any, rules string) error {
	files, err := filepath.Glob(filepath.Join(rules, "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var object struct{ Spec map[string]any }
		if err := yaml.Unmarshal(data, &object); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := p.write(filepath.Base(file), object.Spec); err != nil {
			return err
		}
	}
	targets["job_name"] = "monitoring/functions"
	return p.write("prometheus.yml", map[string]any{
		"global":         map[string]any{"scrape_interval": scrapeEvery.String(), "evaluation_interval": scrapeEvery.String()},
		"rule_files":     []string{"*.yaml"},
		"scrape_configs": []any{targets},
	})
}

// write writes a YAML file into the folder.
func (p *prometheus) write(name string, content any) error {
	data, err := yaml.Marshal(content)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.folder, name), data, 0o600)
}

// stop interrupts Prometheus, which then ends in order, and kills it if it does not. It
// may be called after a start that failed at any step.
func (p *prometheus) stop() error {
	if p.command != nil {
		_ = p.command.Process.Signal(os.Interrupt)
		kill := time.AfterFunc(timeout, func() { _ = p.command.Process.Kill() })
		err := p.command.Wait()
		kill.Stop()
		if err != nil {
			return fmt.Errorf("end Prometheus: %w: %s", err, p.output.String())
		}
	}
	if p.folder != "" {
		return os.RemoveAll(p.folder)
	}
	return nil
}

// line is one series of a result. values has one value per step; NaN if there is none.
type line struct {
	name   string
	values []float64
}

// ask evaluates a query from began to ended in steps of scrapeEvery. Series are sorted
// by name, so that a picture has the same colours each time. A series with no value at
// all is left out: it would take a colour and a line of the legend.
// began and ended are rounded to milliseconds, as the API takes them.
func (p *prometheus) ask(ctx context.Context, query, legend string, began, ended time.Time) ([]line, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	parameters := url.Values{"query": {query}, "step": {scrapeEvery.String()}, "start": {stamp(began)}, "end": {stamp(ended)}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/query_range?"+parameters.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer struct {
		Error string
		Data  struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", query, answer.Error)
	}
	var lines []line
	for _, r := range answer.Data.Result {
		l := line{name: named(legend, r.Metric), values: make([]float64, int(ended.Sub(began)/scrapeEvery)+1)}
		for i := range l.values {
			l.values[i] = math.NaN()
		}
		drawn := false
		for _, v := range r.Values {
			at, _ := v[0].(float64)
			text, _ := v[1].(string)
			value, err := strconv.ParseFloat(text, 64)
			// The API answers in seconds with a fraction; rounding finds the step it
			// was asked for.
			i := int(math.Round((at - float64(began.UnixMilli())/1000) / scrapeEvery.Seconds()))
			if err == nil && i >= 0 && i < len(l.values) && !math.IsInf(value, 0) {
				l.values[i] = value
				drawn = drawn || !math.IsNaN(value)
			}
		}
		if drawn {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return strings.Compare(a.name, b.name) })
	return lines, nil
}

// stamp is a time as the API takes it, in seconds with milliseconds.
func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

// named fills in a legend's placeholders with labels, as Grafana does.
// A placeholder without a label stays, which shows in the picture that the query and its
// legend do not fit.
func named(legend string, labels map[string]string) string {
	for name, value := range labels {
		legend = strings.ReplaceAll(legend, "{{"+name+"}}", value)
	}
	return legend
}
