package requeststate

import (
	"crypto/aes"
	"crypto/cipher"

	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

type key struct {
	id   string
	aead cipher.AEAD
}

// parseRing makes AES-256 keys of a ring.
func parseRing(ring string) ([]key, error) {
	parsed, err := keyring.Parse(ring)
	if err != nil {
		return nil, err
	}
	keys := make([]key, len(parsed))
	for i, k := range parsed {
		block, err := aes.NewCipher(k.Secret)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		keys[i] = key{k.ID, aead}
	}
	return keys, nil
}
