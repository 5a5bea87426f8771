// Package backup writes a database to a folder or to object storage, with a manifest
// that a restored copy is verified against, and restores it beside the serving database.
// Begin with Take, Restore and Store.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file://
	_ "gocloud.dev/blob/s3blob"   // s3://
	"gocloud.dev/gcerrors"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

const (
	// Format is the version of the manifest format. A command refuses other versions
	// rather than guess at their meaning. Raise it when a field changes its meaning; new
	// fields that may be absent do not.
	Format = 1

	// stamp is a time in the names of backups, which sort by it as text. Times are cut to
	// its accuracy, so that a name and a manifest agree.
	stamp    = "20060102T150405.000Z"
	accuracy = time.Millisecond

	dumpSuffix     = ".dump"
	manifestSuffix = ".json"
	maxManifest    = 1 << 20 // bytes
)

// Manifest describes a backup. It is written last, so a file without one is an
// incomplete backup and is not listed. Its field names are part of the format.
type Manifest struct {
	Format      int                     `json:"format"`
	Environment environment.Environment `json:"environment"`
	Time        time.Time               `json:"time"` // of the snapshot; later commits are not included
	Database    string                  `json:"database"`
	Server      string                  `json:"server"` // server version
	Major       int                     `json:"major"`
	File        string                  `json:"file"`
	Size        int64                   `json:"size"`
	SHA256      string                  `json:"sha256"`
	Content     Content                 `json:"content"`
}

// Store holds backups in a folder or bucket. Files lie below the environment's
// name, so several environments may share a bucket without seeing each other's
// backups.
// It does not encrypt: that is the storage's task.
type Store struct{ bucket *blob.Bucket }

// OpenStore opens file:///folder or s3://bucket. For s3 the query takes the options of
// Go CDK's s3blob, and credentials come from the AWS SDK's environment.
// A folder is created if it is missing, and its files are private; a bucket must exist.
// Errors leave the query out, which may have credentials.
func OpenStore(ctx context.Context, location string) (*Store, error) {
	u, err := url.Parse(location)
	if err != nil || u.Scheme != "s3" && (u.Scheme != "file" || u.Host != "" || !path.IsAbs(u.Path)) {
		return nil, errors.New("BACKUP_URL is not set, or no place for backups: want file:///folder with an absolute path, or s3://bucket?prefix=folder/")
	}
	if u.Scheme == "file" {
		u.RawQuery = "create_dir=true&dir_file_mode=0700&metadata=skip&no_tmp_dir=true"
	}
	bucket, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, fmt.Errorf("open %s://%s%s: %w", u.Scheme, u.Host, u.Path, err)
	}
	return &Store{bucket}, nil
}

// Close releases the store.
func (s *Store) Close() error { return s.bucket.Close() }

// prefix begins the names of an environment's files.
func prefix(e environment.Environment) string { return string(e) + "/" }

// manifestOf is the name of a dump's manifest.
func manifestOf(file string) string { return strings.TrimSuffix(file, dumpSuffix) + manifestSuffix }

// sizes lists an environment's files with their sizes in bytes.
func (s *Store) sizes(ctx context.Context, e environment.Environment) (map[string]int64, error) {
	all := map[string]int64{}
	for at := s.bucket.List(&blob.ListOptions{Prefix: prefix(e)}); ; {
		next, err := at.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("list backups: %w", err)
		}
		all[next.Key] = next.Size
	}
}

// List returns an environment's complete backups, newest first.
// A manifest that cannot be read is an error, so that nobody restores an older backup without
// noticing. A manifest whose dump is gone is passed over.
func (s *Store) List(ctx context.Context, e environment.Environment) ([]Manifest, error) {
	sizes, err := s.sizes(ctx, e)
	if err != nil {
		return nil, err
	}
	all := []Manifest{}
	for key := range sizes {
		if !strings.HasSuffix(key, manifestSuffix) {
			continue
		}
		m, err := s.read(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", key, err)
		}
		if _, there := sizes[m.File]; there {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b Manifest) int { return b.Time.Compare(a.Time) })
	return all, nil
}

