package delivery

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

// SignatureExtension is the CloudEvents extension attribute that proves that an
// event is the relay's: v1.<key id>.<base64url of an HMAC-SHA256>. A broker passes
// extensions on, but may change the mode of the event and the formatting of its data.
const SignatureExtension = "signature"

const signatureVersion = "v1"

// SigningConfig is what the relay and its consumers share, from the environment.
type SigningConfig struct {
	// Keys is a key ring, "id:base64,…": the first key signs, all of them verify.
	Keys string `env:"EVENT_SIGNING_KEYS"`
}

// Signer signs events and verifies that they are signed. It is safe for
// concurrent use.
//
// A signature says that the relay published the event, not when: it does not prevent
// replay, and consumers deduplicate by source and id.
type Signer struct {
	ring    []keyring.Key
	refused metric.Int64Counter
}

// NewSigner returns the signer that the configuration asks for. A key ring that is
// missing or malformed is an error, which never contains a key.
func NewSigner(config SigningConfig) (*Signer, error) {
	ring, err := keyring.Parse(config.Keys)
	if err != nil {
		return nil, fmt.Errorf("EVENT_SIGNING_KEYS %w", err)
	}
	refused, _ := otel.Meter(meterName).Int64Counter("questioning.events.refused", // errs on a bad name only
		metric.WithDescription("Events refused because the relay had not signed them, by reason: unsigned or forged."))
	return &Signer{ring, refused}, nil
}

// Sign signs the event as it is now: what names it, what it is about, and its data.
func (s *Signer) Sign(e *cloudevents.Event) error {
	data, err := canonical(e.Data())
	if err != nil {
		return fmt.Errorf("sign event: %w", err)
	}
	key := s.ring[0]
	mac := base64.RawURLEncoding.EncodeToString(authenticate(key, e, data))
	e.SetExtension(SignatureExtension, strings.Join([]string{signatureVersion, key.ID, mac}, "."))
	return nil
}

// Why an event is not the relay's.
var (
	errUnsigned = errors.New("the event is not signed")
	errForged   = errors.New("the event's signature is none of a key known here, or of another event")
)

// Verify checks the event's signature. The event's data is then written as it was
// signed, so that there is one way to read it.
func (s *Signer) Verify(e *cloudevents.Event) error {
	signature, _ := e.Extensions()[SignatureExtension].(string)
	if signature == "" {
		return errUnsigned
	}
	parts := strings.Split(signature, ".")
	if len(parts) != 3 || parts[0] != signatureVersion {
		return errForged
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return errForged
	}
	for _, key := range s.ring {
		if key.ID != parts[1] {
			continue
		}
		data, err := canonical(e.Data())
		if err != nil || !hmac.Equal(mac, authenticate(key, e, data)) {
			return errForged
		}
		e.DataEncoded, e.DataBase64 = data, false
		return nil
	}
	return errForged
}

// Receive reads the event of a request, structured or binary, and verifies it. If
// that fails, it answers the request with a status that no broker retries, and
// returns false.
func (s *Signer) Receive(w http.ResponseWriter, r *http.Request) (*cloudevents.Event, bool) {
	e, ok := receive(w, r)
	if !ok {
		return nil, false
	}
	if err := s.Verify(e); err != nil {
		s.count(r.Context(), err)
		slog.WarnContext(r.Context(), "event refused", "event", e.ID(), "type", e.Type(), "source", e.Source(), "error", err)
		http.Error(w, err.Error(), http.StatusForbidden)
		return nil, false
	}
	return e, true
}

func (s *Signer) count(ctx context.Context, err error) {
	reason := "forged"
	if errors.Is(err, errUnsigned) {
		reason = "unsigned"
	}
	s.refused.Add(ctx, 1, metric.WithAttributes(attribute.String("reason", reason)))
}

// authenticate covers all that a consumer goes by, each part with its length, so
// that no two events look the same.
func authenticate(key keyring.Key, e *cloudevents.Event, data []byte) []byte {
	var message []byte
	for _, part := range []string{signatureVersion, key.ID, e.ID(), e.Source(), e.Type(), e.Subject(), string(data)} {
		message = binary.AppendUvarint(message, uint64(len(part)))
		message = append(message, part...)
	}
	mac := hmac.New(sha256.New, key.Secret)
	mac.Write(message)
	return mac.Sum(nil)
}

// canonical writes JSON in the one way in which it is signed: a broker that keeps
// events in structured mode may have written it with other spaces or in another
// order. Numbers stay as they are written. Data that is not JSON is signed as it is.
func canonical(data []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return data, nil
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return data, nil
	}
	return json.Marshal(value)
}
