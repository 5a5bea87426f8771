package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// push pushes the images of a layout to a registry whose blobs are in a folder of this
// machine, and prints each image's repository and digest.
// It speaks plain HTTP, which is acceptable because the registry is at a private address.
func push(path, registry, folder string) error {
	images, err := layout.FromPath(path)
	if err != nil {
		return err
	}
	index, err := images.ImageIndex()
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, descriptor := range manifest.Manifests {
		repository := descriptor.Annotations[title]
		image, err := images.Image(descriptor.Digest)
		if err != nil {
			return fmt.Errorf("reading the image %s: %w", repository, err)
		}
		if err := linkLayers(image, path, folder); err != nil {
			return fmt.Errorf("reading the image %s: %w", repository, err)
		}
		reference, err := name.ParseReference(registry+"/"+repository, name.Insecure)
		if err != nil {
			return err
		}
		if err := remote.Write(reference, image); err != nil {
			return fmt.Errorf("pushing the image %s: %w", repository, err)
		}
		fmt.Println(repository, descriptor.Digest)
	}
	return nil
}

// linkLayers links layers into the registry's folder, so that they need not be sent. Where
// links fail, as across file systems, layers are sent.
// The registry then reports the layer as present. The error is ignored for that reason.
func linkLayers(image v1.Image, path, folder string) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return err
		}
		_ = os.Link(filepath.Join(path, "blobs", digest.Algorithm, digest.Hex), filepath.Join(folder, digest.Algorithm, digest.Hex))
	}
	return nil
}
