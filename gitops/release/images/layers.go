package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/ko/pkg/build"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// User of every program, as in the manifests. Numbers are needed: the images of functions
// have no file with users, and Kubernetes checks runAsNonRoot by number.
const unprivileged = "65532:65532"

var (
	emptyImage = mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	emptyIndex = mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
)

// baseIndex returns the base image, which only holds the Web's root certificates. It is
// built here, not pulled from a registry. A base that is pulled would change by itself,
// and digests with it. There is no shell and no package manager in it.
func baseIndex(platforms []string, created v1.Time) (v1.ImageIndex, error) {
	roots, err := certificates()
	if err != nil {
		return nil, fmt.Errorf("read the root certificates: %w", err)
	}
	index := emptyIndex
	for _, text := range platforms {
		// Only Linux: the programs need its kernel's interfaces and a base without a libc.
		platform, err := v1.ParsePlatform(text)
		if err != nil || platform.OS != "linux" || platform.Architecture == "" {
			return nil, fmt.Errorf("platform %q: want linux/<architecture>, like linux/arm64", text)
		}
		image, err := assemble(v1.ConfigFile{
			OS:           platform.OS,
			Architecture: platform.Architecture,
			Variant:      platform.Variant,
			Created:      created,
			Config:       v1.Config{User: unprivileged, WorkingDir: "/"},
		}, mutate.Addendum{Layer: roots, History: v1.History{Created: created, CreatedBy: "release images", Comment: "root certificates"}})
		if err != nil {
			return nil, fmt.Errorf("build the base image: %w", err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	return index, nil
}

// assemble returns an image of its configuration and layers.
func assemble(config v1.ConfigFile, layers ...mutate.Addendum) (v1.Image, error) {
	config.RootFS.Type = "layers"
	image, err := mutate.ConfigFile(emptyImage, &config)
	if err != nil {
		return nil, err
	}
	return mutate.Append(image, layers...)
}

// certificates returns a layer that only holds the Web's root certificates.
// The roots are those of the x509roots module, at the version in go.mod: updating it changes
// every image.
func certificates() (v1.Layer, error) {
	var roots bytes.Buffer
	for root := range bundle.Roots() {
		// Skip roots with constraints (trusted only for certificates issued before a date):
		// a file of certificates cannot express those.
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&roots, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	// The first path that Go's crypto/x509 tries. It reads the file at the first TLS
	// connection; compiled-in roots would be parsed at every start.
	return fileLayer("etc/ssl/certs/ca-certificates.crt", 0o444, roots.Bytes())
}

// fileLayer returns a layer with one file of root's and the folders above it, which come
// first, as extractors expect. Entries have no time, so that the same content gives the same
// bytes.
func fileLayer(path string, mode int64, content []byte) (v1.Layer, error) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for i, letter := range path {
		if letter != '/' {
			continue
		}
		if err := writer.WriteHeader(&tar.Header{Name: path[:i], Typeflag: tar.TypeDir, Mode: 0o755}); err != nil {
			return nil, err
		}
	}
	if err := writer.WriteHeader(&tar.Header{Name: path, Typeflag: tar.TypeReg, Mode: mode, Size: int64(len(content))}); err != nil {
		return nil, err
	}
	if _, err := writer.Write(content); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// compressed returns the same images with their layers compressed well. ko compresses for
// speed, which makes layers a tenth larger than they have to be; an image is built once and
// pulled by every node.
//
// The content of layers does not change and with it their DiffIDs, so that a runtime sees the
// same file system. Order, platforms and annotations stay as they are.
func compressed(result build.Result) (build.Result, error) {
	if image, ok := result.(v1.Image); ok {
		return compressedImage(image)
	}
	built := result.(v1.ImageIndex) // ko builds nothing else
	manifest, err := built.IndexManifest()
	if err != nil {
		return nil, err
	}
	index := mutate.Annotations(emptyIndex, manifest.Annotations).(v1.ImageIndex) // of the type that it is given
	for _, descriptor := range manifest.Manifests {
		image, err := built.Image(descriptor.Digest)
		if err != nil {
			return nil, err
		}
		small, err := compressedImage(image)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: small, Descriptor: v1.Descriptor{Platform: descriptor.Platform}})
	}
	return index, nil
}

// compressedImage compresses when a layer is first read. The result is cached, since its digest
// and its content are both asked for.
func compressedImage(built v1.Image) (v1.Image, error) {
	manifest, err := built.Manifest()
	if err != nil {
		return nil, err
	}
	config, err := built.ConfigFile()
	if err != nil {
		return nil, err
	}
	layers, err := built.Layers()
	if err != nil {
		return nil, err
	}
	image := emptyImage
	for _, layer := range layers {
		small, err := tarball.LayerFromOpener(layer.Uncompressed,
			tarball.WithCompressionLevel(gzip.BestCompression), tarball.WithCompressedCaching, tarball.WithMediaType(types.OCILayer))
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, small); err != nil {
			return nil, err
		}
	}
	// The digests of layers in the configuration are those of their content.
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, err
	}
	return mutate.Annotations(image, manifest.Annotations).(v1.Image), nil // of the type that it is given
}

// renameInBills puts the new digests into the bills of materials of an image.
// ko wrote them with the digests from before the compression.
func renameInBills(folder, image string, old, small build.Result) error {
	before, beforeErr := digests(old)
	after, err := digests(small)
	bills, globErr := filepath.Glob(filepath.Join(folder, image+"-*.spdx.json"))
	if err := errors.Join(beforeErr, err, globErr); err != nil {
		return err
	}
	for _, bill := range bills {
		content, err := os.ReadFile(bill)
		if err != nil {
			return err
		}
		for i := range before {
			content = bytes.ReplaceAll(content, before[i], after[i])
		}
		if err := os.WriteFile(bill, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

var hexadecimal = regexp.MustCompile(`[0-9a-f]{64}`)

// digests returns those in a manifest, in its order, and that of the manifest itself.
func digests(result build.Result) ([][]byte, error) {
	manifest, err := result.RawManifest()
	if err != nil {
		return nil, err
	}
	digest, err := result.Digest()
	return append(hexadecimal.FindAll(manifest, -1), []byte(digest.Hex)), err
}
