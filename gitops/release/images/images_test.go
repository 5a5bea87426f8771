package images_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/images"
)

const program = "package main\n\nfunc main() { println(\"hello\") }\n"

func TestBuildsAreReproducible(t *testing.T) {
	first := build(t, images.Options{Root: repository(t)})
	t.Setenv("GOARCH", "riscv64")
	t.Setenv("GOFLAGS", "-tags=other")
	t.Setenv("GOWORK", "off")
	t.Setenv("CGO_ENABLED", "1")
	second := build(t, images.Options{Root: repository(t)})
	require.Len(t, first, 2)
	assert.Equal(t, "hello", first[0].Name)
	assert.Equal(t, "migrate", first[1].Name)
	assert.Equal(t, first, second)
	assert.NotEqual(t, first[0].Digest, first[1].Digest)

	changed := repository(t)
	write(t, changed, "functions/hello/cmd/hello/main.go", strings.Replace(program, "hello", "hullo", 1))
	third := build(t, images.Options{Root: changed})
	assert.NotEqual(t, first[0].Digest, third[0].Digest)
	assert.Equal(t, first[1].Digest, third[1].Digest, "what did not change keeps its digest")
}

func TestALayoutHasAnImageForEachPlatform(t *testing.T) {
	root := repository(t)
	built := build(t, images.Options{Root: root, Only: []string{"hello"}})
	require.Len(t, built, 1)

	all, err := layout.ImageIndexFromPath(filepath.Join(root, "layout"))
	require.NoError(t, err)
	index, err := all.ImageIndex(built[0].Digest)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	assert.Len(t, manifest.Manifests, 2, "linux/amd64 and linux/arm64")
	for _, descriptor := range manifest.Manifests {
		image, err := index.Image(descriptor.Digest)
		require.NoError(t, err)
		config, err := image.ConfigFile()
		require.NoError(t, err)
		assert.Equal(t, descriptor.Platform.Architecture, config.Architecture)
		assert.Equal(t, "65532:65532", config.Config.User)
		assert.Equal(t, []string{"/ko-app/hello"}, config.Config.Entrypoint)
		assert.Equal(t, "1.2.3", config.Config.Labels["org.opencontainers.image.version"])
		assert.Equal(t, int64(0), config.Created.Unix())
		assert.NotEmpty(t, config.History)
		require.NoError(t, validate.Image(image))
		assertCompressed(t, image)
		if descriptor.Platform.Architecture == runtime.GOARCH {
			assertRuns(t, image)
		}
		bill, err := os.ReadFile(filepath.Join(root, ".bin", "sbom", "hello-linux-"+config.Architecture+".spdx.json"))
		require.NoError(t, err)
		assert.Contains(t, string(bill), "pkg:oci/image@"+descriptor.Digest.String(), "it names the image that was written")
	}
	bill, err := os.ReadFile(filepath.Join(root, ".bin", "sbom", "hello-index.spdx.json"))
	require.NoError(t, err)
	assert.Contains(t, string(bill), built[0].Digest.String())
}

// assertCompressed holds that no layer is larger than gzip makes it.
func assertCompressed(t *testing.T, image v1.Image) {
	t.Helper()
	layers, err := image.Layers()
	require.NoError(t, err)
	require.NotEmpty(t, layers)
	for _, layer := range layers {
		size, err := layer.Size()
		require.NoError(t, err)
		content, err := layer.Uncompressed()
		require.NoError(t, err)
		var smallest bytes.Buffer
		writer, err := gzip.NewWriterLevel(&smallest, gzip.BestCompression)
		require.NoError(t, err)
		_, err = io.Copy(writer, content)
		require.NoError(t, err)
		require.NoError(t, writer.Close())
		assert.LessOrEqual(t, size, int64(smallest.Len()))
	}
}

// assertRuns unpacks the image and runs its program.
func assertRuns(t *testing.T, image v1.Image) {
	t.Helper()
	folder := t.TempDir()
	content := mutate.Extract(image)
	defer content.Close()
	archive := tar.NewReader(content)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if header.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(archive)
		require.NoError(t, err)
		path := filepath.Join(folder, header.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, os.FileMode(header.Mode)))
	}
	output, err := exec.Command(filepath.Join(folder, "ko-app", "hello")).CombinedOutput()
	require.NoError(t, err)
	assert.Equal(t, "hello\n", string(output))

	roots, err := os.ReadFile(filepath.Join(folder, "etc/ssl/certs/ca-certificates.crt"))
	require.NoError(t, err)
	assert.True(t, x509.NewCertPool().AppendCertsFromPEM(roots))
	assert.Greater(t, strings.Count(string(roots), "BEGIN CERTIFICATE"), 50)
}

func TestBuildingAgainReplacesTheLayout(t *testing.T) {
	root := repository(t)
	options := images.Options{Root: root, Platforms: []string{"linux/amd64"}}
	before := build(t, options)
	write(t, root, "functions/hello/cmd/hello/main.go", strings.Replace(program, "hello", "hullo", 1))
	after := build(t, options)
	path, err := layout.FromPath(filepath.Join(root, "layout"))
	require.NoError(t, err)
	_, err = path.Image(after[0].Digest)
	assert.NoError(t, err)
	assert.NoFileExists(t, filepath.Join(root, "layout", "blobs", "sha256", before[0].Digest.Hex))
}

