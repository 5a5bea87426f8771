// Command images builds container images of a single static binary and pushes them to a
// registry:
//
//	images write LAYOUT [REPOSITORY=BINARY …]
//	images push LAYOUT REGISTRY FOLDER
//
// It always writes the empty image "scratch" too, for tools that need a base. Equal
// binaries give equal digests.
package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"log"
	"os"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// title is the annotation by which OCI layouts name an image. The user is
// distroless's nonroot, by its number: Kubernetes cannot check a name.
const (
	title      = "org.opencontainers.image.ref.name"
	user       = "65532:65532"
	entrypoint = "/app"
)

func main() {
	var err error
	switch arguments := os.Args[1:]; {
	case len(arguments) > 1 && arguments[0] == "write":
		err = write(arguments[1], arguments[2:])
	case len(arguments) == 4 && arguments[0] == "push":
		err = push(arguments[1], arguments[2], arguments[3])
	default:
		log.Fatal("usage: images write LAYOUT [REPOSITORY=BINARY …] | images push LAYOUT REGISTRY FOLDER")
	}
	if err != nil {
		log.Fatal(err)
	}
}

// write replaces the layout in a folder, so that it never has images of an earlier build.
func write(folder string, arguments []string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	images, err := layout.Write(folder, empty.Index)
	if err != nil {
		return fmt.Errorf("starting %s: %w", folder, err)
	}
	for _, argument := range append([]string{"scratch="}, arguments...) {
		repository, binary, ok := strings.Cut(argument, "=")
		if !ok {
			return fmt.Errorf("%q is not REPOSITORY=BINARY", argument)
		}
		image, err := build(binary)
		if err != nil {
			return fmt.Errorf("making the image %s: %w", repository, err)
		}
		name := layout.WithAnnotations(map[string]string{title: repository})
		if err := images.AppendImage(image, name); err != nil {
			return fmt.Errorf("writing the image %s: %w", repository, err)
		}
	}
	return nil
}

// build builds an image of a binary; an empty one if binary is "".
// A binary called "" is how the argument "scratch=" looks. The architecture is this machine's:
// images never leave it.
func build(binary string) (v1.Image, error) {
	image := mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1)
	if binary != "" {
		layer, err := pack(binary)
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, err
		}
	}
	configuration, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	configuration = configuration.DeepCopy()
	configuration.OS, configuration.Architecture = "linux", runtime.GOARCH
	configuration.Config.User = user
	if binary != "" {
		configuration.Config.Entrypoint = []string{entrypoint}
	}
	return mutate.ConfigFile(image, configuration)
}

// pack leaves the layer uncompressed, since it stays on one machine.
// The archive has no times and no owners, so its digest depends on the binary alone. Programs
// expect a /tmp that everybody may write.
func pack(binary string) (v1.Layer, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, header := range []*tar.Header{
		{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777},
		{Name: strings.TrimPrefix(entrypoint, "/"), Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(content))},
	} {
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
	}
	if _, err := writer.Write(content); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return static.NewLayer(archive.Bytes(), types.OCIUncompressedLayer), nil
}
