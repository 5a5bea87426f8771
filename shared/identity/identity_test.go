package identity_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/identity"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

const resource = "https://questions.example/mcp"

// issuer is an authorization server that can be away.
type issuer struct {
	*httptest.Server
	key  *rsa.PrivateKey
	away atomic.Bool
}

func newIssuer(t *testing.T) *issuer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	i := &issuer{key: key}
	keys := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k1", Algorithm: "RS256"}}}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.away.Load() {
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		keys.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	keys.SetIssuer(i.URL)
	return i
}

func (i *issuer) token(claims map[string]any) string {
	all := map[string]any{"iss": i.URL, "aud": resource, "sub": "ada", "scope": "ask read", "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	encoded, _ := json.Marshal(all)
	return oidctest.SignIDToken(i.key, "k1", "RS256", string(encoded))
}

// protected answers with the principal of each request.
func protected(t *testing.T, config identity.Config) func(authorization string) *httptest.ResponseRecorder {
	guard, err := identity.New(config)
	require.NoError(t, err)
	handler := guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, principal.From(r.Context()))
	}))
	return func(authorization string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(http.MethodPost, "/mcp", nil)
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder
	}
}

func TestATokenOfTheIssuerNamesThePrincipal(t *testing.T) {
	i := newIssuer(t)
	call := protected(t, identity.Config{Issuer: i.URL, Resource: resource, Scope: "ask", Timeout: time.Second})
	answer := call("Bearer " + i.token(nil))
	assert.Equal(t, http.StatusOK, answer.Code, answer.Body)
	assert.Equal(t, i.URL+"#ada", answer.Body.String())
	assert.Equal(t, http.StatusOK, call("bearer "+i.token(map[string]any{"aud": []string{"other", resource}})).Code)
}

func TestWhatDoesNotCountIsChallenged(t *testing.T) {
	i, stranger := newIssuer(t), newIssuer(t)
	call := protected(t, identity.Config{Issuer: i.URL, Resource: resource, Scope: "ask", Timeout: time.Second})
	const metadata = `resource_metadata="https://questions.example/.well-known/oauth-protected-resource/mcp"`
	for what, c := range map[string]struct {
		authorization string
		status        int
		says          string
	}{
		"no token":         {"", 401, metadata},
		"another scheme":   {"Basic abc", 401, metadata},
		"no JWT":           {"Bearer abc", 401, `error="invalid_token"`},
		"expired":          {"Bearer " + i.token(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), 401, `error="invalid_token"`},
		"another audience": {"Bearer " + i.token(map[string]any{"aud": "https://other.example"}), 401, `error="invalid_token"`},
		"another issuer":   {"Bearer " + stranger.token(nil), 401, `error="invalid_token"`},
		"forged":           {"Bearer " + stranger.token(map[string]any{"iss": i.URL}), 401, `error="invalid_token"`},
		"no subject":       {"Bearer " + i.token(map[string]any{"sub": ""}), 401, `error="invalid_token"`},
		"too little scope": {"Bearer " + i.token(map[string]any{"scope": "read"}), 403, `error="insufficient_scope"`},
	} {
		answer := call(c.authorization)
		assert.Equal(t, c.status, answer.Code, what)
		assert.Contains(t, answer.Header().Get("WWW-Authenticate"), c.says, what)
		assert.Contains(t, answer.Body.String(), `"jsonrpc":"2.0"`)
	}
}

func TestAnIssuerThatIsAwayIsNotTheTokensFault(t *testing.T) {
	i := newIssuer(t)
	call := protected(t, identity.Config{Issuer: i.URL, Resource: resource, Timeout: time.Second})
	token := "Bearer " + i.token(nil)
	i.away.Store(true)
	answer := call(token)
	assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
	assert.Equal(t, "2", answer.Header().Get("Retry-After"))
	i.away.Store(false)
	assert.Eventually(t, func() bool { return call(token).Code == http.StatusOK }, 5*time.Second, 100*time.Millisecond, "it is looked up again")
	i.away.Store(true)
	assert.Equal(t, http.StatusOK, call(token).Code, "keys that are known are kept")
}

func TestWithoutAnIssuerThereIsOnePrincipal(t *testing.T) {
	assert.Equal(t, principal.Local, protected(t, identity.Config{})("").Body.String())
}

func TestTheMetadataNamesTheIssuer(t *testing.T) {
	guard, err := identity.New(identity.Config{Issuer: "https://login.example", Resource: resource, Scope: "ask"})
	require.NoError(t, err)
	assert.Equal(t, "/.well-known/oauth-protected-resource/mcp", guard.MetadataPath())
	recorder := httptest.NewRecorder()
	guard.Metadata().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, guard.MetadataPath(), nil))
	assert.JSONEq(t, `{"resource":"https://questions.example/mcp","authorization_servers":["https://login.example"],
		"scopes_supported":["ask"],"bearer_methods_supported":["header"]}`, recorder.Body.String())
}

func TestAWrongSettingIsNamed(t *testing.T) {
	_, err := identity.New(identity.Config{Issuer: "login.example", Resource: resource})
	assert.ErrorContains(t, err, "OAUTH_ISSUER")
	_, err = identity.New(identity.Config{Issuer: "https://login.example"})
	assert.ErrorContains(t, err, "OAUTH_RESOURCE")
}
