package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	// Versions that are linked into the programs, since Go records none for a main module.
	// They must equal those in the modules' go.mod; kustomize is in no go.mod, because Argo CD
	// only runs it.
	kubernetesVersion = "1.37.2"
	argocdVersion     = "3.2.11"
	kustomizeVersion  = "v5.8.2"
)

// part is a unit of the build. It is rebuilt when its module or its recipe changes.
// The name is that of the file that marks it as built, so renaming a part rebuilds it.
type part struct {
	name, module string
	// The module's files do not show a change of flags or of what is gathered; this does.
	recipe string // change it when the build steps change
	build  func(context.Context, *Settings) error
}

// parts are what the settings ask for, in the order in which they are built.
// Kubernetes and Knative Serving always are: a cluster without them tests nothing of ours.
func (s *Settings) parts() []part {
	parts := []part{
		{"Kubernetes", "kubernetes", "1 " + kubernetesVersion, buildKubernetes},
		{"Knative Serving", "knative", "1", buildServing},
	}
	if s.Eventing {
		parts = append(parts, part{"Knative Eventing", "knative", "1", buildEventing})
	}
	if s.ArgoCD {
		parts = append(parts, part{"Argo CD", "argocd", "1 " + argocdVersion + " " + kustomizeVersion, buildArgoCD})
	}
	return parts
}

// Build builds what is missing or out of date. A built part is marked only when it
// is complete, so an interrupted build continues.
//
// A part is current if its module, its recipe and the version of Go are what they were.
// Two builds in one folder exclude each other; the second one waits and finds the work done.
func Build(ctx context.Context, s *Settings, progress *Progress) error {
	if err := os.MkdirAll(s.binary("built"), 0o755); err != nil {
		return err
	}
	unlock, err := lock(s.Binaries)
	if err != nil {
		return err
	}
	defer unlock()
	version, err := s.goCommand(ctx, "", "env", "GOVERSION")
	if err != nil {
		return err
	}
	for _, part := range s.parts() {
		wanted, err := fingerprint(filepath.Join(s.source, part.module), part.recipe, version)
		if err != nil {
			return err
		}
		stamp := s.binary("built", part.name)
		if built, err := os.ReadFile(stamp); err == nil && string(built) == wanted {
			continue
		}
		if err := progress.Step(part.name+" built", func() error {
			if err := part.build(ctx, s); err != nil {
				return err
			}
			return os.WriteFile(stamp, []byte(wanted), 0o644)
		}); err != nil {
			return err
		}
	}
	return nil
}

// fingerprint is a digest of the folder's files, without tests, and of the words.
// Modification times are no part of it, so a fresh checkout or a restored cache rebuilds
// nothing.
func fingerprint(folder string, words ...string) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q\n", words)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(sum, "%q %x\n", strings.TrimPrefix(path, folder), sha256.Sum256(content))
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// buildKubernetes compiles one program that is every component. The version is
// linked in as Kubernetes's own build does, since clients read it.
// The build date is constant: with the current one, every build would be another program.
func buildKubernetes(ctx context.Context, s *Settings) error {
	flags := "-s -w"
	numbers := strings.Split(kubernetesVersion, ".")
	for _, path := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for name, value := range map[string]string{
			"gitVersion": "v" + kubernetesVersion, "gitMajor": numbers[0], "gitMinor": numbers[1],
			"gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z",
		} {
			flags += fmt.Sprintf(" -X %s.%s=%s", path, name, value)
		}
	}
	if err := s.compile(ctx, "kubernetes", flags, s.binary("kubernetes"), "."); err != nil {
		return err
	}
	return link("../kubernetes", s.binary("path", "kubectl"))
}

// servingImages and the others name the commands that run as pods.
var (
	servingImages = []string{
		"knative.dev/serving/cmd/activator", "knative.dev/serving/cmd/autoscaler", "knative.dev/serving/cmd/controller",
		"knative.dev/serving/cmd/queue", "knative.dev/serving/cmd/webhook",
	}
	eventingImages = []string{
		"knative.dev/eventing/cmd/broker/filter", "knative.dev/eventing/cmd/broker/ingress", "knative.dev/eventing/cmd/controller",
		"knative.dev/eventing/cmd/in_memory/channel_controller", "knative.dev/eventing/cmd/in_memory/channel_dispatcher",
		"knative.dev/eventing/cmd/mtchannel_broker", "knative.dev/eventing/cmd/mtping", "knative.dev/eventing/cmd/webhook",
	}
	ownImages = []string{"ingress", "pause", "hello"}
)

