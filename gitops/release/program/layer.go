package program

import (
	"archive/tar"
	"bytes"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The user of the program, and the folder of its data.
const (
	userID   = 65532
	userName = "questions"
	data     = "data"
	binary   = "usr/local/bin/sequential-questioning"
)

// debianEntries are the packages' files. Scanners for vulnerabilities find the packages in
// status.d, as in the images of distroless.
// Scripts of the packages do not run, so nothing that they would make is there.
func debianEntries(packages []debianPackage) []entry {
	entries := folders("var/lib/dpkg/status.d")
	for _, p := range packages {
		entries = append(entries, p.entries...)
		entries = append(entries, file("var/lib/dpkg/status.d/"+p.name, 0o644, p.control))
	}
	return entries
}

// programEntries are the program, its user, and the folders that it writes.
// The folder of the data is the user's alone, as PostgreSQL requires.
func programEntries(program []byte) []entry {
	own := tar.Header{Typeflag: tar.TypeDir, Name: data, Mode: 0o700, Uid: userID, Gid: userID}
	everybody := tar.Header{Typeflag: tar.TypeDir, Name: "tmp", Mode: 0o1777}
	entries := append(folders("etc"), folders("usr/local/bin")...)
	return append(entries,
		file("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/usr/sbin/nologin\n"+userName+":x:65532:65532::/"+data+":/usr/sbin/nologin\n")),
		file("etc/group", 0o644, []byte("root:x:0:\n"+userName+":x:65532:\n")),
		entry{Header: own}, entry{Header: everybody},
		file(binary, 0o755, program))
}

// file is a regular file of root.
func file(name string, mode int64, content []byte) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content))}, content}
}

// folders are a folder and those above it.
// Parents come first, as extractors expect.
func folders(name string) (entries []entry) {
	for ; name != "."; name = path.Dir(name) {
		entries = append(entries, entry{Header: tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}})
	}
	slices.Reverse(entries)
	return entries
}

// newLayer writes entries in the order of their names, each once and with one time, so
// that the same content has the same digest.
// Of entries with one name the first counts. Hard links are written last, because what they
// lead to must exist when they are extracted.
func newLayer(entries []entry, created time.Time) (v1.Layer, error) {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	entries = slices.CompactFunc(entries, func(a, b entry) bool { return a.Name == b.Name })
	var links []entry // after what they lead to
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	write := func(e entry) error {
		header := tar.Header{Typeflag: e.Typeflag, Name: e.Name, Linkname: e.Linkname, Mode: e.Mode, Uid: e.Uid, Gid: e.Gid, Size: e.Size, ModTime: created}
		if err := w.WriteHeader(&header); err != nil {
			return err
		}
		_, err := w.Write(e.content)
		return err
	}
	for _, e := range entries {
		if e.Typeflag == tar.TypeLink {
			links = append(links, e)
			continue
		}
		if err := write(e); err != nil {
			return nil, err
		}
	}
	for _, e := range links {
		if err := write(e); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}
