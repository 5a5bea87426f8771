package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/s3blob" // s3://
	"gocloud.dev/gcerrors"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

const (
	dumpSuffix     = ".dump"
	manifestSuffix = ".json"

	// Bounds on what is read: of a manifest, in bytes, and of a listing, in files.
	maxManifest = 1 << 20
	maxListed   = 100_000
)

// Store holds backups in a folder or bucket. Files lie below the environment's
// name, so several environments may share a bucket without seeing each other's
// backups.
// It does not encrypt: that is the storage's task.
type Store struct{ bucket *blob.Bucket }

// OpenStore opens file:///folder or s3://bucket. For s3 the query takes the options of
// Go CDK's s3blob, and credentials come from the AWS SDK's environment.
// A folder is created if it is missing; a bucket must exist. Errors leave the query out, which
// may have credentials.
func OpenStore(ctx context.Context, location string) (*Store, error) {
	u, err := url.Parse(location)
	if err != nil || u.Scheme == "" {
		return nil, errors.New("the location of backups is not a URL: want file:///folder or s3://bucket?prefix=folder/")
	}
	var bucket *blob.Bucket
	switch u.Scheme {
	case "file":
		bucket, err = openFolder(u)
	case "s3":
		bucket, err = blob.OpenBucket(ctx, location)
	default:
		return nil, fmt.Errorf("backups cannot be stored at %s: want file:// or s3://", u.Scheme+"://")
	}
	if err != nil {
		return nil, fmt.Errorf("open %s://%s%s: %w", u.Scheme, u.Host, u.Path, err)
	}
	return &Store{bucket}, nil
}

// openFolder makes files private and puts temporary files into the same folder, so
// that finishing one is a rename.
func openFolder(u *url.URL) (*blob.Bucket, error) {
	if u.Host != "" || !filepath.IsAbs(u.Path) {
		return nil, errors.New("want file:/// and an absolute path")
	}
	return fileblob.OpenBucket(filepath.FromSlash(u.Path), &fileblob.Options{
		CreateDir: true, DirFileMode: 0o700, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
	})
}

// Close releases the store.
func (s *Store) Close() error { return s.bucket.Close() }

// prefix begins the names of an environment's files.
func prefix(e environment.Environment) string { return string(e) + "/" }

// write stores what fill writes; on an error it stores nothing. Cancelling the
// writer's context is how Go CDK abandons an object.
func (s *Store) write(ctx context.Context, key string, fill func(io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	if err := fill(w); err != nil {
		cancel() // drops what was written so far
		return errors.Join(err, ignoreCanceled(w.Close()))
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// ignoreCanceled drops the error that closing a cancelled writer always returns.
func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) || gcerrors.Code(err) == gcerrors.Canceled {
		return nil
	}
	return err
}

// writeManifest makes the backup of its file complete.
func (s *Store) writeManifest(ctx context.Context, m Manifest) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	return s.write(ctx, manifestOf(m.File), func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}

// manifestOf is the name of a dump's manifest.
func manifestOf(file string) string { return strings.TrimSuffix(file, dumpSuffix) + manifestSuffix }

// List returns an environment's complete backups, newest first.
// A manifest that cannot be read is an error, so that nobody restores an older backup without
// noticing. A manifest whose dump is gone is passed over.
func (s *Store) List(ctx context.Context, e environment.Environment) ([]Manifest, error) {
	objects, err := s.objects(ctx, e)
	if err != nil {
		return nil, err
	}
	var all []Manifest
	for key := range objects {
		if !strings.HasSuffix(key, manifestSuffix) {
			continue
		}
		m, err := s.read(ctx, key)
		if err != nil {
			return nil, err
		}
		if _, there := objects[m.File]; there {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b Manifest) int { return b.Time.Compare(a.Time) })
	return all, nil
}

// object is an entry of a listing.
type object struct {
	written time.Time
	size    int64
}

// objects lists an environment's files.
func (s *Store) objects(ctx context.Context, e environment.Environment) (map[string]object, error) {
	all := map[string]object{}
	at := s.bucket.List(&blob.ListOptions{Prefix: prefix(e)})
	for {
		next, err := at.Next(ctx)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list backups: %w", err)
		}
		if len(all) == maxListed {
			return nil, fmt.Errorf("list backups: there are more than %d files below %s", maxListed, prefix(e))
		}
		all[next.Key] = object{next.ModTime, next.Size}
	}
}

// read reads a manifest and checks that it describes the dump beside it: a manifest
// that was copied by hand could name another one.
func (s *Store) read(ctx context.Context, key string) (Manifest, error) {
	var m Manifest
	r, err := s.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return m, fmt.Errorf("read %s: %w", key, err)
	}
	defer r.Close()
	if err := json.NewDecoder(io.LimitReader(r, maxManifest)).Decode(&m); err != nil {
		return m, fmt.Errorf("read %s: %w", key, err)
	}
	switch {
	case m.Format != Format:
		return m, fmt.Errorf("read %s: its format is %d; this command reads %d", key, m.Format, Format)
	case manifestOf(m.File) != key:
		return m, fmt.Errorf("read %s: it describes %s", key, m.File)
	}
	return m, nil
}

// Find returns the newest backup at or before notAfter; the zero time means any. If
// there is none, the error says how old the oldest one is.
func (s *Store) Find(ctx context.Context, e environment.Environment, notAfter time.Time) (Manifest, error) {
	all, err := s.List(ctx, e)
	if err != nil {
		return Manifest{}, err
	}
	for _, m := range all {
		if notAfter.IsZero() || !m.Time.After(notAfter) {
			return m, nil
		}
	}
	if len(all) == 0 {
		return Manifest{}, fmt.Errorf("there is no backup of %s", e)
	}
	oldest := all[len(all)-1].Time
	return Manifest{}, fmt.Errorf("there is no backup of %s from %s or before: the oldest is from %s", e, notAfter.UTC().Format(time.RFC3339), oldest.UTC().Format(time.RFC3339))
}

// remove deletes a backup, its manifest first, so that a half-deleted backup is not
// listed.
func (s *Store) remove(ctx context.Context, m Manifest) error {
	for _, key := range []string{manifestOf(m.File), m.File} {
		if err := s.bucket.Delete(ctx, key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return fmt.Errorf("remove %s: %w", key, err)
		}
	}
	return nil
}