// buildServing compiles Knative Serving, the ingress and the small images of the
// tests, and gathers the manifests in the stages in which they are applied.
//
// There are three stages because the API server rejects objects whose definition it does not
// serve yet, and webhooks that run reject configuration before their certificates are ready.
func buildServing(ctx context.Context, s *Settings) error {
	if err := s.compile(ctx, "knative", "-s -w", s.binary("knative")+"/", "./cmd/..."); err != nil {
		return err
	}
	var own []string
	for _, name := range ownImages {
		own = append(own, "cluster/"+name+"="+s.binary("knative", name))
	}
	if err := s.buildImages(ctx, "serving", servingImages, own...); err != nil {
		return err
	}
	return s.gather(ctx, "knative", map[string][]string{
		"serving-resources.yaml": {
			"knative.dev/serving/config/core/100-namespace.yaml", "knative.dev/serving/config/core/300-resources/*.yaml",
			"knative.dev/networking/config/ingress.yaml", "knative.dev/networking/config/serverlessservice.yaml",
			"knative.dev/networking/config/certificate.yaml", "knative.dev/networking/config/domain-claim.yaml",
			"knative.dev/caching/config/image.yaml",
		},
		"serving-configuration.yaml": {
			"knative.dev/serving/config/core/300-knativecertificate.yaml", "knative.dev/serving/config/core/200-roles/*.yaml",
			"knative.dev/serving/config/core/200-serviceaccount.yaml", "knative.dev/serving/config/core/configmaps/*.yaml",
			"knative.dev/networking/config/config-network.yaml",
		},
		"serving-workloads.yaml": {
			"knative.dev/serving/config/core/webhooks/*.yaml", "knative.dev/serving/config/core/deployments/*.yaml",
		},
	})
}

// buildEventing does the same for Eventing with its in-memory channel and broker.
func buildEventing(ctx context.Context, s *Settings) error {
	if err := s.buildImages(ctx, "eventing", eventingImages); err != nil {
		return err
	}
	const (
		core    = "knative.dev/eventing/config/core/"
		channel = "knative.dev/eventing/config/channels/in-memory-channel/"
		broker  = "knative.dev/eventing/config/brokers/mt-channel-broker/"
	)
	return s.gather(ctx, "knative", map[string][]string{
		"eventing-resources.yaml": {core + "100-namespace.yaml", core + "resources/*.yaml", channel + "resources/*.yaml"},
		"eventing-configuration.yaml": {
			core + "200-*.yaml", core + "configmaps/*.yaml", core + "roles/*.yaml",
			// The controller does not start without images of integrations, even unused ones.
			"knative.dev/eventing/third_party/eventing-integrations-latest/*-images.yaml",
			channel + "200-*.yaml", channel + "configmaps/*.yaml", channel + "roles/*.yaml", broker + "roles/*.yaml",
		},
		"eventing-workloads.yaml": {
			core + "webhooks/*.yaml", core + "deployments/controller.yaml", core + "deployments/webhook.yaml", core + "deployments/pingsource-mt-adapter.yaml",
			channel + "webhooks/*.yaml", channel + "deployments/*.yaml", broker + "deployments/*.yaml",
		},
	})
}

// buildArgoCD compiles Argo CD, its substitute for Redis, and kustomize, which it
// runs.
//
// Argo CD is one program that chooses its part by its name, hence the links. The scripts are
// those that it calls to check signatures; its image has them beside it.
func buildArgoCD(ctx context.Context, s *Settings) error {
	const path = "github.com/argoproj/argo-cd/v3"
	flags := fmt.Sprintf("-s -w -X %[1]s/common.version=%[2]s -X %[1]s/common.gitTreeState=clean", path, argocdVersion)
	if err := s.compile(ctx, "argocd", flags, s.binary("argocd", "argocd"), "."); err != nil {
		return err
	}
	if err := s.compile(ctx, "argocd", "-s -w", s.binary("argocd", "miniredis"), "./miniredis"); err != nil {
		return err
	}
	for _, name := range []string{"server", "application-controller", "repo-server", "git-ask-pass"} {
		if err := link("argocd", s.binary("argocd", "argocd-"+name)); err != nil {
			return err
		}
	}
	if err := link("../argocd/argocd", s.binary("path", "argocd")); err != nil {
		return err
	}
	if _, err := s.goCommand(ctx, "", "install", "-trimpath", "-ldflags=-s -w", "sigs.k8s.io/kustomize/kustomize/v5@"+kustomizeVersion); err != nil {
		return err
	}
	source, err := s.moduleFolder(ctx, "argocd", path)
	if err != nil {
		return err
	}
	for _, script := range []string{"git-verify-wrapper.sh", "gpg-wrapper.sh"} {
		content, err := os.ReadFile(filepath.Join(source, "hack", script))
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.binary("argocd", script), content, 0o755); err != nil {
			return err
		}
	}
	return s.gather(ctx, "argocd", map[string][]string{"argocd-resources.yaml": {path + "/manifests/crds/*-crd.yaml"}})
}

