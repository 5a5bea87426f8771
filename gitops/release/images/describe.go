package images

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/ko/pkg/build"
)

// describe reads digest, size and platforms of an index or a single image.
func describe(name string, result build.Result) (Image, error) {
	digest, err := result.Digest()
	if err != nil {
		return Image{}, err
	}
	image := Image{Name: name, Digest: digest}
	parts := []v1.Image{}
	switch result := result.(type) {
	case v1.ImageIndex:
		manifest, err := result.IndexManifest()
		if err != nil {
			return Image{}, err
		}
		for _, descriptor := range manifest.Manifests {
			part, err := result.Image(descriptor.Digest)
			if err != nil {
				return Image{}, err
			}
			parts = append(parts, part)
		}
	case v1.Image:
		parts = append(parts, result)
	default:
		return Image{}, fmt.Errorf("%T is neither an image nor an index", result)
	}
	for _, part := range parts {
		config, err := part.ConfigFile()
		if err != nil {
			return Image{}, err
		}
		image.Platforms = append(image.Platforms, config.Platform().String())
		size, err := downloadSize(part)
		if err != nil {
			return Image{}, err
		}
		image.Size = max(image.Size, size)
	}
	return image, nil
}

func downloadSize(image v1.Image) (int64, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return 0, err
	}
	size := manifest.Config.Size
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	return size, nil
}
