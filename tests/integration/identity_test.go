package integration

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestEachTokenSeesItsOwnConversations(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	keys := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k", Algorithm: "RS256"}}}
	issuer := httptest.NewServer(keys)
	defer issuer.Close()
	keys.SetIssuer(issuer.URL)
	const resource = "https://questions.example/mcp"
	url := postgrestest.New(t)
	p := start(t, []string{"DATABASE_URL=" + url, "OAUTH_ISSUER=" + issuer.URL, "OAUTH_RESOURCE=" + resource})

	as := func(subject string) *client.Client {
		token := oidctest.SignIDToken(key, "k", "RS256", fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":%q,"exp":%d}`,
			issuer.URL, resource, subject, time.Now().Add(time.Hour).Unix()))
		return connect(t, p.URL, transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + token}))
	}
	ada, bob := as("ada"), as("bob")
	turn := callTool(t, ada, "sequential_questioning", map[string]any{"context": "x"})
	report := map[string]any{"conversation_id": turn["conversation_id"]}
	assert.Equal(t, "x", callTool(t, ada, "sequential_questioning_report", report)["goal"])
	assert.ErrorContains(t, tryTool(t, bob, "sequential_questioning_report", report), "there is no conversation")
	assert.Equal(t, 1, count(t, url, `SELECT count(*) FROM conversations WHERE principal = $1`, issuer.URL+"#ada"))

	nobody, err := client.NewStreamableHttpClient(p.URL)
	require.NoError(t, err)
	defer nobody.Close()
	require.NoError(t, nobody.Start(t.Context()))
	_, err = nobody.Initialize(t.Context(), mcp.InitializeRequest{})
	assert.Error(t, err, "without a token there is nothing to see")
	p.Interrupt(t)
}
