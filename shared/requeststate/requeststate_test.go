package requeststate

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

type state struct {
	Conversation string `json:"conversation"`
	Round        int    `json:"round"`
}

var carried = state{"c1", 3}

func sealer(t *testing.T, ring string) *Sealer {
	t.Helper()
	s, err := New(ring)
	require.NoError(t, err)
	return s
}

func seal(t *testing.T, s *Sealer) string {
	t.Helper()
	token, err := s.Seal(carried, "ada", "automatic")
	require.NoError(t, err)
	return token
}

func TestWhatIsSealedOpensOnAnyInstance(t *testing.T) {
	ring := keyring.Generate()
	token := seal(t, sealer(t, ring))
	var opened state
	require.NoError(t, sealer(t, ring).Open(token, &opened, "ada", "automatic"))
	assert.Equal(t, carried, opened)
}

func TestAClientCannotReadAState(t *testing.T) {
	for _, part := range strings.Split(seal(t, sealer(t, keyring.Generate())), ".") {
		text, err := base64.RawURLEncoding.DecodeString(part)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "c1")
	}
}

func TestAStateOpensForItsPrincipalAndToolOnly(t *testing.T) {
	s := sealer(t, keyring.Generate())
	token := seal(t, s)
	for _, other := range [][2]string{{"bob", "automatic"}, {"ada", "other"}, {"adaa", "utomatic"}, {"ada", ""}, {"", ""}} {
		assert.ErrorIs(t, s.Open(token, &state{}, other[0], other[1]), ErrInvalid, other)
	}
}

func TestAChangedStateIsRefused(t *testing.T) {
	s := sealer(t, keyring.Generate())
	parts := strings.Split(seal(t, s), ".")
	for p, part := range parts {
		text, err := base64.RawURLEncoding.DecodeString(part)
		require.NoError(t, err)
		for i := range text {
			changed := append([]byte(nil), text...)
			changed[i] ^= 1
			forged := append([]string(nil), parts...)
			forged[p] = base64.RawURLEncoding.EncodeToString(changed)
			require.ErrorIs(t, s.Open(strings.Join(forged, "."), &state{}, "ada", "automatic"), ErrInvalid, "part %d, byte %d", p, i)
		}
	}
}

func TestWhatIsNoStateIsRefused(t *testing.T) {
	s := sealer(t, keyring.Generate())
	token := seal(t, s)
	for _, garbage := range []string{
		"", "v1", "....", "v1.k1.AA", token + ".x", token + "\n", strings.Replace(token, ".", ".\n", 1), strings.Repeat("A", 1<<20),
		`{"protected":"e30","ciphertext":"AA"}`,
		// A header that names no encryption, {"alg":"none"}.
		"eyJhbGciOiJub25lIn0" + token[strings.Index(token, "."):],
	} {
		assert.ErrorIs(t, s.Open(garbage, &state{}, "ada", "automatic"), ErrInvalid, garbage[:min(len(garbage), 40)])
	}
}

func TestAStateExpires(t *testing.T) {
	s := sealer(t, keyring.Generate())
	token := seal(t, s)
	s.now = func() time.Time { return time.Now().Add(Lifetime - time.Minute) }
	require.NoError(t, s.Open(token, &state{}, "ada", "automatic"))
	s.now = func() time.Time { return time.Now().Add(Lifetime + time.Second) }
	require.ErrorIs(t, s.Open(token, &state{}, "ada", "automatic"), ErrExpired)
}

func TestAKeyCanBeReplacedWhileStatesAreOut(t *testing.T) {
	before := keyring.Generate()
	after := "k2:" + strings.TrimPrefix(keyring.Generate(), "k1:")
	both := sealer(t, after+","+before)
	require.NoError(t, both.Open(seal(t, sealer(t, before)), &state{}, "ada", "automatic"), "sealed with the key before")
	token := seal(t, both)
	require.NoError(t, sealer(t, after).Open(token, &state{}, "ada", "automatic"), "sealed with the new key")
	require.ErrorIs(t, sealer(t, before).Open(token, &state{}, "ada", "automatic"), ErrInvalid)
}

func TestAMalformedKeyRingIsReportedWithoutItsKeys(t *testing.T) {
	good := keyring.Generate()
	secret := strings.TrimPrefix(good, "k1:")
	for ring, says := range map[string]string{
		"":                       "is not set",
		secret:                   "entry 1 does not begin with a key id",
		"a b:" + secret:          "entry 1 does not begin with a key id",
		"k1:" + secret[:20]:      "entry 1 has 15 bytes, want 32",
		"k1:not base64 at all":   "entry 1 is not base64",
		good + "," + good:        "entry 2 has the id of an earlier one",
		good + ",":               "entry 2 does not begin",
		good + ",k2:" + "AAAA  ": "entry 2 has 3 bytes",
	} {
		_, err := New(ring)
		require.ErrorContains(t, err, says, ring)
		assert.NotContains(t, err.Error(), secret)
	}
}
