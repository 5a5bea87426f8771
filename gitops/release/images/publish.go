package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/ko/pkg/build"
	"github.com/google/ko/pkg/publish"
)

// publisher publishes an image and returns its repository.
// publish may be called for one image at a time only.
type publisher interface {
	publish(ctx context.Context, name string, result build.Result, digest v1.Hash) (repository string, err error)
}

// publisher returns the publisher for the options. It fails early if the registry would
// not accept the image probe, before anything is built.
func (o *Options) publisher(ctx context.Context, probe string) (publisher, error) {
	if o.Repository == "" {
		return newLayout(o.Layout)
	}
	registry := &pushed{repository: o.Repository, insecure: o.Insecure}
	if err := registry.check(probe); err != nil {
		return nil, fmt.Errorf("registry of %s: %w", o.Repository, err)
	}
	return registry, ctx.Err()
}

// pushed is a registry, with the credentials of docker login.
type pushed struct {
	repository string
	insecure   bool
}

// check asks for permission to push, before minutes are spent on building.
// The tag is never written.
func (r *pushed) check(image string) error {
	var options []name.Option
	if r.insecure {
		options = append(options, name.Insecure)
	}
	tag, err := name.NewTag(r.repository+"/"+image+":latest", options...)
	if err != nil {
		return err
	}
	return remote.CheckPushPermission(tag, authn.DefaultKeychain, http.DefaultTransport)
}

// publish pushes by digest, with a tag that keeps it from being cleaned up. Layers that the
// registry has are not sent again.
func (r *pushed) publish(ctx context.Context, image string, result build.Result, digest v1.Hash) (string, error) {
	repository := r.repository + "/" + image
	ko, err := publish.NewDefault(r.repository,
		publish.WithUserAgent("sequential-questioning-release"),
		publish.WithNamer(func(string, string) string { return repository }),
		publish.Insecure(r.insecure),
		// A tag per digest: registries may delete untagged images, and rollbacks need old
		// ones.
		publish.WithTags([]string{digest.Hex[:12]}))
	if err != nil {
		return "", err
	}
	defer ko.Close()
	if _, err := ko.Publish(ctx, result, build.StrictScheme+image); err != nil {
		return "", err
	}
	return repository, nil
}

// saved is an OCI layout: a folder that other tools push from.
type saved struct{ path layout.Path }

// newLayout opens a layout or makes one. A folder with anything else in it is refused,
// because GarbageCollect removes what it does not know.
func newLayout(folder string) (*saved, error) {
	path, err := layout.FromPath(folder)
	if err == nil {
		return &saved{path}, nil
	}
	if entries, readErr := os.ReadDir(folder); readErr == nil && len(entries) > 0 {
		return nil, fmt.Errorf("layout %s: the folder has other content: choose an empty one", folder)
	} else if readErr != nil && !errors.Is(readErr, os.ErrNotExist) {
		return nil, fmt.Errorf("layout %s: %w", folder, readErr)
	}
	if path, err = layout.Write(filepath.Clean(folder), empty.Index); err != nil {
		return nil, fmt.Errorf("layout %s: %w", folder, err)
	}
	return &saved{path}, nil
}

// publish replaces the layout's image of that name. Blobs that no image refers to any
// more are removed, or a layout would grow with every build.
func (l *saved) publish(_ context.Context, image string, result build.Result, _ v1.Hash) (string, error) {
	label := layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": image})
	var err error
	switch result := result.(type) {
	case v1.ImageIndex:
		err = l.path.ReplaceIndex(result, match.Name(image), label)
	case v1.Image:
		err = l.path.ReplaceImage(result, match.Name(image), label)
	}
	if err != nil {
		return "", err
	}
	unused, err := l.path.GarbageCollect()
	if err != nil {
		return "", fmt.Errorf("list unused blobs of the layout: %w", err)
	}
	for _, blob := range unused {
		if err := l.path.RemoveBlob(blob); err != nil {
			return "", fmt.Errorf("remove unused blobs of the layout: %w", err)
		}
	}
	return "", nil
}
