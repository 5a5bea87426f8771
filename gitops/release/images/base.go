package images

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// User of every program, as in the manifests. Numbers are needed: the image has no file
// with users, and Kubernetes checks runAsNonRoot by number.
const unprivileged = "65532:65532"

// The first path that Go's crypto/x509 tries. It reads the file at the first TLS
// connection; compiled-in roots would be parsed at every start.
const certificatesFile = "etc/ssl/certs/ca-certificates.crt"

// Name in the annotation of every image.
var baseName = name.MustParseReference("scratch")

// base returns the base image, which only holds the Web's root certificates. It is
// built here, not pulled from a registry. A base that is pulled would change by itself,
// and digests with it. There is no shell and no package manager in it.
// The platforms share one layer, because certificates do not depend on them.
func base(platforms []v1.Platform, created v1.Time) (v1.ImageIndex, error) {
	layer, err := Certificates()
	if err != nil {
		return nil, fmt.Errorf("build the base image: %w", err)
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range platforms {
		image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
		image, err := mutate.ConfigFile(image, &v1.ConfigFile{
			OS:           platform.OS,
			Architecture: platform.Architecture,
			Variant:      platform.Variant,
			Created:      created,
			RootFS:       v1.RootFS{Type: "layers"},
			Config:       v1.Config{User: unprivileged, WorkingDir: "/"},
		})
		if err != nil {
			return nil, fmt.Errorf("build the base image: %w", err)
		}
		image, err = mutate.Append(image, mutate.Addendum{
			Layer:     layer,
			MediaType: types.OCILayer,
			History:   v1.History{Created: created, CreatedBy: "release images", Comment: "root certificates"},
		})
		if err != nil {
			return nil, fmt.Errorf("build the base image: %w", err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, Platform: &platform},
		})
	}
	return index, nil
}

// Certificates returns a layer that only holds the Web's root certificates. Its entries
// have no time, so that the same roots give the same bytes.
// The roots are those of the x509roots module, at the version in go.mod: updating it changes
// every image.
func Certificates() (v1.Layer, error) {
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
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, folder := range []string{"etc", "etc/ssl", "etc/ssl/certs"} {
		if err := writer.WriteHeader(&tar.Header{Name: folder, Typeflag: tar.TypeDir, Mode: 0o755}); err != nil {
			return nil, err
		}
	}
	if err := writer.WriteHeader(&tar.Header{Name: certificatesFile, Typeflag: tar.TypeReg, Mode: 0o444, Size: int64(roots.Len())}); err != nil {
		return nil, err
	}
	if _, err := roots.WriteTo(writer); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	content := archive.Bytes()
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}
