// Package modeltest is a server that speaks the parts of OpenAI's API that the project
// uses, and gives the answers that a test queues. Begin with NewServer.
package modeltest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// Request is what a client sent.
type Request struct {
	At     time.Time
	Path   string
	Header http.Header
	Body   map[string]any

	gone <-chan struct{} // closed when the client has hung up
}

// wait returns early when the client hangs up, so that no test waits for a server
// that nobody listens to.
func (r Request) wait(pause time.Duration) {
	select {
	case <-r.gone:
	case <-time.After(pause):
	}
}

// System and User are the contents of a chat's two messages.
func (r Request) System() string { return r.message("system") }

// User is the content of the user's message.
func (r Request) User() string { return r.message("user") }

func (r Request) message(role string) string {
	messages, _ := r.Body["messages"].([]any)
	for _, m := range messages {
		if message, _ := m.(map[string]any); message["role"] == role {
			content, _ := message["content"].(string)
			return content
		}
	}
	return ""
}

// Format is the type of response_format, "" without one.
func (r Request) Format() string {
	format, _ := r.Body["response_format"].(map[string]any)
	name, _ := format["type"].(string)
	return name
}

// Answer answers one request. It runs in a goroutine of the server, and may stall
// or break the connection.
type Answer func(w http.ResponseWriter, r Request)

// Server gives its answers in the order in which they were queued, and the last
// one from then on.
type Server struct {
	// URL is the address to configure, up to the version.
	URL string

	server   *httptest.Server
	mu       sync.Mutex
	queue    []Answer
	requests []Request
}

// NewServer starts a server that ends with the test.
func NewServer(t testing.TB, answers ...Answer) *Server {
	t.Helper()
	s := &Server{queue: answers}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.server.URL + "/v1"
	t.Cleanup(func() {
		s.server.CloseClientConnections() // ends the slow answers
		s.server.Close()
	})
	return s
}

// Then replaces the answers still to be given. The last one is given from then on.
func (s *Server) Then(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = answers
}

// Requests returns what came so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// serve records the request before it answers: a test that has its answer finds the
// request in Requests.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	request := Request{At: time.Now(), Path: r.URL.Path, Header: r.Header, gone: r.Context().Done()}
	if json.Unmarshal(raw, &request.Body) != nil {
		http.Error(w, "the body is not a JSON object", http.StatusBadRequest)
		return
	}
	s.next(request)(w, request)
}

func (s *Server) next(r Request) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	if len(s.queue) == 0 {
		return Status(http.StatusNotImplemented, "nothing is queued")
	}
	answer := s.queue[0]
	if len(s.queue) > 1 {
		s.queue = s.queue[1:]
	}
	return answer
}
