package event

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
		"type":      func(e *cloudevents.Event) { e.SetType(string(TypeConversationCompleted)) },
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
	assert.Equal(t, TypeConversationErased, happened.Type())

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

// Whoever reaches the relay can nudge it.
func TestNudgesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looks atomic.Int64
		r := &Relay{config: RelayConfig{Timeout: time.Minute}, metrics: newMetrics(), round: func(context.Context, *Drained) error {
			looks.Add(1)
			time.Sleep(time.Millisecond)
			return nil
		}, measure: func(context.Context) {}}
		began := time.Now()
		for range 1000 {
			go r.Drain(t.Context())
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		time.Sleep(rest + time.Millisecond) // the last one is met
		assert.LessOrEqual(t, int(looks.Load()), int(time.Since(began)/rest)+1)
		assert.GreaterOrEqual(t, int(looks.Load()), 15, "none is left waiting")
	})
}

// What a timer or a nudge says is not read: it cannot be harmful.
func TestANudgeIsNotRead(t *testing.T) {
	var body unread
	looked := false
	h := &RelayHandler{relay: &Relay{config: RelayConfig{Timeout: time.Second}, metrics: newMetrics(), round: func(context.Context, *Drained) error {
		looked = true
		return nil
	}, measure: func(context.Context) {}}}
	request := httptest.NewRequest(http.MethodPost, "/", &body)
	request.Header.Set("Ce-Type", "dev.knative.sources.ping")
	request.Header.Set("Ce-Specversion", "1.0")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	assert.Equal(t, http.StatusOK, answer.Code)
	assert.True(t, looked)
	assert.False(t, bool(body), "its body")
}

type unread bool

func (u *unread) Read([]byte) (int, error) {
	*u = true
	return 0, io.EOF
}
