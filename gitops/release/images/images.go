// Package images builds OCI images reproducibly and without a container engine: of the
// functions and of the migrate command with ko (Build), whose digests it pins for the
// overlays (WritePins), and of the program for laptops with its PostgreSQL (BuildProgram).
//
// It knows nothing of environments: which digests a branch deploys is decided by who commits
// them. The same sources and Go version give the same digests on any machine.
package images

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/ko/pkg/build"
)

// Migrate is the image of the migrate command, the only one that is not a function.
const Migrate = "migrate"

// Platforms are the default platforms. An image index has both, so that a cluster may
// mix them.
var Platforms = []string{"linux/amd64", "linux/arm64"}

// grpcnotrace leaves out gRPC's trace pages: their templates keep the linker from dropping
// unused methods, a seventh of a function's size. nethttpomithttp2 leaves out net/http's
// HTTP/2: functions speak HTTP/1.1, and gRPC has its own. nopgxregisterdefaulttypes leaves
// out from which Go types pgx guesses a parameter's type in protocols that functions do not
// use (shared/postgres).
// Without -buildvcs=false every commit would give every image a new digest.
var flags = []string{"-buildvcs=false", "-tags=grpcnotrace,nethttpomithttp2,nopgxregisterdefaulttypes"}

// Options configure Build.
type Options struct {
	// Root is the repository's folder. Bills of materials are written to .bin/sbom in it.
	Root string
	// Only restricts the build to these images.
	Only      []string
	Platforms []string
	// Progress receives a line for each image.
	Progress io.Writer
	// Where the images go, under their names.
	Destination
}

// Image is a built image. A digest names content: what was reviewed is what runs.
type Image struct {
	Name   string  // of the function, or Migrate
	Digest v1.Hash // of the index, or of the image for a single platform
}

// Names returns the sorted names of the images of the repository at root, or of those only
// that are given: one for each folder of functions with a func.yaml, so that a new one needs
// no list to be edited, and Migrate.
func Names(root string, only ...string) ([]string, error) {
	sources, err := filepath.Glob(filepath.Join(root, "functions", "*", "func.yaml"))
	if err != nil {
		return nil, fmt.Errorf("find functions: %w", err)
	}
	all := []string{Migrate}
	for _, source := range sources {
		all = append(all, filepath.Base(filepath.Dir(source)))
	}
	slices.Sort(all)
	for _, name := range only {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("there is no image %q: want one of %s", name, strings.Join(all, ", "))
		}
	}
	if len(only) > 0 {
		return slices.Compact(slices.Sorted(slices.Values(only))), nil
	}
	return all, nil
}

// Build builds the images one after the other, since each compiles in parallel by itself,
// and pushes each before the next is built. If one fails, those before it are in the
// registry already; they have no effect until they are pinned. An error returns no images,
// so that nobody pins half of a release.
//
// It changes the environment of the process, which ko and the go command read.
func Build(ctx context.Context, options Options) ([]Image, error) {
	names, err := Names(options.Root, options.Only...)
	if err != nil {
		return nil, err
	}
	if repository := options.Push; repository != "" {
		if _, err := name.NewRepository(repository+"/image", name.StrictValidation); err != nil || strings.Contains(repository, "://") {
			return nil, fmt.Errorf("repository %q: want host/path without a scheme and in lower case, like ghcr.io/owner/project", repository)
		}
	}
	ko, err := koOptions(options)
	if err != nil {
		return nil, err
	}
	if err := isolate(options.Root); err != nil {
		return nil, err
	}
	var images []Image
	var saved []mutate.IndexAddendum
	for i, name := range names {
		fmt.Fprintf(options.Progress, "%d/%d %s\n", i+1, len(names), name)
		result, digest, err := buildOne(ctx, options.Root, name, ko)
		if err != nil {
			return nil, fmt.Errorf("build %s: %w", name, err)
		}
		if options.Push != "" {
			// A tag per digest: registries may delete untagged images, and rollbacks need old
			// ones.
			err = options.push(ctx, options.Push+"/"+name+":"+digest.Hex[:12], result)
		}
		if err != nil {
			return nil, err
		}
		images = append(images, Image{name, digest})
		// By this annotation tools find an image in a layout.
		named := v1.Descriptor{Annotations: map[string]string{"org.opencontainers.image.ref.name": name}}
		saved = append(saved, mutate.IndexAddendum{Add: result, Descriptor: named})
	}
	if options.Push == "" {
		return images, options.save(saved...)
	}
	return images, nil
}

