package requeststate

import (
	"crypto/aes"
	"crypto/cipher"
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

const keyBytes = 32 // AES-256

type key struct {
	id   string
	aead cipher.AEAD
}

var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// parseRing reads "id:base64,…". Its errors name an entry by its place.
func parseRing(ring string) ([]key, error) {
	if strings.TrimSpace(ring) == "" {
		return nil, errors.New("is not set: want id:base64, where the key has 32 random bytes")
	}
	var keys []key
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
		case len(secret) != keyBytes:
			return nil, fmt.Errorf("entry %d has %d bytes, want %d", i+1, len(secret), keyBytes)
		}
		seen[id] = true
		block, err := aes.NewCipher(secret)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		keys = append(keys, key{id, aead})
	}
	return keys, nil
}

// Generate returns a key ring of one new key.
func Generate() string {
	secret := make([]byte, keyBytes)
	_, _ = rand.Read(secret) // never fails
	return "k1:" + base64.StdEncoding.EncodeToString(secret)
}

// Kept returns the key ring in a file, which it makes with a new key where
// there is none. Only its owner may read the file.
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
