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

// owner is the one file that a fork edits, and so does this one.
const owner = "gitops/owner/kustomization.yaml"

// yearlySweep lets staging rest: the timer would wake the relay in the midst of a test.
const yearlySweep = `
  - target: {kind: PingSource, name: sweep}
    patch: |-
      - {op: replace, path: /spec/schedule, value: "0 0 1 1 *"}
`

// Deployment is the project, deployed to a cluster. Tests share one and run one after
// the other; each begins with Reset.
//
// Two deployments at once in one cluster would share Applications and namespaces, and disturb
// each other.
type Deployment struct {
	Cluster  Cluster
	ArgoCD   *ArgoCD
	Clone    Checkout // of a developer who also releases
	Database *Database
	Qdrant   *Qdrant
	Figures  *Figures
	Base     string                 // the commit that main and prod began with
	URLs     map[Environment]string // of the databases, from this machine

	folder  string // all files of this run
	root    string // the checkout under test
	git     string // URL of the repository
	release string // the command
	operate string // the operate command
	roles   map[Environment]roles
	kube    dynamic.Interface

	mu     sync.Mutex
	routes map[Environment]*httptest.Server
}

// Deploy deploys a copy of the checkout at root to the cluster: it pushes images to its
// registry, creates a repository and databases, and leaves the rest to Argo CD. It
// returns when staging and production serve. On an error it returns the Deployment as
// well, which Close then cleans up.
//
// Each step is printed with its time and
// becomes a figure.
func Deploy(ctx context.Context, cluster Cluster, root string) (*Deployment, error) {
	folder, err := os.MkdirTemp("", "sequential-questioning-e2e-")
	if err != nil {
		return nil, err
	}
	d := &Deployment{
		Cluster: cluster, ArgoCD: newArgoCD(cluster), Clone: Checkout{filepath.Join(folder, "clone")}, Figures: newFigures(),
		URLs: map[Environment]string{}, roles: map[Environment]roles{}, folder: folder, root: root, routes: map[Environment]*httptest.Server{},
	}
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig)
	if err != nil {
		return d, err
	}
	// The client's own limit, 5 a second, would delay polls and with them the figures.
	config.QPS, config.Burst = 100, 200
	if d.kube, err = dynamic.NewForConfig(config); err != nil {
		return d, err
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"release and operate built", d.buildCommands},
		{"repository served", d.makeRepository},
		{"images built and pushed", d.buildImages},
		{"PostgreSQL and Qdrant started", d.makeDatabases},
		{"main and prod pushed", d.pushFirst},
		{"policies and secrets in place", d.bootstrap},
		{"staging and production serve", d.deployed},
	} {
		if err := d.Figures.Step(step.what, func() error { return step.do(ctx) }); err != nil {
			return d, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	d.Figures.watch(d)
	return d, nil
}

// Close removes the files of this run. What is in the cluster stays: a cluster that
// somebody keeps can be looked at afterwards.
// The first error ends it; the folder then stays as well, with the logs.
func (d *Deployment) Close() error {
	d.Figures.stop()
	for _, route := range d.routes {
		route.Close()
	}
	if d.Qdrant != nil {
		d.Qdrant.Stop()
	}
	if d.Database != nil {
		if err := d.Database.Stop(context.Background()); err != nil {
			return err
		}
	}
	return os.RemoveAll(d.folder)
}

// WriteEnvironment writes shell commands that set a person up to work on the deployment by
// hand, and returns the file: a shell in the clone, with the commands on its PATH.
// The file has a token and is for its owner only.
func (d *Deployment) WriteEnvironment() (file string, err error) {
	var content strings.Builder
	for _, line := range [][2]string{
		{"KUBECONFIG", d.Cluster.Kubeconfig}, {"ARGOCD_SERVER", d.Cluster.ArgoCD}, {"ARGOCD_AUTH_TOKEN", d.Cluster.Token},
		{"ARGOCD_PLAINTEXT", fmt.Sprint(d.Cluster.Plaintext)},
		{"STAGING", d.Route(Staging)}, {"PROD", d.Route(Prod)},
		{"IMAGES", strings.Join(d.imageFlags(), " ")},
	} {
		fmt.Fprintf(&content, "export %s=%q\n", line[0], line[1])
	}
	fmt.Fprintf(&content, "export PATH=%q\ncd %q\n", d.folder+":"+os.Getenv("PATH"), d.Clone.Folder)
	file = filepath.Join(d.folder, "env")
	return file, os.WriteFile(file, []byte(content.String()), 0o600)
}

// Release runs the release command in the clone and returns its output. SSL_CERT_DIR
// leads nowhere, so that nothing is fetched from the internet unnoticed.
// The output has both streams, in the order in which they were written; it is complete also
// with an error.
func (d *Deployment) Release(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, d.release, args...)
	command.Dir = d.Clone.Folder
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

// buildCommands builds release and operate by the Makefile, as an operator does.
func (d *Deployment) buildCommands(ctx context.Context) error {
	d.release, d.operate = filepath.Join(d.folder, "release"), filepath.Join(d.folder, "operate")
	return run(ctx, d.root, nil, "make", "--no-print-directory", "release", "operate", "RELEASE="+d.release, "OPERATE="+d.operate)
}

// makeRepository serves a bare repository and fills a clone with this checkout,
// uncommitted changes included.
// The clone has no history of the checkout: one commit is enough for Argo CD, and a shallow or
// dirty checkout works alike.
func (d *Deployment) makeRepository(ctx context.Context) error {
	bare := filepath.Join(d.folder, "git", "sequential-questioning.git")
	served, err := serveGit(d.Cluster.Host, filepath.Dir(bare))
	if err != nil {
		return err
	}
	d.git = served + "/sequential-questioning.git"
	if err := copyTree(ctx, d.root, d.Clone.Folder); err != nil {
		return err
	}
	if err := run(ctx, d.folder, nil, "git", "init", "--quiet", "--bare", "--initial-branch=main", bare); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"-C", bare, "config", "http.receivepack", "true"},
		{"init", "--quiet", "--initial-branch=main"},
		{"config", "user.name", "e2e"},
		{"config", "user.email", "e2e@example.test"},
		{"remote", "add", "origin", d.git},
	} {
		if _, err := d.Clone.Git(ctx, args...); err != nil {
			return err
		}
	}
	_, err = d.Clone.Commit(ctx, "The checkout under test")
	return err
}

