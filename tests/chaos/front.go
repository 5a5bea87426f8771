package main

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"time"
)

// retryAt is the interval at which it looks for a replica that is up again.
const (
	// maxBody is the maximum size of a request body, which the front buffers for another
	// replica. It is the gateway's own limit.
	maxBody = 1 << 20
	// heldBack is how long a request waits for a replica if none is up, as in Knative's
	// activator during a cold start.
	heldBack = 10 * time.Second
	retryAt  = 20 * time.Millisecond
)

// front routes http://front/<function>/… to the functions' replicas in turn, and to
// the next one if a connection is refused. If a connection breaks later, the caller
// must retry, as on a cluster. It stands in for Knative's activator and queue-proxy
// as far as clients notice them.
// It knows nothing of health: a replica is up from its start to its kill.
type front struct {
	server  *http.Server
	address string
	proxy   *httputil.ReverseProxy

	mu    sync.Mutex
	up    map[string][]string // addresses by function and replica; "" if down
	turns map[string]int
}

// startFront listens on a free port of loopback.
func startFront() (*front, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{address: listener.Addr().String(), up: map[string][]string{}, turns: map[string]int{}}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}
	f.proxy = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) {},
		Transport:     roundTripper(func(r *http.Request) (*http.Response, error) { return f.send(transport, r) }),
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			status := http.StatusBadGateway
			if errors.Is(err, errNoneUp) {
				status = http.StatusServiceUnavailable
			}
			http.Error(w, "front: "+err.Error(), status)
		},
	}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }()
	return f, nil
}

// roundTripper makes a function an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// url returns a function's URL.
func (f *front) url(function string) string { return "http://" + f.address + "/" + function }

// set sets a replica's address; "" means down.
func (f *front) set(function string, replica int, address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.up[function]) <= replica {
		f.up[function] = append(f.up[function], "")
	}
	f.up[function][replica] = address
}

// replicas returns the addresses that are up, in another order for each request.
// The order is round robin, so that every replica serves every conversation.
func (f *front) replicas(function string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.up[function]
	f.turns[function]++
	var up []string
	for i := range all {
		if address := all[(f.turns[function]+i)%len(all)]; address != "" {
			up = append(up, address)
		}
	}
	return up
}

// ServeHTTP keeps the body in memory, because the request may have to be sent to a
// second replica, and answers while the body may still be arriving, as HTTP/1.1
// allows.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "front: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	_ = http.NewResponseController(w).EnableFullDuplex()
	f.proxy.ServeHTTP(w, r)
}

// errNoneUp ends a request after heldBack.
var errNoneUp = errors.New("no replica is up")

// send tries the replicas one after the other while connections are refused. A
// refused connection was not received by anyone, so trying another replica is safe;
// after that nothing is repeated here.
// A request in flight when its replica dies ends as a broken connection: whether it took
// effect is for the caller to find out by repeating it.
func (f *front) send(transport http.RoundTripper, r *http.Request) (*http.Response, error) {
	function, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	for began := time.Now(); time.Since(began) < heldBack; time.Sleep(retryAt) {
		for _, address := range f.replicas(function) {
			out := r.Clone(r.Context())
			out.URL.Scheme, out.URL.Host, out.URL.Path, out.Host = "http", address, "/"+rest, address
			if r.GetBody != nil {
				out.Body, _ = r.GetBody() // it never fails
			}
			response, err := transport.RoundTrip(out)
			if refused := (*net.OpError)(nil); errors.As(err, &refused) && refused.Op == "dial" && r.Context().Err() == nil {
				continue
			}
			return response, err
		}
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
	}
	return nil, errNoneUp
}

// close ends connections in use as well.
func (f *front) close() { f.server.Close() }
