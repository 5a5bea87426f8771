package images_test

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/images"
)

// apt takes the place of apt-get: it keeps what it was given, and downloads the packages
// beside it. What it is for others is tried by the test of the image (tests/hosts).
const apt = `#!/bin/sh
folder=$(dirname "$0") given=$(dirname "${1#--config-file=}")
case "$*" in
indextargets*) cat "$folder/mirrors" ;;
*update) cp "$given/sources.list" "$given/status" "$folder" ;;
*install*) cp "$folder"/*.deb "$given/archives" ;;
esac
`

// machine puts apt first on the PATH, with one package of the given files.
func machine(t *testing.T, files ...string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	write(t, folder, "apt-get", apt)
	require.NoError(t, os.Chmod(filepath.Join(folder, "apt-get"), 0o755))
	write(t, folder, "mirrors", "http://mirror.example/ubuntu/\nhttp://mirror.example/debian/\nhttp://mirror.example/debian/\n")
	server := t.TempDir()
	write(t, server, "DEBIAN/control", "Package: server\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.com>\nDescription: test\n")
	for _, file := range files {
		write(t, server, file, file)
	}
	require.NoError(t, os.Chmod(filepath.Join(server, "DEBIAN"), 0o755))
	out, err := exec.Command("dpkg-deb", "--root-owner-group", "--build", server, filepath.Join(folder, "server.deb")).CombinedOutput()
	require.NoError(t, err, string(out))
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	return folder
}

// released is what goreleaser built, for two architectures and two systems.
func released(t *testing.T) images.ProgramOptions {
	t.Helper()
	root := repository(t)
	write(t, root, "dist/program", "program")
	path := filepath.Join(root, "dist/program")
	artifacts, err := json.Marshal([]map[string]string{
		{"path": path, "goos": "darwin", "goarch": "arm64", "type": "Binary"},
		{"path": path, "goos": "linux", "goarch": "amd64", "type": "Binary"},
		{"path": path, "goos": "linux", "goarch": "arm64", "type": "Binary"},
		{"path": path, "goos": "linux", "goarch": "arm64", "type": "Archive"},
	})
	require.NoError(t, err)
	write(t, root, "dist/artifacts.json", string(artifacts))
	return images.ProgramOptions{Root: root, Dist: filepath.Join(root, "dist"), Destination: images.Destination{Layout: filepath.Join(root, "image")}}
}

func TestTheProgramsImageHasItsPartsOnceAndRunsWithoutRoot(t *testing.T) {
	machine(t, "usr/bin/server", "usr/share/doc/server/copyright", "usr/share/doc/server/changelog.gz", "usr/share/man/man1/server.1",
		"usr/lib/postgresql/17/lib/llvmjit.so", "usr/lib/postgresql/17/lib/plpgsql.so")
	t.Setenv("SOURCE_DATE_EPOCH", "7")
	options := released(t)
	digest, err := images.BuildProgram(t.Context(), options)
	require.NoError(t, err)
	again, err := images.BuildProgram(t.Context(), options)
	require.NoError(t, err)
	assert.Equal(t, digest, again)

	written, err := layout.ImageIndexFromPath(options.Layout)
	require.NoError(t, err)
	index, err := written.ImageIndex(digest)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 2, "one for each Linux that goreleaser built for")
	assert.Equal(t, "arm64", manifest.Manifests[1].Platform.Architecture)
	image, err := index.Image(manifest.Manifests[1].Digest)
	require.NoError(t, err)
	config, err := image.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, "65532:65532", config.Config.User)
	assert.Contains(t, config.Config.Env, "XDG_DATA_HOME=/data", "all commands find the data")
	assert.Equal(t, "arm64", config.Architecture)
	assert.Equal(t, []string{"/usr/local/bin/sequential-questioning"}, config.Config.Entrypoint)
	assert.Equal(t, "1.2.3", config.Config.Labels["org.opencontainers.image.version"])

	found := map[string]*tar.Header{}
	flat := mutate.Extract(image)
	defer flat.Close()
	for archive := tar.NewReader(flat); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		found[strings.TrimSuffix(header.Name, "/")] = header
		assert.LessOrEqual(t, header.ModTime.Unix(), int64(7))
	}
	for name, mode := range map[string]int64{
		"usr/bin/server": 0o644, "usr/share/doc/server/copyright": 0o644, "usr/lib/postgresql/17/lib/plpgsql.so": 0o644,
		"var/lib/dpkg/status.d/server": 0o644, "etc/passwd": 0o644, "etc/group": 0o644, "data": 0o700,
		"usr/local/bin/sequential-questioning": 0o755, "etc/ssl/certs/ca-certificates.crt": 0o444,
	} {
		if assert.Contains(t, found, name) {
			assert.Equal(t, mode, found[name].Mode, name)
		}
	}
	for _, name := range []string{"usr/share/doc/server/changelog.gz", "usr/share/man", "usr/lib/postgresql/17/lib/llvmjit.so"} {
		assert.NotContains(t, found, name, "nobody needs it")
	}
	assert.Equal(t, 65532, found["data"].Uid, "the user can write its data")
	assert.Zero(t, found["usr/local/bin/sequential-questioning"].Uid, "and not its program")
	assert.Zero(t, found["usr/bin/server"].Uid)
}

