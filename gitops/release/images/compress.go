package images

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/ko/pkg/build"
)

// compressed returns the same images with their layers compressed well, and the digests
// that it replaced, by their new ones. ko compresses for speed, which makes layers a tenth
// larger than they have to be; an image is built once and pulled by every node.
//
// The content of layers does not change and with it their DiffIDs, so that a runtime sees the
// same file system.
func compressed(result build.Result) (build.Result, map[v1.Hash]v1.Hash, error) {
	digests := map[v1.Hash]v1.Hash{}
	var small build.Result
	var err error
	switch built := result.(type) {
	case v1.ImageIndex:
		small, err = compressedIndex(built, digests)
	case v1.Image:
		small, err = compressedImage(built)
	default:
		err = fmt.Errorf("there are images and indices, not %T", result)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("compress: %w", err)
	}
	return small, digests, replaced(digests, result, small)
}

// replaced notes which digest took the place of which.
func replaced(digests map[v1.Hash]v1.Hash, built, small interface{ Digest() (v1.Hash, error) }) error {
	old, err := built.Digest()
	if err != nil {
		return err
	}
	digests[old], err = small.Digest()
	return err
}

// renameInBills puts the new digests into the bills of materials of an image.
// ko wrote them with the digests from before the compression. An image without bills is
// no error.
func renameInBills(folder, image string, digests map[v1.Hash]v1.Hash) error {
	bills, err := filepath.Glob(filepath.Join(folder, image+"-*.spdx.json"))
	if err != nil {
		return err
	}
	var pairs []string
	for old, digest := range digests {
		pairs = append(pairs, old.Hex, digest.Hex)
	}
	for _, bill := range bills {
		content, err := os.ReadFile(bill)
		if err != nil {
			return err
		}
		if err := os.WriteFile(bill, []byte(strings.NewReplacer(pairs...).Replace(string(content))), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compressedIndex keeps order, platforms and annotations, and adds to digests.
func compressedIndex(built v1.ImageIndex, digests map[v1.Hash]v1.Hash) (v1.ImageIndex, error) {
	manifest, err := built.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("read the index: %w", err)
	}
	index := mutate.IndexMediaType(empty.Index, manifest.MediaType)
	if len(manifest.Annotations) > 0 {
		index = mutate.Annotations(index, manifest.Annotations).(v1.ImageIndex) // of the type that it is given
	}
	for _, descriptor := range manifest.Manifests {
		image, err := built.Image(descriptor.Digest)
		if err != nil {
			return nil, fmt.Errorf("read an image of the index: %w", err)
		}
		small, err := compressedImage(image)
		if err != nil {
			return nil, err
		}
		if err := replaced(digests, image, small); err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: small, Descriptor: v1.Descriptor{
			MediaType: descriptor.MediaType, Platform: descriptor.Platform, Annotations: descriptor.Annotations,
		}})
	}
	return index, nil
}

// compressedImage keeps configuration and annotations; only layers and their digests change.
func compressedImage(built v1.Image) (v1.Image, error) {
	manifest, err := built.Manifest()
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	config, err := built.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	layers, err := built.Layers()
	if err != nil {
		return nil, fmt.Errorf("read the layers: %w", err)
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, manifest.MediaType), manifest.Config.MediaType)
	for i, layer := range layers {
		described := manifest.Layers[i]
		small, err := compressedLayer(layer, described.MediaType)
		if err != nil {
			return nil, err
		}
		if image, err = mutate.Append(image, mutate.Addendum{Layer: small, MediaType: described.MediaType, Annotations: described.Annotations}); err != nil {
			return nil, fmt.Errorf("add a layer: %w", err)
		}
	}
	// The digests of layers in the configuration are those of their content.
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, fmt.Errorf("set the configuration: %w", err)
	}
	if len(manifest.Annotations) > 0 {
		image = mutate.Annotations(image, manifest.Annotations).(v1.Image) // of the type that it is given
	}
	return image, nil
}

// compressedLayer compresses when it is first read. The result is cached, since its digest and
// its content are both asked for.
func compressedLayer(layer v1.Layer, mediaType types.MediaType) (v1.Layer, error) {
	small, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return layer.Uncompressed() },
		tarball.WithCompressionLevel(gzip.BestCompression), tarball.WithCompressedCaching, tarball.WithMediaType(mediaType))
	if err != nil {
		return nil, fmt.Errorf("compress a layer: %w", err)
	}
	return small, nil
}
