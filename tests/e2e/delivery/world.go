package delivery

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

const repositoryURL = "https://github.com/sequential-questioning/sequential-questioning.git"

const yearlySweep = `
  - target: {kind: PingSource, name: sweep}
    patch: |-
      - {op: replace, path: /spec/schedule, value: "0 0 1 1 *"}
`

// World is the project, deployed.
type World struct {
	Cluster  Cluster
	ArgoCD   *ArgoCD
	Clone    Checkout // of somebody who develops and releases
	Database *Database
	Qdrant   *Qdrant
	Figures  *Figures
	Base     string                 // the commit that main and prod began with
	URLs     map[Environment]string // of the databases, from this machine

	folder  string // everything this run writes
	root    string // the checkout under test
	git     string // URL of the repository
	release string // the command
	operate string // the other one
	roles   map[Environment]roles
	kube    dynamic.Interface

	mu     sync.Mutex
	routes map[Environment]*httptest.Server
}

// Deploy brings a copy of the checkout at root to the cluster: images into its
// registry, a repository for Argo CD to follow, a database, and then Argo CD
// alone. It returns when staging and production serve.
func Deploy(ctx context.Context, cluster Cluster, root string) (*World, error) {
	folder, err := os.MkdirTemp("", "sequential-questioning-e2e-")
	if err != nil {
		return nil, err
	}
	w := &World{
		Cluster: cluster, ArgoCD: newArgoCD(cluster), Clone: Checkout{filepath.Join(folder, "clone")}, Figures: newFigures(),
		URLs: map[Environment]string{}, roles: map[Environment]roles{}, folder: folder, root: root, routes: map[Environment]*httptest.Server{},
	}
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig)
	if err != nil {
		return w, err
	}
	config.QPS, config.Burst = 100, 200
	if w.kube, err = dynamic.NewForConfig(config); err != nil {
		return w, err
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"release and operate built", w.buildCommands},
		{"repository served", w.makeRepository},
		{"images built and pushed", w.buildImages},
		{"PostgreSQL and Qdrant started", w.makeDatabases},
		{"main and prod pushed", w.pushFirst},
		{"policies and secrets in place", w.bootstrap},
		{"staging and production serve", w.deployed},
	} {
		if err := w.Figures.Step(step.what, func() error { return step.do(ctx) }); err != nil {
			return w, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	w.Figures.watch(w)
	return w, nil
}

// Close removes what this run wrote on this machine.
func (w *World) Close() error {
	w.Figures.stop()
	for _, route := range w.routes {
		route.Close()
	}
	if w.Qdrant != nil {
		w.Qdrant.Stop()
	}
	if w.Database != nil {
		if err := w.Database.Stop(context.Background()); err != nil {
			return err
		}
	}
	return os.RemoveAll(w.folder)
}

// Release runs the release command as somebody in the clone does, and returns
// all that it printed.
func (w *World) Release(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, w.release, args...)
	command.Dir = w.Clone.Folder
	command.Env = append(os.Environ(), "SSL_CERT_DIR=/nonexistent", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=e2e", "GIT_AUTHOR_EMAIL=e2e@example.test", "GIT_COMMITTER_NAME=e2e", "GIT_COMMITTER_EMAIL=e2e@example.test")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	if err != nil {
		err = fmt.Errorf("release %s: %w: %s", strings.Join(args, " "), err, output.String())
	}
	return output.String(), err
}

func (w *World) buildCommands(ctx context.Context) error {
	w.release, w.operate = filepath.Join(w.folder, "release"), filepath.Join(w.folder, "operate")
	return run(ctx, w.root, nil, "make", "--no-print-directory", "release", "operate", "RELEASE="+w.release, "OPERATE="+w.operate)
}

func (w *World) makeRepository(ctx context.Context) error {
	bare := filepath.Join(w.folder, "git", "sequential-questioning.git")
	served, err := serveGit(w.Cluster.Host, filepath.Dir(bare))
	if err != nil {
		return err
	}
	w.git = served + "/sequential-questioning.git"
	if err := copyTree(ctx, w.root, w.Clone.Folder); err != nil {
		return err
	}
	if err := run(ctx, w.folder, nil, "git", "init", "--quiet", "--bare", "--initial-branch=main", bare); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"-C", bare, "config", "http.receivepack", "true"},
		{"init", "--quiet", "--initial-branch=main"},
		{"config", "user.name", "e2e"},
		{"config", "user.email", "e2e@example.test"},
		{"remote", "add", "origin", w.git},
	} {
		if _, err := w.Clone.Git(ctx, args...); err != nil {
			return err
		}
	}
	_, err = w.Clone.Commit(ctx, "The checkout under test")
	return err
}

// BuildImages builds and pushes images of the clone's functions, all of them or
// those named, and pins them there.
func (w *World) BuildImages(ctx context.Context, only ...string) error {
	args := []string{"images", "--repository", w.Cluster.Registry + "/sequential-questioning", "--insecure", "--platform", "linux/" + runtime.GOARCH}
	if len(only) > 0 {
		args = append(args, "--only", strings.Join(only, ","))
	}
	_, err := w.Release(ctx, args...)
	return err
}

func (w *World) buildImages(ctx context.Context) error { return w.BuildImages(ctx) }

