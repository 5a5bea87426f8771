package database

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// The parameters are PostgreSQL's own defaults, so a password set here looks like
// one set by \password.
const (
	iterations = 4096
	saltBytes  = 16
)

// verifier returns the SCRAM verifier that PostgreSQL stores for a password: StoredKey
// and ServerKey of RFC 5802, section 3, in the format of pg_authid.rolpassword. The
// password must be normalised already; checkPassword permits only what needs none.
func verifier(password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive from password: %w", err)
	}
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, encode(salt), encode(stored[:]), encode(mac("Server Key"))), nil
}

// shortestPassword is in characters. Passwords are for programs, so they may be
// long.
const shortestPassword = 16

// checkPassword refuses short passwords, and characters that PostgreSQL would normalise
// (SASLprep).
func checkPassword(password string) error {
	other := func(r rune) bool { return r < ' ' || r > '~' }
	if len(password) < shortestPassword || strings.ContainsFunc(password, other) {
		return fmt.Errorf("has %d characters, or others than printable ASCII: want at least %d", len(password), shortestPassword)
	}
	return nil
}
