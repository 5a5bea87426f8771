// Package identity finds the principal of a request by its OAuth 2.1 bearer token
// (RFC 6750), which is checked with the issuer's keys. A server that is open by its
// settings has one principal and asks for no token.
package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/mark3labs/mcp-go/server"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// Config says whose tokens count.
type Config struct {
	// Issuer is the authorization server.
	Issuer string `env:"OAUTH_ISSUER"`
	// AllowUnauthenticated serves every caller as one principal where there is no
	// Issuer. It changes nothing where there is one.
	AllowUnauthenticated bool `env:"ALLOW_UNAUTHENTICATED" envDefault:"false"`
	// Resource is this server's own identifier, the URL that clients call. A
	// token has to name it as its audience (RFC 8707).
	Resource string `env:"OAUTH_RESOURCE"`
	// Scope is one that a token needs; empty needs none.
	Scope string `env:"OAUTH_SCOPE"`
}

// issuerTimeout bounds one request to the issuer. A caller waits for it at the first
// token and after a rotation of keys; an issuer that needs longer is down.
const issuerTimeout = 5 * time.Second

// Guard checks the tokens of requests. Its issuer is looked up when the first
// token comes.
type Guard struct {
	config Config
	client *http.Client
	issuer *remembering
	failed atomic.Int64 // requests to the issuer that got no good answer

	mu     sync.Mutex
	tokens *tokens
	retry  time.Time // when the issuer is looked up again after a failure
}

// tokens verifies tokens in two steps.
type tokens struct {
	claimed *oidc.IDTokenVerifier // what a token says of itself; asks the issuer nothing
	signed  *oidc.IDTokenVerifier // all of it, with the issuer's keys
}

// pause is how long after a failure the issuer is left alone, so that requests
// do not queue for one that hangs.
const pause = 2 * time.Second

// New returns the guard that the configuration asks for. It connects nowhere.
// A configuration that neither names an issuer nor says that there is none is an
// error: a server must not be open by an oversight.
func New(config Config) (*Guard, error) {
	g := &Guard{config: config, issuer: &remembering{now: time.Now}}
	g.client = &http.Client{Timeout: issuerTimeout, Transport: counting{&g.failed, g.issuer}}
	switch {
	case config.Issuer != "":
	case config.AllowUnauthenticated:
		return g, nil
	default:
		return nil, errors.New("OAUTH_ISSUER is not set: set it and OAUTH_RESOURCE to ask callers for tokens, " +
			"or ALLOW_UNAUTHENTICATED=true to serve every caller without one")
	}
	for name, value := range map[string]string{"OAUTH_ISSUER": config.Issuer, "OAUTH_RESOURCE": config.Resource} {
		if u, err := url.Parse(value); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("%s %q is not an http address", name, value)
		}
	}
	return g, nil
}

// counting counts what an issuer fails to answer.
type counting struct {
	failed *atomic.Int64
	next   http.RoundTripper
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	if err != nil || response.StatusCode >= http.StatusInternalServerError {
		c.failed.Add(1)
	}
	return response, err
}

// Protect lets a request through with its principal in the context, or answers
// it with a challenge: 401 for a missing or invalid token, 403 for insufficient
// scope, 503 when the issuer cannot be asked.
func (g *Guard) Protect(next http.Handler) http.Handler {
	if g.config.Issuer == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions { // a preflight carries no token
			next.ServeHTTP(w, r)
			return
		}
		id, refused := g.identify(r)
		if refused != nil {
			slog.InfoContext(r.Context(), "request refused", "status", refused.status, "reason", refused.reason)
			refused.write(w, g)
			return
		}
		next.ServeHTTP(w, r.WithContext(principal.With(r.Context(), id)))
	})
}

// refusal is why a request is not let through. code is RFC 6750's, section 3.1.
type refusal struct {
	status             int
	code, text, reason string
}

