package delivery

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

func newSigner(t *testing.T, ring string) *Signer {
	t.Helper()
	s, err := NewSigner(SigningConfig{ring})
	require.NoError(t, err)
	return s
}

func signed(t *testing.T, s *Signer) cloudevents.Event {
	t.Helper()
	e := waiting(t).CloudEvent()
	require.NoError(t, s.Sign(&e))
	return e
}

func TestASignatureCoversWhatConsumersGoBy(t *testing.T) {
	s := newSigner(t, keyring.Generate())
	for what, change := range map[string]func(*cloudevents.Event){
		"id":        func(e *cloudevents.Event) { e.SetID("another") },
		"source":    func(e *cloudevents.Event) { e.SetSource("/elsewhere") },
		"type":      func(e *cloudevents.Event) { e.SetType(string(event.TypeConversationCompleted)) },
		"subject":   func(e *cloudevents.Event) { e.SetSubject("another") },
		"data":      func(e *cloudevents.Event) { e.DataEncoded = bytes.Replace(e.Data(), []byte("ann"), []byte("bob"), 1) },
		"more data": func(e *cloudevents.Event) { e.DataEncoded = append(e.Data(), " {}"...) },
		"no data":   func(e *cloudevents.Event) { e.DataEncoded = nil },
		"signature": func(e *cloudevents.Event) { e.SetExtension(SignatureExtension, "v1.k1.AAAA") },
		"version": func(e *cloudevents.Event) {
			e.SetExtension(SignatureExtension, strings.Replace(e.Extensions()[SignatureExtension].(string), "v1.", "v2.", 1))
		},
	} {
		e := signed(t, s)
		require.NoError(t, s.Verify(&e))
		change(&e)
		assert.ErrorIs(t, s.Verify(&e), errForged, what)
	}
	unsigned := waiting(t).CloudEvent()
	assert.ErrorIs(t, s.Verify(&unsigned), errUnsigned)
	stranger := signed(t, newSigner(t, keyring.Generate()))
	assert.ErrorIs(t, s.Verify(&stranger), errForged)
}

func TestABrokerMayWriteAnEventInAnotherForm(t *testing.T) {
	s := newSigner(t, keyring.Generate())
	e := signed(t, s)
	structured, err := e.MarshalJSON()
	require.NoError(t, err)
	request := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(structured))
	request.Header.Set("Content-Type", cloudevents.ApplicationCloudEventsJSON)
	received, ok := s.Receive(httptest.NewRecorder(), request)
	require.True(t, ok)
	happened, err := Read(*received)
	require.NoError(t, err)
	assert.Equal(t, event.TypeConversationErased, happened.Type())

	e.DataEncoded = append([]byte(" "), bytes.ReplaceAll(e.Data(), []byte(`":`), []byte(`" : `))...)
	e.SetExtension("knativehistory", "default-kne-trigger-kn-channel")
	assert.NoError(t, s.Verify(&e), "with other spaces and a broker's own extension")
}

func TestEachNameInSignedDataCountsOnce(t *testing.T) {
	s := newSigner(t, keyring.Generate())
	e := signed(t, s)
	e.DataEncoded = append([]byte(`{"principal":"bob",`), e.Data()[1:]...)
	require.NoError(t, s.Verify(&e), "the last one counts, which is the signed one")
	happened, err := Read(e)
	require.NoError(t, err)
	_, principal := happened.Of()
	assert.NotEqual(t, "bob", principal)
	assert.Equal(t, 1, bytes.Count(e.Data(), []byte(`"principal"`)), "as it was signed")
}

func TestAKeyCanBeRotatedWhileEventsAreUnderWay(t *testing.T) {
	before := keyring.Generate()
	after := strings.Replace(keyring.Generate(), "k1:", "k2:", 1) + "," + before
	e := signed(t, newSigner(t, before))
	assert.NoError(t, newSigner(t, after).Verify(&e))
	e = signed(t, newSigner(t, after))
	assert.Contains(t, e.Extensions()[SignatureExtension], "v1.k2.")
	assert.Error(t, newSigner(t, before).Verify(&e))
}

func TestWhatIsNotTheRelaysIsNotDeliveredAgain(t *testing.T) {
	s := newSigner(t, keyring.Generate())
	answer := httptest.NewRecorder()
	request, err := cloudevents.NewHTTPRequestFromEvent(t.Context(), "http://indexer/", waiting(t).CloudEvent())
	require.NoError(t, err)
	_, ok := s.Receive(answer, request)
	assert.False(t, ok)
	assert.True(t, (&Refused{Status: answer.Code}).Final(), "a broker retries by the same rule")
	assert.Equal(t, http.StatusForbidden, answer.Code)
}

func TestAMissingKeyRingIsNamed(t *testing.T) {
	_, err := NewSigner(SigningConfig{})
	assert.ErrorContains(t, err, "EVENT_SIGNING_KEYS is not set")
}
