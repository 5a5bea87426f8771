package program

import (
	"archive/tar"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packaged makes a .deb file of the given files, and reads it.
func packaged(t *testing.T, name string, files map[string][]byte) debianPackage {
	t.Helper()
	folder := t.TempDir()
	files["DEBIAN/control"] = []byte("Package: " + name + "\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.com>\nDescription: test\n")
	for path, content := range files {
		path = filepath.Join(folder, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, content, 0o755))
	}
	deb := filepath.Join(t.TempDir(), name+".deb")
	out, err := exec.Command("dpkg-deb", "--root-owner-group", "--build", folder, deb).CombinedOutput()
	require.NoError(t, err, string(out))
	read, err := readPackage(t.Context(), deb)
	require.NoError(t, err)
	assert.Equal(t, name, read.name)
	return read
}

// dynamic is a program of this machine, and the first library that it loads.
func dynamic(t *testing.T) (content []byte, library string) {
	t.Helper()
	path, err := exec.LookPath("dpkg-deb")
	require.NoError(t, err)
	content, err = os.ReadFile(path)
	require.NoError(t, err)
	file, err := elf.Open(path)
	require.NoError(t, err)
	defer file.Close()
	libraries, err := file.ImportedLibraries()
	require.NoError(t, err)
	return content, libraries[0]
}

func names(packages []debianPackage) (names []string) {
	for _, p := range packages {
		names = append(names, p.name)
	}
	return names
}

func TestOnlyPackagesWithWhatIsLoadedAreTaken(t *testing.T) {
	t.Parallel()
	content, first := dynamic(t)
	file, err := elf.NewFile(strings.NewReader(string(content)))
	require.NoError(t, err)
	libraries, err := file.ImportedLibraries()
	require.NoError(t, err)
	server := packaged(t, "server", map[string][]byte{"usr/bin/server": content})
	all := []debianPackage{server, packaged(t, "perl", map[string][]byte{"usr/bin/perl": []byte("#!")})}
	want := []string{}
	for i, library := range libraries {
		name := fmt.Sprintf("lib%d", i)
		all = append(all, packaged(t, name, map[string][]byte{"usr/lib/x86_64-linux-gnu/" + library: []byte("a library")}))
		want = append(want, name)
	}
	chosen, err := needed(all, []string{"server"})
	require.NoError(t, err)
	assert.Equal(t, append(want, "server"), names(chosen))

	_, err = needed([]debianPackage{server}, []string{"server"})
	assert.ErrorContains(t, err, "no package has "+first+", which usr/bin/server of package server loads")
	_, err = needed(all, []string{"shell"})
	assert.ErrorContains(t, err, "there is no package shell")
}

func TestDocumentationIsLeftOutAndLicencesAreNot(t *testing.T) {
	t.Parallel()
	p := packaged(t, "server", map[string][]byte{
		"usr/share/doc/server/copyright": []byte("free"), "usr/share/doc/server/changelog.gz": nil, "usr/share/man/man1/server.1": nil,
		"usr/lib/postgresql/17/lib/llvmjit.so": nil, "usr/lib/postgresql/17/lib/plpgsql.so": nil,
	})
	var files []string
	for _, e := range p.entries {
		if e.Typeflag == tar.TypeReg {
			files = append(files, e.Name)
		}
	}
	assert.ElementsMatch(t, []string{"usr/share/doc/server/copyright", "usr/lib/postgresql/17/lib/plpgsql.so"}, files)
}

// assembled is an image of one package and a program.
func assembled(t *testing.T) v1.Image {
	t.Helper()
	p := packaged(t, "server", map[string][]byte{"usr/bin/server": []byte("server")})
	image, err := assemble("arm64", debianEntries([]debianPackage{p}), programEntries([]byte("program")), Options{Version: "1.2.3", Created: time.Unix(7, 0)})
	require.NoError(t, err)
	return image
}

func TestTheImageHasItsPartsOnceAndRunsAsNobodysRoot(t *testing.T) {
	t.Parallel()
	image := assembled(t)
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
		found[clean(header.Name)] = header
		assert.LessOrEqual(t, header.ModTime.Unix(), int64(7))
	}
	for name, mode := range map[string]int64{
		"usr/bin/server": 0o755, "var/lib/dpkg/status.d/server": 0o644, "etc/passwd": 0o644, "tmp": 0o1777, "data": 0o700,
		"usr/local/bin/sequential-questioning": 0o755, "etc/ssl/certs/ca-certificates.crt": 0o444,
	} {
		if assert.Contains(t, found, name) {
			assert.Equal(t, mode, found[name].Mode, name)
		}
	}
	assert.Equal(t, 65532, found["data"].Uid, "the user can write its data")
	assert.Zero(t, found["usr/local/bin/sequential-questioning"].Uid, "and not its program")

	again, err := assembled(t).Digest()
	require.NoError(t, err)
	digest, err := image.Digest()
	require.NoError(t, err)
	assert.Equal(t, digest, again)
}

func TestAnImageIsPushedOrWritten(t *testing.T) {
	t.Parallel()
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: assembled(t)})
	want, err := index.Digest()
	require.NoError(t, err)
	server := httptest.NewServer(registry.New())
	defer server.Close()
	reference := strings.TrimPrefix(server.URL, "http://") + "/owner/sequential-questioning:1.2.3"
	require.NoError(t, publish(t.Context(), Options{Reference: reference, Insecure: true}, index))
	parsed, err := name.ParseReference(reference, name.Insecure)
	require.NoError(t, err)
	pushed, err := remote.Index(parsed)
	require.NoError(t, err)
	digest, err := pushed.Digest()
	require.NoError(t, err)
	assert.Equal(t, want, digest)

	folder := filepath.Join(t.TempDir(), "image")
	for range 2 { // the second replaces the first
		require.NoError(t, publish(t.Context(), Options{Layout: folder}, index))
	}
	written, err := layout.ImageIndexFromPath(folder)
	require.NoError(t, err)
	manifest, err := written.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	assert.Equal(t, want, manifest.Manifests[0].Digest)
}

func TestProgramsForOtherSystemsAreNone(t *testing.T) {
	t.Parallel()
	dist := t.TempDir()
	write := func(artifacts ...artifact) {
		content, err := json.Marshal(artifacts)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dist, "artifacts.json"), content, 0o600))
	}
	_, err := programs(dist)
	assert.ErrorContains(t, err, "run goreleaser first")
	mac := artifact{"mac", "darwin", "arm64", "Binary"}
	write(mac)
	_, err = programs(dist)
	assert.ErrorContains(t, err, "names no program for Linux")
	linux := artifact{"linux", "linux", "arm64", "Binary"}
	write(mac, linux, artifact{"archive", "linux", "arm64", "Archive"})
	found, err := programs(dist)
	require.NoError(t, err)
	assert.Equal(t, []artifact{linux}, found)
}

func TestSecurityUpdatesComeFromTheSameMirror(t *testing.T) {
	t.Parallel()
	all := sources("http://mirror.example/debian/")
	assert.Contains(t, all, "URIs: http://mirror.example/debian\nSuites: "+suite+" "+suite+"-updates\n")
	assert.Contains(t, all, "URIs: http://mirror.example/debian-security\nSuites: "+suite+"-security\n")
}
