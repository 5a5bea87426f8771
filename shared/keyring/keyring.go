// Package keyring reads rings of secret keys: the first key is used for what is
// made now, and all of them for what was made before, so that a key can be
// replaced while what it made is still in use.
package keyring

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Bytes is how long a key is. That is the size of an AES-256 key and of an
// HMAC-SHA256 key without padding.
const Bytes = 32

// Key is one key of a ring.
type Key struct {
	ID     string
	Secret []byte // Bytes long
}

// keyID leaves out the characters that separate keys in a ring and parts in a
// signature.
var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// Parse reads "id:base64,…", a ring of at least one key. Its errors name an
// entry by its place and never contain a key.
func Parse(ring string) ([]Key, error) {
	if strings.TrimSpace(ring) == "" {
		return nil, errors.New("is not set: want id:base64, where the key has 32 random bytes")
	}
	var keys []Key
	seen := map[string]bool{}
	for i, entry := range strings.Split(ring, ",") {
		id, encoded, found := strings.Cut(strings.TrimSpace(entry), ":")
		secret, err := base64.StdEncoding.Strict().DecodeString(encoded)
		switch {
		case !found || !keyID.MatchString(id):
			return nil, fmt.Errorf("entry %d does not begin with a key id of 1 to 32 letters, digits, _ or - and a colon", i+1)
		case seen[id]:
			return nil, fmt.Errorf("entry %d has the id of an earlier one", i+1)
		case err != nil:
			return nil, fmt.Errorf("entry %d is not base64 after the colon", i+1)
		case len(secret) != Bytes:
			return nil, fmt.Errorf("entry %d has %d bytes, want %d", i+1, len(secret), Bytes)
		}
		seen[id] = true
		keys = append(keys, Key{id, secret})
	}
	return keys, nil
}

// Generate returns a key ring of one new key.
func Generate() string {
	secret := make([]byte, Bytes)
	_, _ = rand.Read(secret) // never fails
	return "k1:" + base64.StdEncoding.EncodeToString(secret)
}

// Kept returns the key ring in a file, which it creates with a new key where there is
// none. Only its owner may read the file. Of two processes that start at once one
// creates it; the other may find it empty, which Parse reports.
func Kept(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make folder for keys: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		kept, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read keys: %w", err)
		}
		return strings.TrimSpace(string(kept)), nil
	case err != nil:
		return "", fmt.Errorf("make keys: %w", err)
	}
	ring := Generate()
	_, err = file.WriteString(ring + "\n")
	if err = errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("write keys: %w", err)
	}
	return ring, nil
}
