package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

// staysSynced is how long the platform must stay Synced. Argo CD compares every ten
// seconds here, and what the API server writes back is in the next comparison already.
const staysSynced = time.Minute

// modules is a Go module that requires those with the definitions of the operators'
// resources, and says where in them these are. Charts and images of the operators are not
// in modules.
var modules = filepath.Join("..", "..", "gitops", "release", "testdata", "modules")

// definition is where the definitions of an operator are.
type definition struct{ Module, Folder string }

// TestOneCommandBringsThePlatformAndItStaysSynced applies gitops/platform as an administrator
// does. Argo CD installs the operators' definitions and waits, wave by wave; this test
// reports what their operators would.
//
// It is the last test, because most of what it deploys waits for images and volumes for ever.
func TestOneCommandBringsThePlatformAndItStaysSynced(t *testing.T) {
	begin(t)
	operatorsFromModules(t)
	_, err := deployment.Kubectl(t.Context(), "", "apply", "--server-side", "--force-conflicts", "-k", filepath.Join(deployment.Clone.Folder, "gitops", "platform"))
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := deployment.Kubectl(context.Background(), "", "delete", "applications.argoproj.io", "--namespace=argocd", "--selector=app.kubernetes.io/part-of=sequential-questioning-platform", "--wait=false")
		require.NoError(t, err)
		_, err = deployment.Kubectl(context.Background(), "", "delete", "statefulsets,deployments,daemonsets,cronjobs", "--all-namespaces", "--selector=app.kubernetes.io/part-of=sequential-questioning-platform", "--wait=false")
		require.NoError(t, err)
	})

	all := applicationsOf(t)
	took, err := Took(func() error {
		// Argo CD looks at each definition's events one after the other.
		if err := deployment.Until(t.Context(), "the operators' wave to be over", func(ctx context.Context) (bool, error) {
			_, err := deployment.Kubectl(ctx, "", "get", "applications.argoproj.io", "--namespace=argocd", "platform-knative")
			return err == nil, err
		}); err != nil {
			return err
		}
		return deployment.Until(t.Context(), "the platform to be Synced", func(ctx context.Context) (bool, error) {
			if err := operate(ctx); err != nil {
				return false, err
			}
			seen, err := unsynced(ctx, all)
			if len(seen) > 0 {
				err = fmt.Errorf("not Synced: %s", strings.Join(seen, ", "))
			}
			return err == nil, err
		})
	})
	require.NoError(t, err)
	deployment.Figures.Add("Platform", "`kubectl apply -k gitops/platform` until every Application is Synced, operators replaced by their definitions", Seconds(took))
	for end := time.Now().Add(staysSynced); time.Now().Before(end); time.Sleep(2 * time.Second) {
		seen, err := unsynced(t.Context(), all)
		require.NoError(t, err)
		require.Empty(t, seen, "Synced before")
	}

	const edit = `{"spec":{"instances":2}}`
	_, err = deployment.Kubectl(t.Context(), "", "patch", "clusters.postgresql.cnpg.io", "--namespace=databases", "postgres-prod", "--type=merge", "--patch", edit)
	require.NoError(t, err)
	require.NoError(t, deployment.Until(t.Context(), "the edit to be seen and reverted", func(ctx context.Context) (bool, error) {
		instances, err := deployment.Kubectl(ctx, "", "get", "clusters.postgresql.cnpg.io", "--namespace=databases", "postgres-prod", "--output=jsonpath={.spec.instances}")
		return instances == "3", err
	}))
}