func (w *World) makeDatabases(ctx context.Context) (err error) {
	if w.Database, err = startDatabase(ctx, filepath.Join(w.folder, "postgres"), w.Cluster.Host); err != nil {
		return err
	}
	if w.Qdrant, err = startQdrant(w.Cluster.Host); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(w.Database.address)
	if err != nil {
		return err
	}
	manifest, err := os.ReadFile(filepath.Join(w.root, "tests", "e2e", "manifests", "database.yaml"))
	if err != nil {
		return err
	}
	filled := strings.NewReplacer("ADDRESS", host, "PORT", port).Replace(string(manifest))
	_, err = w.Kubectl(ctx, filled, "apply", "--server-side", "--force-conflicts", "-f", "-")
	return err
}

// pushFirst makes the clone fit this cluster, in one commit that shows all that
// differs, and pushes it as main and prod.
func (w *World) pushFirst(ctx context.Context) error {
	for _, environment := range []string{"dev", "staging", "prod"} {
		path := filepath.Join("policies", "environments", environment, "parameters.yaml")
		if err := w.Clone.Replace(path, "registries: ", "registries: "+w.Cluster.Registry+"/sequential-questioning/ "); err != nil {
			return err
		}
	}
	for _, file := range []string{"projects", "policies", "staging", "prod"} {
		if err := w.Clone.Replace(filepath.Join("gitops", "argocd", file+".yaml"), repositoryURL, w.git); err != nil {
			return err
		}
	}
	if err := w.Clone.Replace("gitops/argocd/kustomization.yaml", "  - dev.yaml\n", ""); err != nil {
		return err
	}
	// Staging has to sleep as a whole; prod's timer stays at every minute.
	if err := w.Clone.Append("gitops/overlays/staging/kustomization.yaml", yearlySweep); err != nil {
		return err
	}
	// Nobody issues tokens here, and promotion refuses prod's placeholder.
	open, err := os.ReadFile(filepath.Join(w.Clone.Folder, "gitops", "overlays", "staging", "identity.yaml"))
	if err != nil {
		return err
	}
	if err := w.Clone.Write("gitops/overlays/prod/identity.yaml", string(open)); err != nil {
		return err
	}
	if w.Base, err = w.Clone.Commit(ctx, "Deploy to the test cluster"); err != nil {
		return err
	}
	_, err = w.Clone.Git(ctx, "push", "--quiet", "origin", "main", "main:prod")
	return err
}

// bootstrap is what an administrator does once for a cluster.
func (w *World) bootstrap(ctx context.Context) error {
	// What an earlier run left would look synced, and its hook would not run.
	if _, err := w.Kubectl(ctx, "", "delete", "applications.argoproj.io", "--namespace=argocd", "--ignore-not-found", "--timeout=5m", string(Staging), string(Prod)); err != nil {
		return err
	}
	// Namespaces first: the apply of what lies in them meets theirs in the same call.
	err := w.Until(ctx, "the policies to be accepted", func(ctx context.Context) (bool, error) {
		_, err := w.Kubectl(ctx, "", "apply", "--server-side", "--force-conflicts", "-k", filepath.Join(w.Clone.Folder, "policies"))
		return err == nil, err
	})
	if err != nil {
		return err
	}
	for _, environment := range []Environment{Staging, Prod} {
		roles, err := w.initialise(ctx, environment)
		if err != nil {
			return err
		}
		w.URLs[environment] = roles.owner.here
		ring := func() map[string]string {
			key := make([]byte, 32)
			rand.Read(key)
			return map[string]string{"keys": "k1:" + base64.StdEncoding.EncodeToString(key)}
		}
		for secret, data := range map[string]map[string]string{
			"sequential-questioning-database":         {"url": roles.functions.there},
			"sequential-questioning-gateway-database": {"url": roles.gateway.there},
			"sequential-questioning-migrations":       {"url": roles.owner.there},
			"sequential-questioning-request-state":    ring(),
			"sequential-questioning-event-signing":    ring(),
			"sequential-questioning-qdrant":           {"url": w.Qdrant.URL, "api-key": w.Qdrant.key},
		} {
			manifest, err := json.Marshal(map[string]any{
				"apiVersion": "v1", "kind": "Secret",
				"metadata":   map[string]any{"name": secret, "namespace": environment},
				"stringData": data,
			})
			if err != nil {
				return err
			}
			if _, err := w.Kubectl(ctx, string(manifest), "apply", "--server-side", "-f", "-"); err != nil {
				return err
			}
		}
	}
	_, err = w.Kubectl(ctx, "", "apply", "-k", filepath.Join(w.Clone.Folder, "gitops", "argocd"))
	return err
}

func (w *World) deployed(ctx context.Context) error {
	for _, application := range []string{"sequential-questioning-policies", string(Staging), string(Prod)} {
		if err := w.Synced(ctx, application, w.Base); err != nil {
			return err
		}
	}
	for _, environment := range []Environment{Staging, Prod} {
		if err := w.Serves(ctx, environment, ""); err != nil {
			return err
		}
	}
	return nil
}

// Serves waits until an environment's route answers, with a version where one is
// named.
func (w *World) Serves(ctx context.Context, environment Environment, version string) error {
	route := w.Route(environment)
	return w.Until(ctx, fmt.Sprintf("%s to serve %s", environment, version), func(ctx context.Context) (bool, error) {
		is, err := Version(ctx, route)
		return err == nil && (version == "" || is == version), err
	})
}

func run(ctx context.Context, folder string, environment []string, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = folder
	command.Env = append(os.Environ(), environment...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, output)
	}
	return nil
}

// Took measures something.
func Took(do func() error) (time.Duration, error) {
	began := time.Now()
	err := do()
	return time.Since(began), err
}