func (f *refusal) write(w http.ResponseWriter, g *Guard) {
	if f.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	} else {
		challenge := fmt.Sprintf("Bearer resource_metadata=%q", g.metadataURL())
		if f.code != "" {
			challenge += fmt.Sprintf(", error=%q", f.code)
		}
		if g.config.Scope != "" {
			challenge += fmt.Sprintf(", scope=%q", g.config.Scope)
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	jsonrpc.WriteError(w, f.status, jsonrpc.InvalidRequest, f.text)
}

// noKeys is in go-oidc's error of keys that could not be fetched. A token that joins
// another's fetch as it ends gets that error without a second request, and
// go-oidc wraps it as text.
const noKeys = "fetching keys"

func (g *Guard) identify(r *http.Request) (string, *refusal) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", &refusal{http.StatusUnauthorized, "", "a bearer token is needed", "no token"}
	}
	before := g.failed.Load()
	verified, err := g.verify(r.Context(), token)
	switch {
	case err != nil && (g.failed.Load() > before || strings.Contains(err.Error(), noKeys)):
		return "", &refusal{http.StatusServiceUnavailable, "", "the token cannot be checked at the moment; retry in 2 s", err.Error()}
	case err != nil:
		return "", &refusal{http.StatusUnauthorized, "invalid_token", "the token does not count here", err.Error()}
	}
	var claims struct {
		Scope string `json:"scope"`
	}
	if err := verified.Claims(&claims); err != nil || !usable(verified.Subject) {
		return "", &refusal{http.StatusUnauthorized, "invalid_token", "the token does not count here", "its subject cannot name a principal"}
	}
	if g.config.Scope != "" && !slices.Contains(strings.Fields(claims.Scope), g.config.Scope) {
		return "", &refusal{http.StatusForbidden, "insufficient_scope", "the token lacks the scope " + g.config.Scope, "scope"}
	}
	return verified.Issuer + "#" + verified.Subject, nil
}

// maxSubject is the limit that OpenID Connect Core 1.0, section 2, puts on a
// subject, in bytes. PostgreSQL's indexes hold no keys of any length.
const maxSubject = 255

// usable reports whether a subject names one principal and can be stored. JSON's
// decoder reads every lone surrogate as U+FFFD, so that two subjects with one
// would be the same principal.
func usable(subject string) bool {
	return subject != "" && len(subject) <= maxSubject &&
		!strings.ContainsFunc(subject, func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) })
}

// verify checks a token. Keys are looked for last: a token that says by itself
// that it is for somebody else, or expired, costs the issuer nothing.
func (g *Guard) verify(ctx context.Context, token string) (*oidc.IDToken, error) {
	tokens, err := g.lookUp(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := tokens.claimed.Verify(ctx, token); err != nil {
		return nil, err
	}
	return tokens.signed.Verify(ctx, token)
}

// lookUp returns the verifiers, looking the issuer up until that has worked once.
func (g *Guard) lookUp(ctx context.Context) (*tokens, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tokens != nil {
		return g.tokens, nil
	}
	if time.Now().Before(g.retry) {
		g.failed.Add(1)
		return nil, errors.New("the issuer could not be looked up a moment ago")
	}
	// The provider keeps this context to fetch keys with.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), g.client), g.config.Issuer)
	if err != nil {
		g.failed.Add(1) // whatever it is, it is not the token
		g.retry = time.Now().Add(pause)
		return nil, fmt.Errorf("look up the issuer: %w", err)
	}
	g.tokens = &tokens{
		claimed: provider.Verifier(&oidc.Config{ClientID: g.config.Resource, InsecureSkipSignatureCheck: true}),
		signed:  provider.Verifier(&oidc.Config{ClientID: g.config.Resource}),
	}
	return g.tokens, nil
}

// Metadata describes this server to clients that look for its authorization
// server (RFC 9728), under MetadataPath. Without an issuer there is none.
func (g *Guard) Metadata() http.Handler {
	if g.config.Issuer == "" {
		return http.NotFoundHandler()
	}
	described := server.ProtectedResourceMetadataConfig{
		Resource:               g.config.Resource,
		AuthorizationServers:   []string{g.config.Issuer},
		BearerMethodsSupported: []string{"header"},
	}
	if g.config.Scope != "" {
		described.ScopesSupported = []string{g.config.Scope}
	}
	return server.NewProtectedResourceMetadataHandler(described)
}

// MetadataPath is where RFC 9728 looks for the metadata.
func (g *Guard) MetadataPath() string {
	return server.ProtectedResourceMetadataPath(cmp.Or(g.config.Resource, "http://localhost"))
}

func (g *Guard) metadataURL() string {
	u, err := url.Parse(g.config.Resource)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + g.MetadataPath()
}