// BuildImages builds, pushes and pins images of the clone's functions: all, or those
// named.
// Images that did not change keep their digests, since builds are reproducible.
func (d *Deployment) BuildImages(ctx context.Context, only ...string) error {
	args := append([]string{"images"}, d.imageFlags()...)
	if len(only) > 0 {
		args = append(args, "--only", strings.Join(only, ","))
	}
	_, err := d.Release(ctx, args...)
	return err
}

// imageFlags are those of `release images` for the cluster's registry and this machine.
// One platform halves the time; the nodes have this machine's architecture.
func (d *Deployment) imageFlags() []string {
	return []string{"--repository", d.Cluster.Registry + "/sequential-questioning", "--insecure", "--platform", "linux/" + runtime.GOARCH}
}

// buildImages builds all of them, as a step of Deploy.
func (d *Deployment) buildImages(ctx context.Context) error { return d.BuildImages(ctx) }

// makeDatabases starts PostgreSQL and Qdrant on this machine and gives PostgreSQL its
// usual name in the cluster, by a Service without a selector.
// The name is the one in the manifests, so their database URLs stay as they are.
func (d *Deployment) makeDatabases(ctx context.Context) (err error) {
	if d.Database, err = startDatabase(ctx, filepath.Join(d.folder, "postgres"), d.Cluster.Host); err != nil {
		return err
	}
	if d.Qdrant, err = startQdrant(d.Cluster.Host); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(d.Database.address)
	if err != nil {
		return err
	}
	manifest, err := os.ReadFile(filepath.Join(d.root, "tests", "e2e", "manifests", "database.yaml"))
	if err != nil {
		return err
	}
	filled := strings.NewReplacer("ADDRESS", host, "PORT", port).Replace(string(manifest))
	_, err = d.Kubectl(ctx, filled, "apply", "--server-side", "--force-conflicts", "-f", "-")
	return err
}

