package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// cluster is a starting or running cluster. All that is needed to use, extend or
// remove it is in its state folder.
type cluster struct {
	*Settings
	addresses Addresses
	node      *node
	saved     saved
}

// saved is a cluster's state on disk.
// Steps are saved by name: a renamed step runs again on a cluster that an older version has
// started, so steps must be repeatable.
type saved struct {
	Subnet   string            `json:"subnet"`
	Images   map[string]string `json:"images"` // by package
	Password string            `json:"password"`
	Token    string            `json:"token"`
	Steps    []string          `json:"steps"` // finished ones
}

// step is one part of a start. Finished steps are saved, so up continues after
// them.
type step struct {
	name string
	do   func(context.Context) error
}

// Up starts a cluster, or adds missing parts to a running one.
//
// Building happens before the state is locked and before the timeout begins: a first build
// takes minutes, which say nothing about the cluster. A cluster that this call has started
// and that fails is removed; one that ran before stays, with the steps that succeeded.
func Up(ctx context.Context, s *Settings, progress *Progress) error {
	if err := prepareMachine(ctx, s, progress); err != nil {
		return err
	}
	if err := Build(ctx, s, progress); err != nil {
		return err
	}
	unlock, err := lock(s.State)
	if err != nil {
		return err
	}
	defer unlock()
	defer os.Remove(s.State) // if it is empty
	ctx, cancel := context.WithTimeoutCause(ctx, s.Timeout, errors.New("--timeout exceeded"))
	defer cancel()
	c, err := load(s)
	if err != nil {
		return err
	}
	// State without a node is what a crash or a reboot left. It is removed rather than resumed:
	// its etcd ran without fsync.
	runs := c != nil && c.node.runs(ctx)
	if !runs {
		if err := remove(s); err != nil {
			return fmt.Errorf("removing the remains of an earlier cluster: %w", err)
		}
		if c, err = create(s); err != nil {
			return err
		}
	} else if s.Subnet != "" && s.Subnet != c.saved.Subnet {
		return fmt.Errorf("%s runs with --subnet %s: take it down first, or give this one another --name", s.Name, c.saved.Subnet)
	}
	if err := c.take(ctx, progress); err != nil {
		return c.fail(err, !runs)
	}
	return nil
}

// create makes the state folder of a new cluster.
// It checks the network before it writes anything. An existing route would be shadowed, and
// the machine lose what it leads to.
func create(s *Settings) (*cluster, error) {
	c := &cluster{Settings: s, node: newNode(s), saved: saved{Subnet: s.Subnet, Images: map[string]string{}}}
	if c.saved.Subnet == "" {
		c.saved.Subnet = DefaultSubnet
	}
	var err error
	if c.addresses, err = Divide(c.saved.Subnet); err != nil {
		return nil, err
	}
	if err := checkRoutes(c.addresses.Subnet); err != nil {
		return nil, err
	}
	for _, folder := range []string{"logs", "home", "tmp", "registry/sha256"} {
		if err := os.MkdirAll(s.state(folder), 0o755); err != nil {
			return nil, err
		}
	}
	return c, c.save()
}