func TestImagesArePushedToTheRegistry(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://") + "/project"
	root := repository(t)
	built := build(t, images.Options{Root: root, Destination: images.Destination{Push: host, Insecure: true}})
	for _, image := range built {
		for _, reference := range []string{"@" + image.Digest.String(), ":" + image.Digest.Hex[:12]} {
			parsed, err := name.ParseReference(host+"/"+image.Name+reference, name.Insecure)
			require.NoError(t, err)
			pushed, err := remote.Index(parsed)
			require.NoError(t, err)
			digest, err := pushed.Digest()
			require.NoError(t, err)
			assert.Equal(t, image.Digest, digest)
		}
	}
	assert.NoDirExists(t, filepath.Join(root, "layout"))
}

func TestWhatCannotBeBuiltIsRefusedAndNothingIsWritten(t *testing.T) {
	push := func(repository string) images.Options {
		return images.Options{Destination: images.Destination{Push: repository, Insecure: true}}
	}
	for name, wrong := range map[string]struct {
		options images.Options
		want    string
	}{
		"unknown name":          {images.Options{Only: []string{"hallo"}}, `there is no image "hallo": want one of hello, migrate`},
		"unknown platform":      {images.Options{Platforms: []string{"windows/amd64"}}, `platform "windows/amd64": want linux/`},
		"no architecture":       {images.Options{Platforms: []string{"linux"}}, `platform "linux": want linux/`},
		"repository as URL":     {push("https://ghcr.io/owner"), "want host/path without a scheme"},
		"repository in capital": {push("ghcr.io/Owner"), "and in lower case"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong.options.Root = repository(t)
			_, err := images.Build(t.Context(), complete(t, wrong.options))
			assert.ErrorContains(t, err, wrong.want)
			assert.NoDirExists(t, filepath.Join(wrong.options.Root, ".bin"))
		})
	}
}

func TestAFolderWithOtherContentIsNotUsedAsALayout(t *testing.T) {
	root := repository(t)
	write(t, root, "layout/letter.txt", "dear")
	_, err := images.Build(t.Context(), complete(t, images.Options{Root: root, Only: []string{"hello"}}))
	assert.ErrorContains(t, err, "has other content")
	assert.FileExists(t, filepath.Join(root, "layout/letter.txt"))
}

func TestAProgramThatDoesNotCompileIsReported(t *testing.T) {
	root := repository(t)
	write(t, root, "functions/hello/cmd/hello/main.go", "package main\n\nfunc main() { undefined() }\n")
	_, err := images.Build(t.Context(), complete(t, images.Options{Root: root, Platforms: []string{"linux/amd64"}}))
	assert.ErrorContains(t, err, "build hello")
	assert.ErrorContains(t, err, "undefined: undefined")
}

func TestAFunctionWithoutAProgramIsReported(t *testing.T) {
	root := repository(t)
	write(t, root, "functions/empty/func.yaml", "")
	write(t, root, "functions/empty/go.mod", "module example.com/functions/empty\n\ngo 1.26.0\n")
	_, err := images.Build(t.Context(), complete(t, images.Options{Root: root}))
	assert.ErrorContains(t, err, "build empty")
	assert.ErrorContains(t, err, "cmd/empty")
}

// complete fills in what a test leaves out.
func complete(t *testing.T, options images.Options) images.Options {
	t.Helper()
	if options.Platforms == nil {
		options.Platforms = images.Platforms
	}
	if options.Layout == "" {
		options.Layout = filepath.Join(options.Root, "layout")
	}
	options.Progress = t.Output()
	// Build changes the environment: what is set here is set back after the test.
	for _, key := range []string{"GOOS", "GOARCH", "GODEBUG", "KOCACHE", "GOWORK", "GOFLAGS", "GOEXPERIMENT", "GOFIPS140", "GOAMD64", "GOARM64", "CGO_ENABLED"} {
		t.Setenv(key, os.Getenv(key))
	}
	return options
}

func build(t *testing.T, options images.Options) []images.Image {
	t.Helper()
	built, err := images.Build(t.Context(), complete(t, options))
	require.NoError(t, err)
	return built
}

// repository creates a workspace with one function and the migrate command.
func repository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	write(t, root, "go.work", "go 1.26.0\n\nuse (\n\t./functions/hello\n\t./migrations\n)\n")
	for _, module := range []string{"functions/hello", "migrations"} {
		write(t, root, module+"/go.mod", "module example.com/"+module+"\n\ngo 1.26.0\n")
	}
	write(t, root, "shared/version/VERSION", "1.2.3\n")
	write(t, root, "functions/hello/func.yaml", "name: hello\n")
	write(t, root, "functions/hello/cmd/hello/main.go", program)
	write(t, root, "functions/library/go.mod", "module example.com/library\n") // not a function: it has no func.yaml
	write(t, root, "migrations/cmd/migrate/main.go", program)
	return root
}

func write(t *testing.T, root, path, content string) {
	t.Helper()
	path = filepath.Join(root, path)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}