// pushFirst adapts the clone to this cluster in one commit, and pushes it as main and
// prod.
// It edits what a fork edits; that these edits are enough is part of the test.
func (d *Deployment) pushFirst(ctx context.Context) error {
	// There is no token issuer here, and promotion refuses prod's placeholder.
	for _, edit := range [][2]string{
		{"- repository=", "- repository=" + d.git + " # "},
		{"- registry=", "- registry=" + d.Cluster.Registry + "/sequential-questioning "}, // beside that of the policies' cases
		{"- callers/tokens", "- callers/open"},
	} {
		if err := d.Clone.Replace(owner, edit[0], edit[1]); err != nil {
			return err
		}
	}
	if err := d.Clone.Replace("gitops/argocd/applications/kustomization.yaml", "  - dev.yaml\n", ""); err != nil {
		return err
	}
	// Staging must scale to zero entirely; prod's timer stays as it is.
	if err := d.Clone.Append("gitops/overlays/staging/kustomization.yaml", yearlySweep); err != nil {
		return err
	}
	var err error
	if d.Base, err = d.Clone.Commit(ctx, "Deploy to the test cluster"); err != nil {
		return err
	}
	_, err = d.Clone.Git(ctx, "push", "--quiet", "origin", "main", "main:prod")
	return err
}

// bootstrap does what an administrator does once for a cluster.
// It applies the policies before Argo CD does, because they create the namespaces into which
// the secrets go. Every key and password is new.
func (d *Deployment) bootstrap(ctx context.Context) error {
	// Leftovers of an earlier run would look synced, and the hook would not run.
	if _, err := d.Kubectl(ctx, "", "delete", "applications.argoproj.io", "--namespace=argocd", "--ignore-not-found", "--timeout=5m", string(Staging), string(Prod)); err != nil {
		return err
	}
	// One apply creates namespaces and the objects in them, which may fail at first: retry.
	err := d.Until(ctx, "the policies to be accepted", func(ctx context.Context) (bool, error) {
		_, err := d.Kubectl(ctx, "", "apply", "--server-side", "--force-conflicts", "-k", filepath.Join(d.Clone.Folder, "policies"))
		return err == nil, err
	})
	if err != nil {
		return err
	}
	for _, environment := range []Environment{Staging, Prod} {
		roles, err := d.initialise(ctx, environment)
		if err != nil {
			return err
		}
		d.URLs[environment] = roles.owner.here
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
			"sequential-questioning-qdrant":           {"url": d.Qdrant.URL, "api-key": d.Qdrant.key},
		} {
			manifest, err := json.Marshal(map[string]any{
				"apiVersion": "v1", "kind": "Secret",
				"metadata":   map[string]any{"name": secret, "namespace": environment},
				"stringData": data,
			})
			if err != nil {
				return err
			}
			if _, err := d.Kubectl(ctx, string(manifest), "apply", "--server-side", "-f", "-"); err != nil {
				return err
			}
		}
	}
	_, err = d.Kubectl(ctx, "", "apply", "-k", filepath.Join(d.Clone.Folder, "gitops", "argocd"))
	return err
}

// deployed waits until Argo CD has synced everything and both routes respond.
// Synced alone is not enough: an ingress learns of a new route a moment later.
func (d *Deployment) deployed(ctx context.Context) error {
	for _, application := range []string{"sequential-questioning-policies", string(Staging), string(Prod)} {
		if err := d.Synced(ctx, application, d.Base); err != nil {
			return err
		}
	}
	for _, environment := range []Environment{Staging, Prod} {
		if err := d.Serves(ctx, environment, ""); err != nil {
			return err
		}
	}
	return nil
}

// Serves waits until an environment's route responds, with the version if one is given.
// It requests the route itself rather than read a status.
func (d *Deployment) Serves(ctx context.Context, environment Environment, version string) error {
	route := d.Route(environment)
	return d.Until(ctx, fmt.Sprintf("%s to serve %s", environment, version), func(ctx context.Context) (bool, error) {
		is, err := Version(ctx, route)
		return err == nil && (version == "" || is == version), err
	})
}

// run runs a program; its error has what it printed.
func run(ctx context.Context, folder string, environment []string, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = folder
	command.Env = append(os.Environ(), environment...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, output)
	}
	return nil
}

// Took measures how long do takes.
// The duration counts also if do fails.
func Took(do func() error) (time.Duration, error) {
	began := time.Now()
	err := do()
	return time.Since(began), err
}
