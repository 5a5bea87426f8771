// Package images builds OCI images of the functions and of the migrate command with ko,
// without Docker, and pins their digests for the overlays. Builds are reproducible: the
// same sources and Go version give the same digests on any machine.
//
// It knows nothing of environments: which digests a branch deploys is decided by who commits
// them. Begin with Build and WritePins.
package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Platforms are the default platforms. An image index has both, so that a cluster may
// mix them.
var Platforms = []string{"linux/amd64", "linux/arm64"}

// Options configure Build.
type Options struct {
	Root string
	// Only restricts the build to these images.
	Only []string
	// Repository is the registry's host and path, to which the images' names are
	// appended. If it is empty, images go to an OCI layout.
	Repository string
	// Insecure allows plain HTTP and unverified certificates.
	Insecure bool
	// Layout is the folder of the OCI layout. The default, if Repository is empty too, is
	// .bin/images below Root.
	Layout string
	// SBOM is the folder for the software bills of materials; .bin/sbom below Root by
	// default.
	SBOM      string
	Platforms []string
	// Created is the images' creation time; the zero time means 1970.
	Created time.Time
	// Progress receives a line for each image.
	Progress io.Writer
}

// Image describes a built image. A digest names content: what was reviewed is what
// runs.
type Image struct {
	Name   string  // of the function, or Migrate
	Digest v1.Hash // of the index, or of the image for a single platform
	// Repository holds the image, without tag or digest; empty for a layout.
	Repository string
}

// Names returns the sorted names of the images of the repository at root. There is one
// for each function with a func.yaml, and one that migrates.
func Names(root string) ([]string, error) {
	found, err := targets(root, nil)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, target := range found {
		names = append(names, target.name)
	}
	return names, nil
}

// Plan describes what Build would build, one line per image. It builds nothing and asks
// no registry.
func Plan(options Options) ([]string, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	found, err := targets(options.Root, options.Only)
	if err != nil {
		return nil, err
	}
	to := "the layout in " + options.Layout
	if options.Repository != "" {
		to = options.Repository
	}
	var lines []string
	for _, target := range found {
		lines = append(lines, fmt.Sprintf("%s for %s to %s", target.name, strings.Join(options.Platforms, " and "), to))
	}
	return lines, nil
}

// Build builds and publishes the images in order of their names. If one fails, those
// before it are published already; published images have no effect until they are pinned.
// An error returns no images, so that nobody pins half of a release.
func Build(ctx context.Context, options Options) ([]Image, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	found, err := targets(options.Root, options.Only)
	if err != nil {
		return nil, err
	}
	publisher, err := options.publisher(ctx, found[0].name)
	if err != nil {
		return nil, err
	}
	platforms, err := options.platforms()
	if err != nil {
		return nil, err
	}
	builder, err := newBuilder(options.Root, platforms, options.SBOM, v1.Time{Time: options.Created})
	if err != nil {
		return nil, err
	}
	var images []Image
	for i, target := range found {
		began := time.Now()
		fmt.Fprintf(options.Progress, "%d/%d %s ", i+1, len(found), target.name)
		image, err := makeOne(ctx, builder, publisher, target, options.SBOM)
		if err != nil {
			fmt.Fprintln(options.Progress, "failed")
			return nil, err
		}
		fmt.Fprintf(options.Progress, "%.1f s\n", time.Since(began).Seconds())
		images = append(images, image)
	}
	return images, nil
}

// makeOne builds an image and publishes it before the next is built: a long build that
// fails late has not lost the earlier ones.
func makeOne(ctx context.Context, builder *builder, publisher publisher, target target, bills string) (Image, error) {
	result, err := builder.build(ctx, target)
	if err != nil {
		return Image{}, fmt.Errorf("build %s: %w", target.name, err)
	}
	result, digests, err := compressed(result)
	if err != nil {
		return Image{}, fmt.Errorf("build %s: %w", target.name, err)
	}
	if err := renameInBills(bills, target.name, digests); err != nil {
		return Image{}, fmt.Errorf("bill of materials of %s: %w", target.name, err)
	}
	digest, err := result.Digest()
	if err != nil {
		return Image{}, fmt.Errorf("read the digest of %s: %w", target.name, err)
	}
	image := Image{Name: target.name, Digest: digest}
	if image.Repository, err = publisher.publish(ctx, target.name, result, image.Digest); err != nil {
		return Image{}, fmt.Errorf("publish %s: %w", target.name, err)
	}
	return image, nil
}

// complete checks the options and fills in defaults. It runs before anything is built.
func (o *Options) complete() error {
	if o.Repository != "" && o.Layout != "" {
		return errors.New("images go to a repository or to a layout, not to both")
	}
	if o.Repository != "" {
		if strings.Contains(o.Repository, "://") {
			return fmt.Errorf("repository %q: want host/path, without a scheme", o.Repository)
		}
		if _, err := name.NewRepository(o.Repository+"/image", name.StrictValidation); err != nil {
			return fmt.Errorf("repository %q: want host/path in lower case, like ghcr.io/owner/project", o.Repository)
		}
	} else if o.Layout == "" {
		o.Layout = filepath.Join(o.Root, ".bin", "images")
	}
	if o.SBOM == "" {
		o.SBOM = filepath.Join(o.Root, ".bin", "sbom")
	}
	if len(o.Platforms) == 0 {
		o.Platforms = Platforms
	}
	if o.Created.IsZero() {
		o.Created = time.Unix(0, 0)
	}
	o.Created = o.Created.UTC()
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	_, err := o.platforms()
	return err
}

// platforms reads the platforms. Only Linux counts: the programs need its kernel's
// interfaces and a base without a libc.
func (o *Options) platforms() ([]v1.Platform, error) {
	var platforms []v1.Platform
	for _, text := range o.Platforms {
		platform, err := v1.ParsePlatform(text)
		if err != nil || platform.OS != "linux" || platform.Architecture == "" {
			return nil, fmt.Errorf("platform %q: want linux/<architecture>, like linux/arm64", text)
		}
		platforms = append(platforms, *platform)
	}
	return platforms, nil
}
