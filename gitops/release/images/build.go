package images

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/ko/pkg/build"
)

// grpcnotrace leaves out gRPC's trace pages: their templates keep the linker from dropping
// unused methods, a seventh of a function's size. nethttpomithttp2 leaves out net/http's
// HTTP/2: functions speak HTTP/1.1, and gRPC has its own. nopgxregisterdefaulttypes leaves
// out from which Go types pgx guesses a parameter's type in protocols that functions do not
// use (shared/postgres).
// Without -buildvcs=false every commit would give every image a new digest.
var (
	flags       = []string{"-buildvcs=false", "-tags=grpcnotrace,nethttpomithttp2,nopgxregisterdefaulttypes"}
	linkerFlags = []string{"-s", "-w"}
)

// versionFile holds the version of what is built. It is read from the sources, as this
// module depends on no other of the repository. The label lets a person see which
// version an image is of.
const versionFile = "shared/version/VERSION"

// builder builds with one set of options. ko's are options of its process, too: see
// process.
// It may be used for several images, one at a time.
type builder struct {
	root    string
	options []build.Option
}

// newBuilder prepares what all images share: base, version label, time and flags. Every
// option that ko would otherwise take from its surroundings is set. A fixed creation
// time keeps digests the same.
func newBuilder(root string, platforms []v1.Platform, sbom string, created v1.Time) (*builder, error) {
	index, err := base(platforms, created)
	if err != nil {
		return nil, err
	}
	if sbom, err = filepath.Abs(sbom); err != nil {
		return nil, fmt.Errorf("resolve the folder of the SBOMs: %w", err)
	}
	version, err := os.ReadFile(filepath.Join(root, versionFile))
	if err != nil {
		return nil, fmt.Errorf("read the version: %w", err)
	}
	return &builder{root: root, options: []build.Option{
		build.WithLabel("org.opencontainers.image.version", strings.TrimSpace(string(version))),
		build.WithBaseImages(func(context.Context, string) (name.Reference, build.Result, error) {
			return baseName, index, nil
		}),
		build.WithPlatforms("all"), // of the base
		build.WithCreationTime(created),
		build.WithKoDataCreationTime(created),
		build.WithTrimpath(true),
		build.WithDefaultFlags(flags),
		build.WithDefaultLdflags(linkerFlags),
		build.WithSPDX("(none)"),
		build.WithSBOMDir(sbom),
	}}, nil
}

// ko uses the environment and the logger of its process.
var process sync.Mutex

// build runs the Go compiler for each platform. Builds run one after the other, since
// each compiles in parallel by itself and isolate changes the process.
// The result is not compressed well and not published yet.
func (b *builder) build(ctx context.Context, target target) (build.Result, error) {
	process.Lock()
	defer process.Unlock()
	restore, err := isolate(b.root)
	defer restore()
	if err != nil {
		return nil, err
	}
	ko, err := build.NewGo(ctx, target.module, b.options...)
	if err != nil {
		return nil, err
	}
	return ko.Build(ctx, build.StrictScheme+target.program)
}

// isolate overrides environment variables that would change the result of the build,
// and keeps ko's log messages out of the output. The levels of instruction sets are the
// oldest that Go supports, so that images run on any machine of the platform. restore
// is never nil.
// Only build may call it, with the lock held.
func isolate(root string) (restore func(), err error) {
	settings := map[string]string{ // empty means unset
		"GOWORK":       filepath.Join(root, "go.work"),
		"GOFLAGS":      flags[0],
		"GOEXPERIMENT": "none",
		"GODEBUG":      "",
		"GOFIPS140":    "off",
		"GOAMD64":      "v1",
		"GOARM64":      "v8.0",
		"GOOS":         "",
		"GOARCH":       "",
		"CGO_ENABLED":  "0",
		"KOCACHE":      "",
	}
	before := map[string]string{}
	for key := range settings {
		before[key] = os.Getenv(key)
	}
	writer := log.Writer()
	log.SetOutput(io.Discard)
	return func() {
		log.SetOutput(writer)
		_ = setEnvironment(before)
	}, setEnvironment(settings)
}

// setEnvironment sets variables, and unsets those whose value is empty.
func setEnvironment(settings map[string]string) error {
	for key, value := range settings {
		err := os.Unsetenv(key)
		if value != "" {
			err = os.Setenv(key, value)
		}
		if err != nil {
			return fmt.Errorf("set %s: %w", key, err)
		}
	}
	return nil
}
