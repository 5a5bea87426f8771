// Package program builds the image of the program for laptops: the program, and the
// PostgreSQL that it runs, from Debian's packages. It needs apt and dpkg, but no
// container engine and no root, and runs nothing of the image, so that it builds for
// other architectures too.
//
// It is separate from package images because it starts from packages and not from Go sources.
// Begin with Build.
package program

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/images"
)

// Options configure Build.
type Options struct {
	// Dist is the folder that goreleaser wrote: its artifacts.json names the programs.
	Dist string
	// Reference is where the image is pushed to, as host/path:tag; empty for an OCI layout.
	Reference string
	// Insecure allows plain HTTP and unverified certificates.
	Insecure bool
	// Layout is the folder of the OCI layout, which is replaced.
	Layout string
	// Mirror is the URL of a Debian archive; empty for the one of this machine's apt.
	Mirror string
	// Version is the program's.
	Version string
	// Created is the creation time of image and files; the zero time means 1970.
	Created time.Time
	// Progress receives a line for each architecture.
	Progress io.Writer
}

// Source is the repository, as labels name it.
const source = "https://github.com/sequential-questioning/sequential-questioning"

// Build builds the image for every Linux that goreleaser built for, and returns its digest.
func Build(ctx context.Context, options Options) (v1.Hash, error) {
	programs, err := programs(options.Dist)
	if err != nil {
		return v1.Hash{}, err
	}
	if options.Created.IsZero() {
		options.Created = time.Unix(0, 0)
	}
	if options.Mirror == "" {
		if options.Mirror, err = ownMirror(ctx); err != nil {
			return v1.Hash{}, err
		}
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range programs {
		began := time.Now()
		image, packages, err := buildOne(ctx, p, options)
		if err != nil {
			return v1.Hash{}, fmt.Errorf("build for %s: %w", p.GOARCH, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, Platform: &v1.Platform{OS: "linux", Architecture: p.GOARCH}},
		})
		fmt.Fprintf(options.Progress, "%s: %d packages of Debian, %.1f s\n", p.GOARCH, packages, time.Since(began).Seconds())
	}
	digest, err := index.Digest()
	if err != nil {
		return v1.Hash{}, err
	}
	return digest, publish(ctx, options, index)
}

// artifact is a file in goreleaser's artifacts.json.
type artifact struct{ Path, GOOS, GOARCH, Type string }

// programs are those for Linux.
// Their paths are as goreleaser wrote them, relative to the folder in which it ran.
func programs(dist string) (found []artifact, err error) {
	content, err := os.ReadFile(filepath.Join(dist, "artifacts.json"))
	if err != nil {
		return nil, fmt.Errorf("run goreleaser first: %w", err)
	}
	var all []artifact
	if err := json.Unmarshal(content, &all); err != nil {
		return nil, fmt.Errorf("read artifacts.json: %w", err)
	}
	for _, a := range all {
		if a.Type == "Binary" && a.GOOS == "linux" {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s names no program for Linux", filepath.Join(dist, "artifacts.json"))
	}
	return found, nil
}

// buildOne builds the image of one architecture, and returns the number of Debian's packages
// in it.
func buildOne(ctx context.Context, a artifact, options Options) (image v1.Image, packages int, err error) {
	folder, err := os.MkdirTemp("", "release-program-")
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	files, err := debianFiles(ctx, options.Mirror, folder, a.GOARCH) // Debian names these two as Go does
	if err != nil {
		return nil, 0, err
	}
	all := make([]debianPackage, len(files))
	for i, path := range files {
		if all[i], err = readPackage(ctx, path); err != nil {
			return nil, 0, err
		}
	}
	chosen, err := needed(all, wanted)
	if err != nil {
		return nil, 0, err
	}
	program, err := os.ReadFile(a.Path)
	if err != nil {
		return nil, 0, err
	}
	image, err = assemble(a.GOARCH, debianEntries(chosen), programEntries(program), options)
	return image, len(chosen), err
}

// assemble makes the image of its layers: the first changes with Debian's updates, the
// last with each release.
// That order lets an update of the program leave the large layer as it is.
func assemble(architecture string, debian, program []entry, options Options) (v1.Image, error) {
	created := v1.Time{Time: options.Created.UTC()}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(image, &v1.ConfigFile{
		OS: "linux", Architecture: architecture, Created: created, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			User:       fmt.Sprintf("%d:%d", userID, userID),
			WorkingDir: "/" + data,
			Env:        []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/" + data, "XDG_DATA_HOME=/" + data},
			Entrypoint: []string{"/" + binary},
			// A mapped port reaches a container from outside of its loopback.
			Cmd:          []string{"--host", "0.0.0.0"},
			ExposedPorts: map[string]struct{}{"8420/tcp": {}},
			Volumes:      map[string]struct{}{"/" + data: {}},
			Labels: map[string]string{
				"org.opencontainers.image.title":       "Sequential Questioning",
				"org.opencontainers.image.version":     options.Version,
				"org.opencontainers.image.source":      source,
				"org.opencontainers.image.licenses":    "Apache-2.0",
				"io.modelcontextprotocol.server.name":  "io.github.sequential-questioning/sequential-questioning",
				"org.opencontainers.image.description": "MCP server that gathers specific information from a person",
			},
		},
	})
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		make    func() (v1.Layer, error)
		comment string
	}{
		{func() (v1.Layer, error) { return newLayer(debian, created.Time) }, "Debian " + suite + ", PostgreSQL " + postgresMajor},
		{images.Certificates, "root certificates"},
		{func() (v1.Layer, error) { return newLayer(program, created.Time) }, "the program"},
	} {
		layer, err := part.make()
		if err != nil {
			return nil, err
		}
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: layer, MediaType: types.OCILayer,
			History: v1.History{Created: created, CreatedBy: "release program", Comment: part.comment},
		})
		if err != nil {
			return nil, err
		}
	}
	return image, nil
}

// publish pushes the image, or writes it.
// Credentials are those of docker login.
func publish(ctx context.Context, options Options, index v1.ImageIndex) error {
	if options.Reference == "" {
		if err := os.RemoveAll(options.Layout); err != nil {
			return err
		}
		path, err := layout.Write(options.Layout, empty.Index)
		if err != nil {
			return fmt.Errorf("write the layout: %w", err)
		}
		return path.AppendIndex(index)
	}
	var allowed []name.Option
	if options.Insecure {
		allowed = append(allowed, name.Insecure)
	}
	reference, err := name.ParseReference(options.Reference, allowed...)
	if err != nil {
		return err
	}
	if err := remote.WriteIndex(reference, index, remote.WithContext(ctx),
		remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithTransport(http.DefaultTransport)); err != nil {
		return fmt.Errorf("push the image: %w", err)
	}
	return nil
}