// operatorsFromModules commits the operators' definitions to the deployed repository and
// makes their Applications deploy these. Qdrant's pods would wait for their image, and with
// them what comes after; without pods, its StatefulSet is healthy.
func operatorsFromModules(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(modules, "definitions.yaml"))
	require.NoError(t, err)
	var definitions map[string]definition // by Application
	require.NoError(t, yaml.Unmarshal(content, &definitions))
	download := exec.CommandContext(t.Context(), "go", "mod", "download", "-json")
	for _, source := range definitions {
		download.Args = append(download.Args, source.Module)
	}
	download.Dir = modules
	output, err := download.Output()
	require.NoError(t, err, string(output))
	folders := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var module struct{ Path, Dir string }
		err := decoder.Decode(&module)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		folders[module.Path] = module.Dir
	}
	clone := deployment.Clone
	patches := ""
	for name, source := range definitions {
		files, err := filepath.Glob(filepath.Join(folders[source.Module], source.Folder, "*.yaml"))
		require.NoError(t, err)
		copied := 0
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			if !bytes.Contains(content, []byte("kind: CustomResourceDefinition")) {
				continue // a kustomization
			}
			copied++
			require.NoError(t, clone.Write(filepath.Join("operators", name, filepath.Base(file)), string(content)))
		}
		require.NotZero(t, copied, source)
		patches += fmt.Sprintf("  - target: {kind: Application, name: platform-%s}\n    patch: |-\n      - {op: replace, path: /spec/source, value: {repoURL: %q, targetRevision: prod, path: operators/%s}}\n", name, deployment.Repository(), name)
	}
	require.NoError(t, clone.Append("gitops/platform/applications/kustomization.yaml", "patches:\n"+patches))
	require.NoError(t, clone.Append("gitops/platform/qdrant/kustomization.yaml", "replicas:\n  - {name: qdrant, count: 0}\n"))
	_, err = clone.Commit(t.Context(), "Operators of the test")
	require.NoError(t, err)
	_, err = clone.Git(t.Context(), "push", "--quiet", "origin", "main", "main:prod")
	require.NoError(t, err)
}

// ready is the status of a resource that is ready. Knative's resources have these four
// conditions, of which others have the first.
const (
	ready = `{"status":{"conditions":[{"type":"Ready",` + well + `},{"type":"InstallSucceeded",` + well + `},
		{"type":"DependenciesInstalled",` + well + `},{"type":"DeploymentsAvailable",` + well + `}]}}`
	well = `"status":"True","reason":"Test","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"`
)

// operate reports readiness of the operators' resources that there are.
func operate(ctx context.Context) error {
	defined, err := deployment.Kubectl(ctx, "", "get", "customresourcedefinitions", "--output=name")
	if err != nil {
		return err
	}
	for _, kind := range []string{"knativeservings.operator.knative.dev", "knativeeventings.operator.knative.dev", "clusterissuers.cert-manager.io", "clusters.postgresql.cnpg.io"} {
		if !strings.Contains(defined, "/"+kind+"\n") {
			continue
		}
		listed, err := deployment.Kubectl(ctx, "", "get", kind, "--all-namespaces", "--output=json")
		if err != nil {
			return err
		}
		var list unstructured.UnstructuredList
		if err := list.UnmarshalJSON([]byte(listed)); err != nil {
			return err
		}
		for _, object := range list.Items {
			if status, _ := Condition(&object, "Ready"); status == "True" {
				continue
			}
			if _, err := deployment.Kubectl(ctx, "", "patch", kind, object.GetName(), "--namespace="+object.GetNamespace(), "--subresource=status", "--type=merge", "--patch", ready); err != nil {
				return err
			}
		}
	}
	return nil
}

// applicationsOf returns how many Applications the platform has, itself included.
func applicationsOf(t *testing.T) int {
	t.Helper()
	built, err := deployment.Kubectl(t.Context(), "", "kustomize", filepath.Join(deployment.Clone.Folder, "gitops", "platform", "applications"))
	require.NoError(t, err)
	return strings.Count("\n"+built, "\nkind: Application\n") + 1
}

// unsynced returns the Applications that are not Synced, and how many of all are missing.
func unsynced(ctx context.Context, all int) (names []string, err error) {
	output, err := deployment.Kubectl(ctx, "", "get", "applications.argoproj.io", "--namespace=argocd", `--output=jsonpath={range .items[*]}{.metadata.name} {.status.sync.status}{"\n"}{end}`)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(output) {
		all--
		if name, status, _ := strings.Cut(strings.TrimSpace(line), " "); status != "Synced" {
			names = append(names, strings.TrimSpace(name+" "+status))
		}
	}
	if all > 0 {
		names = append(names, fmt.Sprintf("%d more that a wave waits with", all))
	}
	return names, nil
}
