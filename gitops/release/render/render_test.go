package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/render"
)

const function = `specVersion: 0.36.0
name: hello
runtime: go
invoke: http
created: 2026-11-23T00:00:00Z
run:
  envs:
    - name: COLOUR
      value: blue
    - name: DATABASE_URL
      value: '{{ secret:database:url }}'
    - name: LEVEL
      value: '{{ configMap:settings:log.level }}'
deploy:
  annotations:
    autoscaling.knative.dev/scale-to-zero-pod-retention-period: 1m
    serving.knative.dev/progress-deadline: 120s
    networking.knative.dev/disable-external-domain-tls: "true"
    example.com/team: blue
  healthEndpoints:
    liveness: /health/liveness
    readiness: /health/readiness
  labels:
    - key: app.kubernetes.io/part-of
      value: sequential-questioning
    - key: networking.knative.dev/visibility
      value: cluster-local
  options:
    scale:
      min: 0
      max: 10
      metric: concurrency
      target: 12.5
      utilization: 80
    resources:
      requests:
        cpu: "0.05"
        memory: 64Mi
      limits:
        cpu: 1000m
        memory: 131072Ki
        concurrency: 100
`

func TestTheRepositoryIsUpToDate(t *testing.T) {
	assert.NoError(t, render.Check(t.Context(), "../../.."))
}

func TestAFunctionBecomesAKnativeService(t *testing.T) {
	root := repository(t, map[string]string{"hello": function})
	would, err := render.Write(root, true)
	require.NoError(t, err)
	assert.Equal(t, []string{"gitops/base/functions/hello.yaml", "gitops/base/functions/kustomization.yaml"}, would)
	assert.NoDirExists(t, filepath.Join(root, "gitops"), "a dry run writes nothing")
	changes, err := render.Write(root, false)
	require.NoError(t, err)
	assert.Equal(t, would, changes)

	assert.YAMLEq(t, `
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: hello
  annotations:
    argocd.argoproj.io/sync-wave: "0"
    networking.knative.dev/disable-external-domain-tls: "true"
  labels:
    app.kubernetes.io/name: hello
    app.kubernetes.io/part-of: sequential-questioning
    function.knative.dev/name: hello
    function.knative.dev/runtime: go
    networking.knative.dev/visibility: cluster-local
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/max-scale: "10"
        autoscaling.knative.dev/metric: concurrency
        autoscaling.knative.dev/min-scale: "0"
        autoscaling.knative.dev/scale-to-zero-pod-retention-period: 1m
        autoscaling.knative.dev/target: "12.5"
        autoscaling.knative.dev/target-utilization-percentage: "80"
        example.com/team: blue
        serving.knative.dev/progress-deadline: 120s
      labels:
        app.kubernetes.io/name: hello
        app.kubernetes.io/part-of: sequential-questioning
        function.knative.dev/name: hello
        function.knative.dev/runtime: go
    spec:
      automountServiceAccountToken: false
      containerConcurrency: 100
      enableServiceLinks: false
      serviceAccountName: sequential-questioning
      timeoutSeconds: 300
      containers:
        - name: user-container
          image: sequential-questioning/hello
          env:
            - name: COLOUR
              value: blue
            - name: DATABASE_URL
              valueFrom: {secretKeyRef: {name: database, key: url}}
            - name: LEVEL
              valueFrom: {configMapKeyRef: {name: settings, key: log.level}}
          livenessProbe: {httpGet: {path: /health/liveness}}
          readinessProbe: {httpGet: {path: /health/readiness}}
          resources:
            requests: {cpu: 50m, memory: 64Mi}
            limits: {cpu: "1", memory: 128Mi}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
            readOnlyRootFilesystem: true
            runAsGroup: 65532
            runAsNonRoot: true
            runAsUser: 65532
            seccompProfile: {type: RuntimeDefault}
`, content(t, root, "gitops/base/functions/hello.yaml"))
	assert.YAMLEq(t, "{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, resources: [hello.yaml]}",
		content(t, root, "gitops/base/functions/kustomization.yaml"))
	assert.Contains(t, content(t, root, "gitops/base/functions/hello.yaml"),
		"# Generated from functions/hello/func.yaml by `make render`; do not edit.\n")
	assert.NoDirExists(t, filepath.Join(root, "functions/hello/.func"), "func would like to write into what it reads")
}

func TestAPublicFunctionIsSyncedAfterTheFunctionsItCalls(t *testing.T) {
	public := strings.Replace(function, "    - key: networking.knative.dev/visibility\n      value: cluster-local\n", "", 1)
	root := repository(t, map[string]string{"hello": public})
	_, err := render.Write(root, false)
	require.NoError(t, err)
	var service struct {
		Metadata struct{ Annotations map[string]string }
	}
	require.NoError(t, yaml.Unmarshal([]byte(content(t, root, "gitops/base/functions/hello.yaml")), &service))
	assert.Equal(t, "1", service.Metadata.Annotations["argocd.argoproj.io/sync-wave"])
}

func TestRenderingTwiceChangesNothing(t *testing.T) {
	root := repository(t, map[string]string{"hello": function})
	_, err := render.Write(root, false)
	require.NoError(t, err)
	require.NoError(t, render.Check(t.Context(), root))
	changes, err := render.Write(root, false)
	require.NoError(t, err)
	assert.Empty(t, changes)
}

