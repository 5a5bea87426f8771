// Package requeststate seals what a server hands to a client to carry from one
// call to the next (MCP 2026-07-28, requestState), so that the client can
// neither read nor change it, nor use it for another principal or tool.
//
// A token is a JSON Web Encryption in compact form (RFC 7516) by go-jose, which
// the check of bearer tokens links anyway: a key ring is a JWK set, the key id
// stands in the header, and the header is authenticated. Direct encryption with
// A256GCM keeps a token short. Nothing of the format is our own.
package requeststate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

// Lifetime is how long a state opens. It is longer than the longest wait for a
// form, the day that the local program waits, so that a late answer counts.
const Lifetime = 48 * time.Hour

// maxToken bounds, in bytes, what is tried to be opened.
const maxToken = 16 << 10

// The ways in which a state does not count.
var (
	ErrInvalid = errors.New("is not a state of this server's, or of another call")
	ErrExpired = errors.New("has expired")
)

// Sealer seals and opens states. It is safe for concurrent use.
type Sealer struct {
	ring jose.JSONWebKeySet
	now  func() time.Time
}

// New returns a sealer with a key ring, "id:base64,…": AES-256 keys, the first of
// which seals and all of which open. The error on a ring that is missing or
// malformed begins with what is wrong and never contains a key.
func New(ring string) (*Sealer, error) {
	keys, err := keyring.Parse(ring)
	if err != nil {
		return nil, err
	}
	s := &Sealer{now: time.Now}
	for _, k := range keys {
		s.ring.Keys = append(s.ring.Keys, jose.JSONWebKey{Key: k.Secret, KeyID: k.ID})
	}
	return s, nil
}

// sealed is what a token holds, under the names of JWT's registered claims.
type sealed struct {
	Principal string          `json:"sub"`
	Tool      string          `json:"aud"`
	Expires   int64           `json:"exp"` // Unix seconds
	State     json.RawMessage `json:"state"`
}

// Seal encrypts a state for a principal and a tool, which Open has to name again.
func (s *Sealer) Seal(state any, principal, tool string) (string, error) {
	encoded, err := json.Marshal(state)
	if err != nil {
		return "", fmt.Errorf("encode state: %w", err)
	}
	plain, err := json.Marshal(sealed{principal, tool, s.now().Add(Lifetime).Unix(), encoded})
	if err != nil {
		return "", fmt.Errorf("encode state: %w", err)
	}
	encrypter, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.DIRECT, Key: s.ring.Keys[0]}, nil)
	if err != nil {
		return "", fmt.Errorf("seal state: %w", err)
	}
	token, err := encrypter.Encrypt(plain)
	if err != nil {
		return "", fmt.Errorf("seal state: %w", err)
	}
	return token.CompactSerialize()
}

// Open decrypts a token into a state. It returns ErrInvalid for what was not
// sealed with a key of the ring for this principal and tool, and ErrExpired after
// the state's lifetime.
func (s *Sealer) Open(token string, state any, principal, tool string) error {
	// The decoder of base64 would skip line breaks.
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return ErrInvalid
	}
	encrypted, err := jose.ParseEncryptedCompact(token, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return ErrInvalid
	}
	plain, err := encrypted.Decrypt(s.ring)
	if err != nil {
		return ErrInvalid
	}
	var opened sealed
	if err := json.Unmarshal(plain, &opened); err != nil || opened.Principal != principal || opened.Tool != tool {
		return ErrInvalid
	}
	if s.now().Unix() >= opened.Expires {
		return ErrExpired
	}
	if err := json.Unmarshal(opened.State, state); err != nil {
		return ErrInvalid
	}
	return nil
}
