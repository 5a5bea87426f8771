package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
)

// Publisher delivers an event. An error that is not a *Refused means that it was not
// delivered.
type Publisher interface {
	Publish(context.Context, cloudevents.Event) error
}

// Consumer is a publisher that processes events of this database's outbox itself, many at
// a time, and deletes them in the transaction of their effect. Nobody has to claim them, to
// settle what became of them or to note that they are processed. It returns those that it
// processed. After an error, of whichever event, the relay claims and publishes each by itself.
type Consumer interface {
	Publisher
	Consume(context.Context, []Entry) (processed []Entry, err error)
}

// Refused is the answer of a sink that received an event and did not accept it.
type Refused struct {
	Status int // HTTP
	Body   string
}

func (r *Refused) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the sink answered %d %s: %s", r.Status, http.StatusText(r.Status), r.Body))
}

// Unavailable reports whether the answer is about the sink, not about the event.
func (r *Refused) Unavailable() bool {
	switch r.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Final reports whether another attempt would be in vain. Knative's brokers retry
// by the same rule.
func (r *Refused) Final() bool {
	switch r.Status {
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return false
	}
	return r.Status < 500
}

// SinkConfig is where events go, from the environment: what a Knative
// SinkBinding sets.
type SinkConfig struct {
	URL string `env:"K_SINK"`
	// Overrides is a JSON object whose extensions are set on every event.
	Overrides string `env:"K_CE_OVERRIDES"`
}

const (
	// publishTimeout bounds the delivery of one event. A broker that stores events
	// answers within milliseconds; one that takes longer is better tried again.
	publishTimeout = 5 * time.Second
	// defaultConcurrency is how many events a relay publishes at a time, and how many
	// connections to the sink stay open between them.
	defaultConcurrency = 32
)

// Sink publishes to a broker, or whatever takes CloudEvents, over HTTP in binary
// mode. It is safe for concurrent use.
type Sink struct {
	url        string
	extensions map[string]string
	signer     *Signer
	client     *http.Client
}

// NewSink returns a sink, which signs what it publishes, without connecting. One
// without a URL is unavailable: events wait until a SinkBinding sets it.
func NewSink(config SinkConfig, signer *Signer) (*Sink, error) {
	if u, err := url.Parse(config.URL); config.URL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("K_SINK is %q, want http://host/path or https://host/path", config.URL)
	}
	var overrides struct {
		Extensions map[string]string `json:"extensions"`
	}
	if config.Overrides != "" {
		if err := json.Unmarshal([]byte(config.Overrides), &overrides); err != nil {
			return nil, fmt.Errorf("K_CE_OVERRIDES is not the JSON that a SinkBinding sets: %w", err)
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = defaultConcurrency
	return &Sink{
		url:        config.URL,
		extensions: overrides.Extensions,
		signer:     signer,
		client: &http.Client{Timeout: publishTimeout, Transport: telemetry.Transport(inprocess.Transport(transport),
			func(r *http.Request) string { return "publish " + r.Header.Get("Ce-Type") })},
	}, nil
}

// Publish delivers one event.
func (s *Sink) Publish(ctx context.Context, e cloudevents.Event) error {
	if s.url == "" {
		return errors.New("K_SINK is not set; a SinkBinding sets it on Knative")
	}
	for name, value := range s.extensions {
		e.SetExtension(name, value)
	}
	if err := s.signer.Sign(&e); err != nil {
		return err
	}
	request, err := cloudevents.NewHTTPRequestFromEvent(ctx, s.url, e)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 == 2 {
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be reused
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, 500))
	return &Refused{Status: response.StatusCode, Body: strings.ToValidUTF8(string(body), "")}
}

// Close releases idle connections.
func (s *Sink) Close() { s.client.CloseIdleConnections() }
