package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// Fetch downloads a backup's file and verifies its size and digest. The caller removes
// the file. pg_restore needs a file it can seek in, so the dump is not streamed into
// it. The temporary folder needs room for one backup. A file that is damaged is
// removed, so that nobody restores it by hand.
// The digest is checked after the download: a damaged backup costs time and changes nothing.
func (s *Store) Fetch(ctx context.Context, m Manifest) (path string, err error) {
	r, err := s.bucket.NewReader(ctx, m.File, nil)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", m.File, err)
	}
	defer r.Close()
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
	// Read one byte more than expected, to detect a longer file.
	size, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(r, m.Size+1))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", m.File, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); size != m.Size || got != m.SHA256 {
		return "", fmt.Errorf("%s is damaged: sha256 is %.12s…, the manifest says %.12s…; use another backup", m.File, got, m.SHA256)
	}
	return file.Name(), nil
}
