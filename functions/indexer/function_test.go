package indexer

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	fn "knative.dev/func-go/http"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

func TestAWrongSettingIsToldAtOnce(t *testing.T) {
	t.Setenv("EVENT_SIGNING_KEYS", "")
	assert.ErrorContains(t, New().Start(t.Context(), nil), "EVENT_SIGNING_KEYS is not set")
	t.Setenv("EVENT_SIGNING_KEYS", keyring.Generate())
	t.Setenv("DATABASE_URL", "postgres://db/things")
	t.Setenv("QDRANT_URL", "qdrant:6334")
	assert.ErrorContains(t, New().Start(t.Context(), nil), "QDRANT_URL")
}

func TestABrokerLearnsWhetherToDeliverAgain(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://someone@127.0.0.1:1/things")
	t.Setenv("QDRANT_URL", "")
	keys := delivery.SigningConfig{Keys: keyring.Generate()}
	t.Setenv("EVENT_SIGNING_KEYS", keys.Keys)
	signer, err := delivery.NewSigner(keys)
	require.NoError(t, err)
	f := New()
	require.NoError(t, f.Start(t.Context(), nil))
	defer f.Stop(t.Context())
	server := httptest.NewServer(fn.New(f).Handler)
	defer server.Close()

	erased := event.ConversationErased{Principal: "ann", ConversationID: "019307a4-1111-7000-8000-000000000001"}
	for name, c := range map[string]struct {
		change func(*cloudevents.Event)
		status int
	}{
		"the database is away":  {func(*cloudevents.Event) {}, http.StatusServiceUnavailable},
		"a type of another":     {func(e *cloudevents.Event) { e.SetType("dev.knative.sources.ping") }, http.StatusUnprocessableEntity},
		"data that makes none":  {func(e *cloudevents.Event) { _ = e.SetData(cloudevents.ApplicationJSON, "x") }, http.StatusUnprocessableEntity},
		"data that is too long": {func(e *cloudevents.Event) { _ = e.SetData("text/plain", strings.Repeat("x", jsonrpc.MaxBodyBytes+1)) }, http.StatusRequestEntityTooLarge},
	} {
		e := cloudevents.NewEvent()
		e.SetID("1")
		e.SetSource(event.Source)
		e.SetType(string(event.TypeConversationErased))
		e.SetSubject(erased.ConversationID)
		require.NoError(t, e.SetData(cloudevents.ApplicationJSON, erased))
		c.change(&e)
		require.NoError(t, signer.Sign(&e))
		request, err := cloudevents.NewHTTPRequestFromEvent(t.Context(), server.URL, e)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, c.status, response.StatusCode, name)
	}
	response, err := http.Post(server.URL, "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusBadRequest, response.StatusCode, "no CloudEvent at all")
}