// read reads a manifest and checks that it describes the dump beside it: a manifest
// that was copied by hand could name another one.
func (s *Store) read(ctx context.Context, key string) (m Manifest, err error) {
	r, err := s.bucket.NewRangeReader(ctx, key, 0, maxManifest, nil)
	if err != nil {
		return m, err
	}
	defer r.Close()
	err = json.NewDecoder(r).Decode(&m)
	switch {
	case err != nil:
	case m.Format != Format:
		err = fmt.Errorf("its format is %d; this command reads %d", m.Format, Format)
	case manifestOf(m.File) != key:
		err = fmt.Errorf("it describes %s", m.File)
	}
	return m, err
}

// Find returns the latest backup, or the latest at or before a time, in RFC 3339 or as in
// the names of backups. A time without a zone would be ambiguous.
func (s *Store) Find(ctx context.Context, e environment.Environment, when string) (Manifest, error) {
	at, err := time.Parse(time.RFC3339, when)
	if err != nil {
		at, err = time.Parse(stamp, when)
	}
	if err != nil && when != "latest" {
		return Manifest{}, fmt.Errorf("%q is not a time: want, for example, 2026-11-23T13:00:00Z (the zone is required), a backup's name, or latest", when)
	}
	all, err := s.List(ctx, e)
	if err != nil {
		return Manifest{}, err
	}
	newest := slices.IndexFunc(all, func(m Manifest) bool { return at.IsZero() || !m.Time.After(at) })
	if newest < 0 {
		return Manifest{}, fmt.Errorf("none of the %d backups of %s is as old: operate database backups %s lists them", len(all), e, e)
	}
	return all[newest], nil
}

// Prune removes the files of an environment's backups that are older than age, also of
// those that were interrupted, and returns their names. It keeps the newest backup whose
// file has the size in its manifest, and all newer ones: however wrong age is, one
// intact backup stays. A size that differs shows an upload that was cut off.
func (s *Store) Prune(ctx context.Context, e environment.Environment, age time.Duration) ([]string, error) {
	all, err := s.List(ctx, e)
	if err != nil {
		return nil, err
	}
	sizes, err := s.sizes(ctx, e)
	if err != nil {
		return nil, err
	}
	intact := slices.IndexFunc(all, func(m Manifest) bool { return sizes[m.File] == m.Size })
	if intact < 0 {
		return nil, nil
	}
	oldest := all[intact].Time
	if limit := time.Now().Add(-age); limit.Before(oldest) {
		oldest = limit
	}
	var removed []string
	// A manifest is removed before its dump, so that a half-removed backup is not listed.
	for _, key := range slices.Backward(slices.Sorted(maps.Keys(sizes))) {
		at, err := time.Parse(stamp, strings.TrimSuffix(strings.TrimSuffix(path.Base(key), manifestSuffix), dumpSuffix))
		if err != nil || !at.Before(oldest) {
			continue // not ours, or kept
		}
		if err := s.bucket.Delete(ctx, key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return removed, fmt.Errorf("remove %s: %w", key, err)
		}
		removed = append(removed, key)
	}
	return removed, nil
}

// Fetch downloads a backup's file and verifies its digest. The caller removes the file.
// pg_restore needs a file it can seek in, so the dump is not streamed into it. The
// temporary folder needs room for one backup. A file that is damaged is removed, so that
// nobody restores it by hand.
func (s *Store) Fetch(ctx context.Context, m Manifest) (name string, err error) {
	file, err := os.CreateTemp("", "operate-*"+dumpSuffix) // readable by its owner alone
	if err != nil {
		return "", fmt.Errorf("create a file for the backup: %w", err)
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	sum := sha256.New()
	if err := s.bucket.Download(ctx, m.File, io.MultiWriter(file, sum), nil); err != nil {
		return "", fmt.Errorf("read %s: %w", m.File, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != m.SHA256 {
		return "", fmt.Errorf("%s is damaged: sha256 is %.12s…, the manifest says %.12s…; use another backup", m.File, got, m.SHA256)
	}
	return file.Name(), nil
}