func TestTheProgramsImageIsPushed(t *testing.T) {
	machine(t, "usr/share/doc/server/copyright")
	server := httptest.NewServer(registry.New())
	defer server.Close()
	options := released(t)
	options.Push, options.Insecure = strings.TrimPrefix(server.URL, "http://")+"/owner/sequential-questioning:1.2.3", true
	want, err := images.BuildProgram(t.Context(), options)
	require.NoError(t, err)
	parsed, err := name.ParseReference(options.Push, name.Insecure)
	require.NoError(t, err)
	pushed, err := remote.Index(parsed)
	require.NoError(t, err)
	digest, err := pushed.Digest()
	require.NoError(t, err)
	assert.Equal(t, want, digest)
	assert.NoDirExists(t, options.Layout)
}

func TestSecurityUpdatesComeFromTheSameMirror(t *testing.T) {
	for given, want := range map[string]string{"http://other.example/debian/": "http://other.example/debian", "": "http://mirror.example/debian"} {
		folder := machine(t, "usr/share/doc/server/copyright")
		options := released(t)
		options.Mirror = given
		_, err := images.BuildProgram(t.Context(), options)
		require.NoError(t, err)
		sources := read(t, folder, "sources.list")
		assert.Contains(t, sources, "] "+want+" trixie main\n")
		assert.Contains(t, sources, "] "+want+"-security trixie-security main\n")
		assert.Contains(t, read(t, folder, "status"), "Package: libllvm19\n", "it is not downloaded")
	}
}

func TestWhatTheProgramsImageLacksIsNamed(t *testing.T) {
	folder := machine(t)
	options := released(t)
	write(t, folder, "mirrors", "http://mirror.example/ubuntu/\n")
	_, err := images.BuildProgram(t.Context(), options)
	assert.ErrorContains(t, err, "this machine's apt has no Debian archive: name a mirror's, as --mirror http://HOST/debian")

	write(t, folder, "apt-get", "#!/bin/sh\necho 'E: not signed' >&2\nexit 100\n")
	options.Mirror = "http://mirror.example/debian"
	_, err = images.BuildProgram(t.Context(), options)
	assert.ErrorContains(t, err, "E: not signed\nIs there a Debian archive at http://mirror.example/debian, and are Debian's keys installed")

	write(t, options.Dist, "artifacts.json", "[]")
	_, err = images.BuildProgram(t.Context(), options)
	assert.ErrorContains(t, err, "names no program for Linux")
	require.NoError(t, os.RemoveAll(options.Dist))
	_, err = images.BuildProgram(t.Context(), options)
	assert.ErrorContains(t, err, "run goreleaser first")
}
