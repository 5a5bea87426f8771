package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/model/modeltest"
)

// Every so many deliveries or operations go wrong.
const (
	brokerRefuses = 11
	brokerGivesUp = 100
	modelFails    = 6
	brokerTries   = time.Second
)

// outside is what a cluster has around the functions.
type outside struct {
	broker, model *httptest.Server
	collector     *httptest.Server       // takes traces: metrics name the trace of a call then
	functions     atomic.Pointer[string] // the address at which relay and indexer listen
	events, asked atomic.Int64
	mu            sync.Mutex
}

func newOutside() *outside {
	o := &outside{}
	o.broker = httptest.NewServer(http.HandlerFunc(o.deliver))
	o.model = httptest.NewServer(http.HandlerFunc(o.complete))
	o.collector = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	return o
}

func (o *outside) close() {
	o.collector.Close()
	o.broker.Close()
	o.model.Close()
}

var functionsPort = regexp.MustCompile(`http_client_request_duration_seconds_count\{[^}]*server_port="(\d+)"`)

// connect lets the broker know where the functions listen: the gateway's metrics
// say it once it has called one.
func (o *outside) connect(ctx context.Context, s *Stage) error {
	person, err := s.newPerson(ctx, 0)
	if err != nil {
		return err
	}
	defer person.close()
	if _, err := person.call(ctx, recallTool, map[string]any{"query": "anything"}); err != nil {
		return err
	}
	page, err := s.Scrape(ctx)
	if err != nil {
		return err
	}
	broker := "server_port=\"" + o.broker.URL[len("http://127.0.0.1:"):] + "\""
	for _, match := range functionsPort.FindAllStringSubmatch(page, -1) {
		if !bytes.Contains([]byte(match[0]), []byte(broker)) {
			address := "http://127.0.0.1:" + match[1]
			o.functions.Store(&address)
			return nil
		}
	}
	return errors.New("the gateway's metrics do not say where functions listen")
}

// deliver is a broker: it passes events on to the indexer, and those that it gives
// up to the relay.
func (o *outside) deliver(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	address, n := o.functions.Load(), o.events.Add(1)
	if err != nil || address == nil || n%brokerRefuses == 0 {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	if n%brokerGivesUp == 0 {
		// It took the event, tried for a while, and brings it back.
		time.AfterFunc(brokerTries, func() { _, _ = pass(context.Background(), *address+"/relay/dead-letters", r.Header, body) })
		return
	}
	status, err := pass(r.Context(), *address+"/indexer/", r.Header, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(status)
}

func pass(ctx context.Context, url string, header http.Header, body []byte) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header = header.Clone()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	response.Body.Close()
	return response.StatusCode, nil
}

// complete is a model that rewords questions.
func (o *outside) complete(w http.ResponseWriter, r *http.Request) {
	request := modeltest.Request{Path: r.URL.Path, Header: r.Header}
	if json.NewDecoder(r.Body).Decode(&request.Body) != nil || o.asked.Add(1)%modelFails == 0 {
		http.Error(w, "overloaded", http.StatusServiceUnavailable)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	modeltest.Rewords(func(question string) string { return "Please tell me: " + question })(w, request)
}