// load reads a cluster's saved state; nil if there is none.
// A file that cannot be read is an error rather than no cluster: its node may still run.
func load(s *Settings) (*cluster, error) {
	content, err := os.ReadFile(s.state("cluster.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &cluster{Settings: s, node: newNode(s)}
	if err := json.Unmarshal(content, &c.saved); err != nil {
		return nil, fmt.Errorf("reading %s: %w", s.state("cluster.json"), err)
	}
	c.addresses, err = Divide(c.saved.Subnet)
	return c, err
}

// save writes the state readable by root only: it has Argo CD's password.
func (c *cluster) save() error {
	content, err := json.MarshalIndent(c.saved, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.state("cluster.json"), content, 0o600)
}

// eventingReady is the step of --eventing.
const eventingReady = "Knative Eventing ready"

// take runs the unfinished steps.
// The order is that of their needs. The environment is written last, so its file is a sign
// of a complete start.
func (c *cluster) take(ctx context.Context, progress *Progress) error {
	steps := []step{
		{"node started", c.startMachine},
		{"images in the registry", c.startRegistry},
		{"API server ready", c.startControlPlane},
		{"node ready", c.startNode},
		{"Knative Serving ready", c.installServing},
	}
	if c.ArgoCD {
		steps = append(steps, step{"Argo CD ready", c.installArgoCD})
	}
	if c.Eventing {
		steps = append(steps, step{eventingReady, c.installEventing})
	}
	for _, step := range steps {
		if slices.Contains(c.saved.Steps, step.name) {
			continue
		}
		if err := progress.Step(step.name, func() error { return step.do(ctx) }); err != nil {
			return err
		}
		c.saved.Steps = append(c.saved.Steps, step.name)
		if err := c.save(); err != nil {
			return err
		}
	}
	return c.writeEnvironment()
}

// startMachine starts the node and connects it with the host.
func (c *cluster) startMachine(ctx context.Context) error {
	if err := makeCgroups(c.cgroup()); err != nil {
		return err
	}
	pid, err := c.node.launch(ctx)
	if err != nil {
		return err
	}
	return connect(c.linkName(), pid, c.addresses)
}

// fail adds diagnostics to a failure, and removes a cluster that failed to start.
//
// The logs survive in the temporary folder, except after an interrupt, when nobody wants
// them. With --keep, and on a cluster that ran before, they stay where they are.
func (c *cluster) fail(failure error, tearDown bool) error {
	interrupted := errors.Is(failure, context.Canceled)
	if interrupted {
		failure = errors.New("interrupted")
	}
	var at componentError
	if errors.As(failure, &at) {
		content, _ := os.ReadFile(logFile(c.State, at.component))
		failure = fmt.Errorf("%w\n\nThe end of %s's log:\n%s", failure, at.component, tail(string(content), 15))
	}
	if !tearDown || c.Keep {
		return fmt.Errorf("%w\n\nAll logs are in %s", failure, c.state("logs"))
	}
	if interrupted {
		return errors.Join(failure, remove(c.Settings))
	}
	kept := filepath.Join(os.TempDir(), "cluster-"+c.Name+"-logs")
	// The limit is for kubectl: the API server may be what failed.
	// Up's context may have ended.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := errors.Join(os.RemoveAll(kept), Logs(ctx, c.Settings, kept), remove(c.Settings))
	return errors.Join(fmt.Errorf("%w\n\nthe cluster was taken down, --keep leaves it; all logs are in %s", failure, kept), err)
}

// Down removes a cluster and, if wanted, the built binaries. It succeeds if there
// is no cluster.
// It works on what is there, without reading the saved state, so it also removes a cluster
// whose state is damaged.
func Down(s *Settings, binaries bool) error {
	unlock, err := lock(s.State)
	if err != nil {
		return err
	}
	defer unlock()
	if err := remove(s); err != nil {
		return err
	}
	if err := os.Remove(s.State); err != nil {
		return err
	}
	os.Remove(stateFolder) // of the last cluster
	if binaries {
		return os.RemoveAll(s.Binaries)
	}
	return nil
}

// remove keeps the state folder itself, which is locked. The order matters:
// processes first, which use all the rest.
// Each step tolerates that its object is gone, so that an interrupted removal can be repeated.
func remove(s *Settings) error {
	ctx := context.Background()
	if err := s.kill(ctx); err != nil {
		return err
	}
	if err := disconnect(s.linkName()); err != nil {
		return err
	}
	if err := removeCgroups(ctx, s.cgroup()); err != nil {
		return err
	}
	left, err := os.ReadDir(s.State)
	if err != nil {
		return err
	}
	for _, entry := range left {
		if err := os.RemoveAll(s.state(entry.Name())); err != nil {
			return fmt.Errorf("removing the cluster's state: %w", err)
		}
	}
	return nil
}
