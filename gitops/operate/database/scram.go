package database

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The parameters are PostgreSQL's own defaults, so a password set here looks like
// one set by \password.
const (
	scram      = "SCRAM-SHA-256"
	iterations = 4096
	saltBytes  = 16
)

// verifier returns the SCRAM verifier that PostgreSQL stores for a password (RFC 5803),
// so that the password itself appears in no statement and no log of the server.
func verifier(password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	return derive(password, salt, iterations)
}

// derive computes StoredKey and ServerKey of RFC 5802, section 3, in the format of
// pg_authid.rolpassword.
// The password must be normalised already; checkPassword permits only what needs none.
func derive(password string, salt []byte, count int) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, count, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive from password: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s$%d:%s$%s:%s", scram, count, encode(salt), encode(stored[:]), encode(mac(salted, "Server Key"))), nil
}

// mac is HMAC-SHA-256.
func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// verifies reports whether a stored verifier belongs to the password.
// The count of iterations is the verifier's own, so one of an older server is recognized. The
// comparison takes constant time.
func verifies(kept, password string) bool {
	parts := strings.Split(kept, "$")
	if len(parts) != 3 || parts[0] != scram {
		return false
	}
	count, salt, _ := strings.Cut(parts[1], ":")
	n, err := strconv.Atoi(count)
	raw, err2 := base64.StdEncoding.DecodeString(salt)
	if err != nil || err2 != nil || n < 1 {
		return false
	}
	derived, err := derive(password, raw, n)
	return err == nil && hmac.Equal([]byte(derived), []byte(kept))
}

// shortestPassword is in characters. Passwords are for programs, so they may be
// long.
const shortestPassword = 16

// checkPassword refuses short passwords, and characters that PostgreSQL would normalise
// (SASLprep).
func checkPassword(password string) error {
	if len(password) < shortestPassword {
		return fmt.Errorf("has %d characters: want at least %d", len(password), shortestPassword)
	}
	for _, r := range password {
		if r < ' ' || r > '~' {
			return errors.New("has characters other than printable ASCII")
		}
	}
	return nil
}
