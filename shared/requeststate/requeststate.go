// Package requeststate seals what a server hands to a client to carry from one
// call to the next (MCP 2026-07-28, requestState), so that the client can
// neither read nor change it, nor use it for another principal or tool.
package requeststate

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Config is how states are sealed, from the environment.
type Config struct {
	// Keys is a key ring, "id:base64,…": AES-256 keys, the first of which seals
	// and all of which open.
	Keys     string        `env:"REQUEST_STATE_KEYS"`
	Lifetime time.Duration `env:"REQUEST_STATE_LIFETIME" envDefault:"24h"`
}

// The ways in which a state does not count.
var (
	ErrInvalid = errors.New("is not a state of this server's, or of another call")
	ErrExpired = errors.New("has expired")
)

// Sealer seals and opens states. It is safe for concurrent use.
type Sealer struct {
	ring     []key
	lifetime time.Duration
	now      func() time.Time
}

// New returns the sealer that the configuration asks for. A key ring that is
// missing or malformed is an error, which never contains a key.
func New(config Config) (*Sealer, error) {
	ring, err := parseRing(config.Keys)
	if err != nil {
		return nil, fmt.Errorf("REQUEST_STATE_KEYS %w", err)
	}
	if config.Lifetime <= 0 {
		return nil, errors.New("REQUEST_STATE_LIFETIME must be positive")
	}
	return &Sealer{ring: ring, lifetime: config.Lifetime, now: time.Now}, nil
}

const (
	version = "v1"
	// maxToken bounds, in bytes, what is tried to be opened.
	maxToken = 16 << 10
)

// envelope is what a token holds.
type envelope struct {
	Expires int64           `json:"exp"` // Unix seconds
	Claims  json.RawMessage `json:"claims"`
}

// Seal encrypts claims, bound to what the opener has to name again: the
// principal, the tool. A token is v1.<key id>.<base64url of nonce and ciphertext>.
func (s *Sealer) Seal(claims any, binding ...string) (string, error) {
	encoded, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode state: %w", err)
	}
	plain, err := json.Marshal(envelope{s.now().Add(s.lifetime).Unix(), encoded})
	if err != nil {
		return "", fmt.Errorf("encode state: %w", err)
	}
	k := s.ring[0]
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	sealed := k.aead.Seal(nonce, nonce, plain, authenticated(k.id, binding))
	return strings.Join([]string{version, k.id, base64.RawURLEncoding.EncodeToString(sealed)}, "."), nil
}

// Open decrypts a token into claims. It returns ErrInvalid for what was not
// sealed here with the same binding, and ErrExpired after its lifetime.
func (s *Sealer) Open(token string, claims any, binding ...string) error {
	// The decoder would skip line breaks.
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return ErrInvalid
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[0] != version {
		return ErrInvalid
	}
	aead := s.aead(parts[1])
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || aead == nil || len(sealed) < aead.NonceSize() {
		return ErrInvalid
	}
	nonce, ciphertext := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, ciphertext, authenticated(parts[1], binding))
	if err != nil {
		return ErrInvalid
	}
	var opened envelope
	if err := json.Unmarshal(plain, &opened); err != nil {
		return ErrInvalid
	}
	if s.now().Unix() >= opened.Expires {
		return ErrExpired
	}
	if err := json.Unmarshal(opened.Claims, claims); err != nil {
		return ErrInvalid
	}
	return nil
}

func (s *Sealer) aead(id string) cipher.AEAD {
	for _, k := range s.ring {
		if k.id == id {
			return k.aead
		}
	}
	return nil
}

// authenticated encodes what a token is bound to, each part with its length,
// so that no two bindings look the same.
func authenticated(id string, binding []string) []byte {
	var data []byte
	for _, part := range append([]string{version, id}, binding...) {
		data = binary.AppendUvarint(data, uint64(len(part)))
		data = append(data, part...)
	}
	return data
}
