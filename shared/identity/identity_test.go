package identity_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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
	key   *rsa.PrivateKey
	id    string // of the key
	keys  *oidctest.Server
	away  atomic.Bool
	asked atomic.Int64 // requests
}

func newKey(t *testing.T) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return key
}

// rotate makes a key the issuer's only one. No request may be under way.
func (i *issuer) rotate(key *rsa.PrivateKey, id string) {
	i.key, i.id = key, id
	i.keys.PublicKeys = []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: id, Algorithm: "RS256"}}
}

func newIssuer(t *testing.T) *issuer {
	keys := &oidctest.Server{}
	i := &issuer{keys: keys}
	i.rotate(newKey(t), "k1")
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
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
	return i.sign(string(encoded))
}

func (i *issuer) sign(claims string) string {
	return oidctest.SignIDToken(i.key, i.id, "RS256", claims)
}

// protected answers with the principal of each request.
func protected(t *testing.T, config identity.Config) func(authorization string) *httptest.ResponseRecorder {
	guard, err := identity.New(config)
	require.NoError(t, err)
	return through(guard)
}

func through(guard *identity.Guard) func(authorization string) *httptest.ResponseRecorder {
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
	call := protected(t, identity.Config{Issuer: i.URL, Resource: resource, Scope: "ask"})
	answer := call("Bearer " + i.token(nil))
	assert.Equal(t, http.StatusOK, answer.Code, answer.Body)
	assert.Equal(t, i.URL+"#ada", answer.Body.String())
	assert.Equal(t, http.StatusOK, call("bearer "+i.token(map[string]any{"aud": []string{"other", resource}})).Code)
}

func TestWhatDoesNotCountIsChallenged(t *testing.T) {
	i, stranger := newIssuer(t), newIssuer(t)
	call := protected(t, identity.Config{Issuer: i.URL, Resource: resource, Scope: "ask"})
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
	call := protected(t, identity.Config{Issuer: i.URL, Resource: resource})
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

func TestAnOpenServerHasOnePrincipal(t *testing.T) {
	assert.Equal(t, principal.Local, protected(t, identity.Config{AllowUnauthenticated: true})("").Body.String())
}

func TestNoServerIsOpenByOversight(t *testing.T) {
	_, err := identity.New(identity.Config{})
	require.ErrorContains(t, err, "OAUTH_ISSUER")
	require.ErrorContains(t, err, "ALLOW_UNAUTHENTICATED=true")
	i := newIssuer(t)
	call := protected(t, identity.Config{Issuer: i.URL, Resource: resource, AllowUnauthenticated: true})
	assert.Equal(t, http.StatusUnauthorized, call("").Code, "an issuer counts more")
}

func TestForgedTokensDoNotReachTheIssuer(t *testing.T) {
	i := newIssuer(t)
	guard, err := identity.New(identity.Config{Issuer: i.URL, Resource: resource})
	require.NoError(t, err)
	call := through(guard)
	valid := "Bearer " + i.token(nil)
	require.Equal(t, http.StatusOK, call(valid).Code)
	known, began := i.asked.Load(), time.Now() // the issuer's description and its keys

	forger := &issuer{Server: i.Server, key: newKey(t)}
	forged := make([]string, 1000)
	for n := range forged {
		if forger.id = rand.Text(); n%10 == 0 {
			forger.id = "k1" // of the issuer's own key
		}
		forged[n] = "Bearer " + forger.token(nil)
	}
	var forging sync.WaitGroup
	for worker := range 8 {
		forging.Go(func() {
			for n := worker; n < len(forged); n += 8 {
				assert.Equal(t, http.StatusUnauthorized, call(forged[n]).Code)
			}
		})
	}
	for range 100 {
		assert.Equal(t, http.StatusOK, call(valid).Code, "meanwhile")
	}
	forging.Wait()
	assert.LessOrEqual(t, i.asked.Load()-known, 1+int64(time.Since(began)/(10*time.Second)), "requests to the issuer")

	guard.Forward(11 * time.Second)
	for _, claims := range []map[string]any{{"iss": "https://other.example"}, {"aud": "other"}, {"exp": time.Now().Add(-time.Minute).Unix()}} {
		assert.Equal(t, http.StatusUnauthorized, call("Bearer "+forger.token(claims)).Code)
	}
	assert.LessOrEqual(t, i.asked.Load()-known, 1+int64(time.Since(began)/(10*time.Second)), "tokens that are for somebody else cost it nothing")
}

func TestARotatedKeyCountsSoon(t *testing.T) {
	i := newIssuer(t)
	guard, err := identity.New(identity.Config{Issuer: i.URL, Resource: resource})
	require.NoError(t, err)
	call := through(guard)
	require.Equal(t, http.StatusOK, call("Bearer "+i.token(nil)).Code)
	i.rotate(newKey(t), "k2")
	fresh := "Bearer " + i.token(nil)
	assert.Equal(t, http.StatusUnauthorized, call(fresh).Code, "the keys were asked for a moment ago")
	guard.Forward(10 * time.Second)
	assert.Equal(t, http.StatusOK, call(fresh).Code)
}

func TestForgedTokensDoNotHammerAnIssuerThatIsAway(t *testing.T) {
	i := newIssuer(t)
	guard, err := identity.New(identity.Config{Issuer: i.URL, Resource: resource})
	require.NoError(t, err)
	call := through(guard)
	valid := "Bearer " + i.token(nil)
	require.Equal(t, http.StatusOK, call(valid).Code)
	guard.Forward(time.Minute)
	i.away.Store(true)
	before, began := i.asked.Load(), time.Now()
	forger := &issuer{Server: i.Server, key: newKey(t)}
	for range 50 {
		forger.id = rand.Text()
		assert.Equal(t, http.StatusServiceUnavailable, call("Bearer "+forger.token(nil)).Code, "it may be a new key's")
	}
	assert.LessOrEqual(t, i.asked.Load()-before, 2+int64(time.Since(began)/(2*time.Second)))
	assert.Equal(t, http.StatusOK, call(valid).Code)
}

func TestASubjectThatCannotNameAPrincipalIsRefused(t *testing.T) {
	i := newIssuer(t)
	call := protected(t, identity.Config{Issuer: i.URL, Resource: resource})
	claims := func(subject string) string {
		return fmt.Sprintf(`{"iss":%q,"aud":%q,"exp":%d,"sub":"%s"}`, i.URL, resource, time.Now().Add(time.Hour).Unix(), subject)
	}
	for what, subject := range map[string]string{
		"too long": strings.Repeat("a", 256), "NUL": `a\u0000b`, "a control character": `a\nb`,
		"a lone surrogate": `a\ud800`, "another": `a\udc00`, "what they are read as": "a\ufffd", "nothing": "",
	} {
		answer := call("Bearer " + i.sign(claims(subject)))
		assert.Equal(t, http.StatusUnauthorized, answer.Code, what)
		assert.Contains(t, answer.Header().Get("WWW-Authenticate"), `error="invalid_token"`, what)
	}
	for _, subject := range []string{strings.Repeat("a", 255), "Zoë Ωmega", `\ud83d\ude00`} {
		assert.Equal(t, http.StatusOK, call("Bearer "+i.sign(claims(subject))).Code, subject)
	}
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
