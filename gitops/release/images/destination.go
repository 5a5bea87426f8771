package images

import (
	"context"
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Destination is a registry, or a folder on this machine.
type Destination struct {
	// Push is the host and path in a registry, used with the credentials of docker login;
	// that of the program has a tag. If it is empty, images go to Layout.
	Push string
	// Insecure allows plain HTTP.
	Insecure bool
	// Layout is the folder of an OCI layout, from which other tools push. It is replaced.
	Layout string
}

// push sends what the registry does not have yet.
func (d Destination) push(ctx context.Context, image string, content remote.Taggable) error {
	var options []name.Option
	if d.Insecure {
		options = append(options, name.Insecure)
	}
	reference, err := name.ParseReference(image, options...)
	if err != nil {
		return err
	}
	if err := remote.Push(reference, content, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return fmt.Errorf("push %s: %w", image, err)
	}
	return nil
}

// save replaces the layout, or it would grow with every build. Only a layout is replaced: a
// folder with anything else in it is refused.
func (d Destination) save(images ...mutate.IndexAddendum) error {
	if _, err := layout.FromPath(d.Layout); err == nil {
		if err := os.RemoveAll(d.Layout); err != nil {
			return fmt.Errorf("replace the layout: %w", err)
		}
	} else if entries, err := os.ReadDir(d.Layout); err == nil && len(entries) > 0 {
		return fmt.Errorf("layout %s: the folder has other content: choose an empty one", d.Layout)
	}
	if _, err := layout.Write(d.Layout, mutate.AppendManifests(empty.Index, images...)); err != nil {
		return fmt.Errorf("write the layout: %w", err)
	}
	return nil
}
