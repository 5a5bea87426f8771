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

type claims struct {
	Conversation string `json:"conversation"`
	Round        int    `json:"round"`
}

var carried = claims{"c1", 3}

func sealer(t *testing.T, keys string) *Sealer {
	t.Helper()
	s, err := New(Config{Keys: keys, Lifetime: time.Hour})
	require.NoError(t, err)
	return s
}

func TestWhatIsSealedCanBeOpenedByAnyInstance(t *testing.T) {
	ring := keyring.Generate()
	token, err := sealer(t, ring).Seal(carried, "ada", "automatic")
	require.NoError(t, err)
	assert.NotContains(t, token, "c1")
	var opened claims
	require.NoError(t, sealer(t, ring).Open(token, &opened, "ada", "automatic"))
	assert.Equal(t, carried, opened)
}

func TestAStateIsGoodForItsPrincipalAndToolOnly(t *testing.T) {
	s := sealer(t, keyring.Generate())
	token, err := s.Seal(carried, "ada", "automatic")
	require.NoError(t, err)
	for _, binding := range [][]string{{"bob", "automatic"}, {"ada", "other"}, {"adaa", "utomatic"}, {"ada"}, nil} {
		assert.ErrorIs(t, s.Open(token, &claims{}, binding...), ErrInvalid, binding)
	}
}

func TestAStateThatWasChangedDoesNotCount(t *testing.T) {
	s := sealer(t, keyring.Generate())
	token, err := s.Seal(carried)
	require.NoError(t, err)
	head, body, _ := strings.Cut(token, ".k1.")
	sealed, err := base64.RawURLEncoding.DecodeString(body)
	require.NoError(t, err)
	for i := range sealed {
		changed := append([]byte(nil), sealed...)
		changed[i] ^= 1
		forged := head + ".k1." + base64.RawURLEncoding.EncodeToString(changed)
		require.ErrorIs(t, s.Open(forged, &claims{}), ErrInvalid, "byte %d", i)
	}
	for _, garbage := range []string{"", "v1", "v1.k1.", "v1.k1.AA", "v2.k1." + body, "v1.k2." + body, token + ".x", token + "\n", strings.Repeat("A", 1<<20)} {
		assert.ErrorIs(t, s.Open(garbage, &claims{}), ErrInvalid)
	}
}

func TestAStateExpires(t *testing.T) {
	s := sealer(t, keyring.Generate())
	token, err := s.Seal(carried)
	require.NoError(t, err)
	s.now = func() time.Time { return time.Now().Add(59 * time.Minute) }
	require.NoError(t, s.Open(token, &claims{}))
	s.now = func() time.Time { return time.Now().Add(time.Hour + time.Second) }
	require.ErrorIs(t, s.Open(token, &claims{}), ErrExpired)
}

func TestAKeyCanBeReplacedWhileStatesAreOut(t *testing.T) {
	before := keyring.Generate()
	after := "k2:" + strings.TrimPrefix(keyring.Generate(), "k1:")
	token, err := sealer(t, before).Seal(carried)
	require.NoError(t, err)
	both := sealer(t, after+","+before)
	require.NoError(t, both.Open(token, &claims{}), "sealed with the key before")
	token, err = both.Seal(carried)
	require.NoError(t, err)
	require.NoError(t, sealer(t, after).Open(token, &claims{}), "sealed with the new key")
	require.ErrorIs(t, sealer(t, before).Open(token, &claims{}), ErrInvalid)
}

func TestAMalformedKeyRingIsToldAtOnce(t *testing.T) {
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
		_, err := New(Config{Keys: ring, Lifetime: time.Hour})
		require.ErrorContains(t, err, "REQUEST_STATE_KEYS "+says, ring)
		assert.NotContains(t, err.Error(), secret)
	}
	_, err := New(Config{Keys: good})
	require.ErrorContains(t, err, "REQUEST_STATE_LIFETIME")
}
