package images

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// debianScript writes the layer with PostgreSQL.
//
//go:embed debian.sh
var debianScript string

const (
	binary = "usr/local/bin/sequential-questioning"
	data   = "/data" // the folder of the user's data, which debianScript makes
)

// ProgramOptions configure BuildProgram.
type ProgramOptions struct {
	// Root is the repository's folder.
	Root string
	// Dist is the folder that goreleaser wrote: its artifacts.json names the programs.
	Dist string
	// Mirror is the URL of a Debian archive; empty for the one of this machine's apt.
	Mirror string
	// Where the image goes.
	Destination
}

// BuildProgram builds the image of the program for laptops, with the PostgreSQL that it runs,
// for every Linux that goreleaser built for, and returns its digest. It runs nothing of the
// image, so that it builds for other architectures too.
func BuildProgram(ctx context.Context, options ProgramOptions) (v1.Hash, error) {
	programs, err := readPrograms(options.Dist)
	if err != nil {
		return v1.Hash{}, err
	}
	version, created, err := readRelease(options.Root)
	if err != nil {
		return v1.Hash{}, err
	}
	folder, err := os.MkdirTemp("", "release-program-")
	if err != nil {
		return v1.Hash{}, err
	}
	defer os.RemoveAll(folder)
	index := emptyIndex
	for _, program := range programs {
		image, err := programImage(ctx, program, options.Mirror, folder, version, created)
		if err != nil {
			return v1.Hash{}, fmt.Errorf("build for %s: %w", program.GOARCH, err)
		}
		platform := &v1.Platform{OS: program.GOOS, Architecture: program.GOARCH}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	digest, err := index.Digest()
	if err != nil {
		return v1.Hash{}, err
	}
	if options.Push == "" {
		return digest, options.save(mutate.IndexAddendum{Add: index})
	}
	return digest, options.push(ctx, options.Push, index)
}

// artifact is a file in goreleaser's artifacts.json.
type artifact struct{ Path, GOOS, GOARCH, Type string }

// readPrograms returns those for Linux.
// Their paths are as goreleaser wrote them, relative to the folder in which it ran.
func readPrograms(dist string) (found []artifact, err error) {
	path := filepath.Join(dist, "artifacts.json")
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("run goreleaser first: %w", err)
	}
	var all []artifact
	if err := json.Unmarshal(content, &all); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	for _, a := range all {
		if a.Type == "Binary" && a.GOOS == "linux" {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s names no program for Linux", path)
	}
	return found, nil
}

// programImage builds the image of one architecture. The first layer changes with Debian's
// updates, the last with each release: an update of the program leaves the large layer as it is.
// Layers are read from folder, also later.
func programImage(ctx context.Context, program artifact, mirror, folder, version string, created v1.Time) (v1.Image, error) {
	archive := filepath.Join(folder, program.GOARCH+".tar")
	// Debian names the architectures of Linux that goreleaser builds for as Go does.
	script := exec.CommandContext(ctx, "sh", "-c", debianScript, "debian.sh", mirror, program.GOARCH, archive)
	if out, err := script.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("unpack Debian's packages: %w: %s", err, strings.TrimSpace(string(out)))
	}
	debian, err := tarball.LayerFromFile(archive, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	roots, err := certificates()
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(program.Path)
	if err != nil {
		return nil, err
	}
	last, err := fileLayer(binary, 0o755, content)
	if err != nil {
		return nil, err
	}
	layer := func(layer v1.Layer, comment string) mutate.Addendum {
		return mutate.Addendum{Layer: layer, History: v1.History{Created: created, CreatedBy: "release program", Comment: comment}}
	}
	return assemble(v1.ConfigFile{
		OS: "linux", Architecture: program.GOARCH, Created: created,
		Config: v1.Config{
			User:       unprivileged,
			WorkingDir: data,
			Env:        []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + data, "XDG_DATA_HOME=" + data},
			Entrypoint: []string{"/" + binary},
			// A mapped port reaches a container from outside of its loopback.
			Cmd:          []string{"--host", "0.0.0.0"},
			ExposedPorts: map[string]struct{}{"8420/tcp": {}},
			Volumes:      map[string]struct{}{data: {}},
			Labels: map[string]string{
				"org.opencontainers.image.title":       "Sequential Questioning",
				"org.opencontainers.image.version":     version,
				"org.opencontainers.image.source":      "https://github.com/sequential-questioning/sequential-questioning",
				"org.opencontainers.image.licenses":    "Apache-2.0",
				"io.modelcontextprotocol.server.name":  "io.github.sequential-questioning/sequential-questioning",
				"org.opencontainers.image.description": "MCP server that gathers specific information from a person",
			},
		},
	}, layer(debian, "PostgreSQL, from Debian's packages"), layer(roots, "root certificates"), layer(last, "the program"))
}
