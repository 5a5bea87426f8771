package secret

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnAnswerHoldsASecret(t *testing.T) {
	long := strings.Repeat("aB3", 14)
	for _, text := range []string{
		"my card is 4111 1111 1111 1111", "use sk-ant-" + long, "sk-proj-" + long, "sk_live_" + long, "ghp_" + long, "github_pat_" + long, "glpat-" + long, "xoxb-123456789012-abc", "AKIAABCDEFGHIJKLMNOP",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x_y-z", "-----BEGIN RSA PRIVATE KEY-----", "the wifi password is hunter2", "Password: hunter2", "password for the admin = hunter2", "The PIN is 4711",
		"WLAN-Passwort: geheim1", "Das Passwort lautet geheim1", "mot de passe : secret1", "La contraseña es hola1", "A senha é ola1", "Het wachtwoord is hallo1", "pin code? PIN: 4711",
	} {
		assert.True(t, Holds(text), text)
	}
	for _, text := range []string{
		"", "Lisbon", "I forgot my password", "Reset the password of the admin account", "The spinning wheel is broken", "The pins are bent", "order 1234-5678", "skiing in Austria", "sk-8 board",
		"We meet at 14:30", "https://example.com/reset?password", "The app asks for a password after each start", "e-mail: ada@example.com",
	} {
		assert.False(t, Holds(text), text)
	}
}
