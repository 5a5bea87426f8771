// Package dist checks what `make dist` built as a release does: that everything is
// there, and that checksums, bills of materials, formula and registry entry
// agree with it.
package dist

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	built    = "../../.bin/dist"
	packages = "../../.bin/packages"
	product  = "sequential-questioning"
)

func TestMain(m *testing.M) {
	for _, file := range []string{filepath.Join(built, "artifacts.json"), filepath.Join(packages, "server.json")} {
		if _, err := os.Stat(file); err != nil {
			fmt.Fprintln(os.Stderr, "error: run `make dist`:", err)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}

func digest(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }

// archives returns the archives' contents by name.
func archives(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(built, product+"_*.tar.gz"))
	require.NoError(t, err)
	require.Len(t, paths, 3, "two for Linux, one for every Mac")
	found := map[string][]byte{}
	for _, path := range paths {
		found[filepath.Base(path)] = read(t, path)
	}
	return found
}

func TestEveryFileHasItsChecksum(t *testing.T) {
	sums := map[string]string{}
	for line := range strings.Lines(string(read(t, filepath.Join(built, "SHA256SUMS")))) {
		sum, name, found := strings.Cut(strings.TrimSpace(line), "  ")
		require.True(t, found, line)
		sums[name] = sum
	}
	for _, pattern := range []string{"*.tar.gz", "*.deb", "*.rpm", "*.sbom.json"} {
		paths, err := filepath.Glob(filepath.Join(built, pattern))
		require.NoError(t, err)
		assert.NotEmpty(t, paths, pattern)
		for _, path := range paths {
			assert.Equal(t, digest(read(t, path)), sums[filepath.Base(path)], path)
		}
	}
}

// program returns the program of an archive, which has a licence beside it.
func program(t *testing.T, archive []byte) []byte {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	require.NoError(t, err)
	files := map[string][]byte{}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if err == io.EOF { //nolint:errorlint // it is not wrapped
			break
		}
		require.NoError(t, err)
		files[header.Name], err = io.ReadAll(archive)
		require.NoError(t, err)
	}
	assert.Contains(t, files, "LICENSE")
	require.Contains(t, files, product)
	return files[product]
}

func TestABillOfMaterialsNamesEveryModuleOfItsProgram(t *testing.T) {
	for name, archive := range archives(t) {
		info, err := buildinfo.Read(bytes.NewReader(program(t, archive)))
		require.NoError(t, err, name)
		var bill struct {
			Version  string `json:"spdxVersion"`
			Packages []struct {
				Name    string
				Version string `json:"versionInfo"`
			}
		}
		require.NoError(t, json.Unmarshal(read(t, filepath.Join(built, name+".sbom.json")), &bill), name)
		assert.Regexp(t, `^SPDX-2\.`, bill.Version)
		listed := map[string]string{}
		for _, p := range bill.Packages {
			listed[p.Name] = p.Version
		}
		assert.Contains(t, listed, "stdlib", name)
		assert.Greater(t, len(info.Deps), 30)
		for _, module := range info.Deps {
			if module.Version != "(devel)" { // ours
				assert.Equal(t, module.Version, listed[module.Path], "%s: %s", name, module.Path)
			}
		}
	}
}

func TestTheFormulaNamesTheBuiltArchives(t *testing.T) {
	formula := string(read(t, filepath.Join(packages, product+".rb")))
	for name, archive := range archives(t) {
		assert.Contains(t, formula, "/"+name+"\"\n      sha256 \""+digest(archive)+"\"")
	}
}

func TestTheRegistryEntryNamesTheBuiltBundles(t *testing.T) {
	var entry struct {
		Packages []struct{ Identifier, FileSha256 string }
	}
	require.NoError(t, json.Unmarshal(read(t, filepath.Join(packages, "server.json")), &entry))
	require.Len(t, entry.Packages, 3)
	for _, p := range entry.Packages {
		assert.Equal(t, digest(read(t, filepath.Join(packages, filepath.Base(p.Identifier)))), p.FileSha256, p.Identifier)
	}
}