// buildImages compiles commands and writes an image of each, named like its package, into
// one layout. images adds ready binaries, as REPOSITORY=BINARY.
// The compiled programs are removed afterwards: the layout contains them.
func (s *Settings) buildImages(ctx context.Context, name string, packages []string, images ...string) error {
	folder, err := os.MkdirTemp(s.Binaries, name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	// Compile each separately: binaries of broker and channel have the same names.
	for _, path := range packages {
		binary := filepath.Join(folder, strings.ReplaceAll(path, "/", "-"))
		if err := s.compile(ctx, "knative", "-s -w", binary, path); err != nil {
			return err
		}
		images = append(images, path+"="+binary)
	}
	_, err = run(ctx, exec.Command(s.binary("knative", "images"), append([]string{"write", s.binary("images", name)}, images...)...))
	return err
}

// gather copies manifests from modules, so that starting a cluster only needs built files.
// Patterns begin with a module's path.
// A pattern without a match is an error: upstream moved a file, and the cluster would start
// without it.
func (s *Settings) gather(ctx context.Context, module string, files map[string][]string) error {
	if err := os.MkdirAll(s.binary("manifests"), 0o755); err != nil {
		return err
	}
	for target, patterns := range files {
		var content bytes.Buffer
		for _, pattern := range patterns {
			path := modulePath.FindString(pattern)
			folder, err := s.moduleFolder(ctx, module, path)
			if err != nil {
				return err
			}
			found, err := filepath.Glob(folder + strings.TrimPrefix(pattern, path))
			if err != nil || len(found) == 0 {
				return errors.Join(fmt.Errorf("no manifest matches %s", pattern), err)
			}
			// Numbered names order the files, as kubectl would apply them.
			slices.Sort(found)
			for _, file := range found {
				manifest, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				fmt.Fprintf(&content, "---\n%s\n", manifest)
			}
		}
		if err := os.WriteFile(s.binary("manifests", target), content.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// modulePath is the part of a manifest's pattern that names its module.
var modulePath = regexp.MustCompile(`^(knative\.dev/[a-z]+|github\.com/[a-z-]+/[a-z-]+/v[0-9]+)`)

// moduleFolder is where Go keeps the module's source, which it downloads if needed.
// It downloads first because `go list` names no folder for a module that is not in the cache.
func (s *Settings) moduleFolder(ctx context.Context, module, path string) (string, error) {
	if _, err := s.goCommand(ctx, module, "mod", "download", path); err != nil {
		return "", err
	}
	return s.goCommand(ctx, module, "list", "-m", "-f", "{{.Dir}}", path)
}

// compile builds static programs that are the same on every machine.
// Equal programs give equal images, so an unchanged build leaves running pods alone.
func (s *Settings) compile(ctx context.Context, module, linkerFlags, output string, packages ...string) error {
	arguments := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=" + linkerFlags, "-o", output}, packages...)
	_, err := s.goCommand(ctx, module, arguments...)
	return err
}

// goCommand runs go in one of the modules, outside of the repository's workspace.
func (s *Settings) goCommand(ctx context.Context, module string, arguments ...string) (string, error) {
	goCommand := exec.Command("go", arguments...)
	goCommand.Dir = filepath.Join(s.source, module)
	goCommand.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOBIN="+s.binary("argocd"))
	return run(ctx, goCommand)
}

// link creates or replaces a symbolic link.
// It removes first, because symlink fails on an existing path.
func link(target, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(target, path)
}