// koOptions are every option that ko would otherwise take from its surroundings.
// A fixed creation time keeps digests the same.
func koOptions(options Options) ([]build.Option, error) {
	version, created, err := readRelease(options.Root)
	if err != nil {
		return nil, err
	}
	base, err := baseIndex(options.Platforms, created)
	if err != nil {
		return nil, err
	}
	return []build.Option{
		build.WithLabel("org.opencontainers.image.version", version),
		build.WithBaseImages(func(context.Context, string) (name.Reference, build.Result, error) {
			return name.MustParseReference("scratch"), base, nil // the name in an annotation of every image
		}),
		build.WithPlatforms("all"), // of the base
		build.WithCreationTime(created),
		build.WithKoDataCreationTime(created),
		build.WithTrimpath(true),
		build.WithDefaultFlags(flags),
		// Functions begin at 16 bytes, as on arm64, in place of 32: 200 kB less on amd64.
		build.WithDefaultLdflags([]string{"-s", "-w", "-funcalign=16"}),
		build.WithSPDX("(none)"),
		build.WithSBOMDir(billsFolder(options.Root)),
	}, nil
}

func billsFolder(root string) string { return filepath.Join(root, ".bin", "sbom") }

// buildOne compiles the program of an image for each platform, and writes its bills of
// materials.
func buildOne(ctx context.Context, root, name string, options []build.Option) (build.Result, v1.Hash, error) {
	module := filepath.Join(root, "functions", name)
	if name == Migrate {
		module = filepath.Join(root, "migrations")
	}
	ko, err := build.NewGo(ctx, module, options...)
	if err != nil {
		return nil, v1.Hash{}, err
	}
	program, err := ko.QualifyImport("./cmd/" + name)
	if err != nil {
		return nil, v1.Hash{}, err
	}
	built, err := ko.Build(ctx, program)
	if err != nil {
		return nil, v1.Hash{}, err
	}
	small, err := compressed(built)
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("compress: %w", err)
	}
	if err := renameInBills(billsFolder(root), name, built, small); err != nil {
		return nil, v1.Hash{}, fmt.Errorf("write the bills of materials: %w", err)
	}
	digest, err := small.Digest()
	return small, digest, err
}

// isolate overrides what in the environment would change the result of a build. The levels
// of instruction sets are the oldest that Go supports, so that images run on any machine
// of the platform.
func isolate(root string) (err error) {
	for key, value := range map[string]string{ // empty means unset
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
	} {
		if value == "" {
			err = errors.Join(err, os.Unsetenv(key))
		} else {
			err = errors.Join(err, os.Setenv(key, value))
		}
	}
	return err
}

// readRelease returns the version of what is built and the time of all files. The version is
// read from the sources, as this module depends on no other of the repository; labels let a
// person see which one an image is of. SOURCE_DATE_EPOCH is the standard variable for the
// time of reproducible builds (https://reproducible-builds.org/docs/source-date-epoch/);
// without it, it is 1970.
func readRelease(root string) (version string, created v1.Time, err error) {
	content, err := os.ReadFile(filepath.Join(root, "shared", "version", "VERSION"))
	if err != nil {
		return "", created, fmt.Errorf("read the version: %w", err)
	}
	date := cmp.Or(os.Getenv("SOURCE_DATE_EPOCH"), "0")
	seconds, err := strconv.ParseInt(date, 10, 64)
	if err != nil {
		return "", created, fmt.Errorf("SOURCE_DATE_EPOCH is %q: want seconds since 1970", date)
	}
	return strings.TrimSpace(string(content)), v1.Time{Time: time.Unix(seconds, 0).UTC()}, nil
}