func TestCheckNamesEveryFileThatIsOutOfDate(t *testing.T) {
	other := strings.ReplaceAll(function, "name: hello", "name: other")
	root := repository(t, map[string]string{"hello": function, "other": other})
	_, err := render.Write(root, false)
	require.NoError(t, err)
	path := filepath.Join(root, "gitops/base/functions/hello.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content(t, root, "gitops/base/functions/hello.yaml")+"# edited\n"), 0o644))
	require.NoError(t, os.RemoveAll(filepath.Join(root, "functions/other")))

	err = render.Check(t.Context(), root)
	assert.ErrorContains(t, err, "gitops/base/functions/hello.yaml is out of date: run make render")
	assert.ErrorContains(t, err, "gitops/base/functions/kustomization.yaml is out of date")
	assert.ErrorContains(t, err, "gitops/base/functions/other.yaml is out of date")

	_, err = render.Write(root, false)
	require.NoError(t, err)
	assert.NoError(t, render.Check(t.Context(), root))
	assert.NoFileExists(t, filepath.Join(root, "gitops/base/functions/other.yaml"))
}

func TestAFileThatIsNotGeneratedIsNotRemoved(t *testing.T) {
	root := repository(t, map[string]string{"hello": function})
	_, err := render.Write(root, false)
	require.NoError(t, err)
	foreign := filepath.Join(root, "gitops/base/functions/foreign.yaml")
	require.NoError(t, os.WriteFile(foreign, []byte("kind: ConfigMap\n"), 0o644))
	_, err = render.Write(root, false)
	assert.ErrorContains(t, err, "gitops/base/functions/foreign.yaml is not generated")
	assert.FileExists(t, foreign)
}

func TestAnInvalidFunctionIsRefusedAndNothingIsWritten(t *testing.T) {
	for name, wrong := range map[string]struct{ old, new, want string }{
		"unknown field":              {"  healthEndpoints:", "  healthendpoints:", "field healthendpoints not found"},
		"field given twice":          {"      min: 0\n", "      min: 0\n      min: 1\n", "already set"},
		"value of the wrong type":    {"max: 10", "max: ten", "cannot unmarshal"},
		"name of another folder":     {"name: hello", "name: hallo", `name is "hallo", want "hello"`},
		"negative minimum":           {"min: 0", "min: -1", "scale.min"},
		"maximum below the minimum":  {"min: 0", "min: 20", "scale.max"},
		"unknown metric":             {"metric: concurrency", "metric: cpu", "scale.metric"},
		"malformed quantity":         {"1000m", "1 core", "resources.limits.cpu"},
		"limit below the request":    {"1000m", "10m", `resources.limits.cpu: "10m" is less than the request, "50m"`},
		"variable given twice":       {"name: LEVEL", "name: COLOUR", "duplicate name"},
		"malformed reference":        {"secret:database:url", "secret database", "invalid value field"},
		"value of the machine":       {"value: blue\n    - name: D", "value: '{{ env:COLOUR }}'\n    - name: D", "{{ env:COLOUR }} depends on the machine that renders"},
		"all keys of a Secret":       {"    - name: COLOUR\n      value: blue\n", "    - value: '{{ secret:all-of-it }}'\n", "run.envs: {{ secret:all-of-it }} takes all keys: name each variable"},
		"service account":            {"  labels:\n", "  serviceAccountName: other\n  labels:\n", "deploy.serviceAccountName: set but not supported"},
		"label of the machine":       {"value: sequential-questioning", "value: '{{ env:NOBODY_SETS_THIS }}'", "{{ env:NOBODY_SETS_THIS }} depends on the machine"},
		"variable that Knative sets": {"name: COLOUR", "name: PORT", "spec.template.spec.containers[0].env[0].name"},
		"too much concurrency":       {"concurrency: 100", "concurrency: 5000", "spec.template.spec.containerConcurrency"},
		"malformed annotation":       {"retention-period: 1m", "retention-period: soon", "scale-to-zero-pod-retention-period"},
		"volume":                     {"run:\n", "run:\n  volumes:\n    - secret: s\n      path: /s\n", "run.volumes: set but not supported"},
		"image":                      {"runtime: go", "runtime: go\nimage: example.com/hello", "image: set but not supported"},
		"namespace":                  {"runtime: go", "runtime: go\nnamespace: default", "namespace: set but not supported"},
		"builder":                    {"run:\n", "build:\n  builder: pack\nrun:\n", "build.builder: set but not supported"},
		"subscription":               {"  labels:\n", "  subscriptions:\n    - source: broker\n  labels:\n", "deploy.subscriptions: set but not supported"},
		"start timeout":              {"run:\n", "run:\n  startTimeout: 10s\n", "run.startTimeout: set but not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, function, wrong.old)
			root := repository(t, map[string]string{"hello": strings.Replace(function, wrong.old, wrong.new, 1)})
			_, err := render.Write(root, false)
			assert.ErrorContains(t, err, "functions/hello/func.yaml: ")
			assert.ErrorContains(t, err, wrong.want)
			assert.NoDirExists(t, filepath.Join(root, "gitops"))
		})
	}
}

func TestARepositoryWithoutFunctionsIsRefused(t *testing.T) {
	_, err := render.Write(t.TempDir(), false)
	assert.ErrorContains(t, err, "no func.yaml")
}

func repository(t *testing.T, functions map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, document := range functions {
		folder := filepath.Join(root, "functions", name)
		require.NoError(t, os.MkdirAll(folder, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "func.yaml"), []byte(document), 0o644))
	}
	return root
}

func content(t *testing.T, root, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(data)
}
