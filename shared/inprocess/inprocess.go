// Package inprocess connects the parts of one program that listen on separate ports on
// a cluster: requests to a host under Domain go to the handler that is registered for
// it, without a socket that others could reach. So the local program runs the same
// code as a cluster, addresses included. Begin with Serve and Transport.
package inprocess

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
)

// Domain ends the names of hosts in this process. Names outside it are resolved
// as everywhere.
const Domain = ".in-process"

// Dialer opens a connection to a server in this process.
type Dialer func(context.Context) (net.Conn, error)

var (
	// mu guards both maps, which are global because the code that dials gets a URL
	// and no reference to the program around it.
	mu       sync.RWMutex
	handlers = map[string]*served{} // by host
	dialers  = map[string]Dialer{}  // by host
)

// served is a handler and the requests that it works on.
type served struct {
	http.Handler
	underWay sync.WaitGroup
}

// Serve routes requests to http://name.in-process to the handler. It replaces an
// earlier handler of that name. stop refuses new requests and waits for those under
// way until its context ends.
func Serve(name string, handler http.Handler) (stop func(context.Context) error) {
	mu.Lock()
	defer mu.Unlock()
	s := &served{Handler: handler}
	handlers[name+Domain] = s
	return func(ctx context.Context) error {
		mu.Lock()
		if handlers[name+Domain] == s {
			delete(handlers, name+Domain)
		}
		mu.Unlock()
		idle := make(chan struct{})
		go func() { s.underWay.Wait(); close(idle) }()
		select {
		case <-idle:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Listen opens connections to name.in-process by dial until stop is called. It is for
// protocols other than HTTP, such as gRPC.
func Listen(name string, dial Dialer) (stop func()) {
	mu.Lock()
	defer mu.Unlock()
	dialers[name+Domain] = dial
	return func() {
		mu.Lock()
		defer mu.Unlock()
		delete(dialers, name+Domain)
	}
}

// Dial connects to a host under Domain. Nothing is queued: without a server the
// error is that of a closed port.
func Dial(ctx context.Context, host string) (net.Conn, error) {
	mu.RLock()
	dial := dialers[host]
	mu.RUnlock()
	if dial == nil {
		return nil, refused(host)
	}
	return dial(ctx)
}

// Transport sends requests to hosts under Domain to their handlers, and all others
// to next. Trailers, protocol upgrades and 1xx answers are not carried.
func Transport(next http.RoundTripper) http.RoundTripper { return transport{next} }

type transport struct{ next http.RoundTripper }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Hostname()
	if !strings.HasSuffix(host, Domain) {
		return t.next.RoundTrip(r)
	}
	mu.RLock()
	s := handlers[host]
	if s != nil {
		s.underWay.Add(1) // under the lock, so that stop waits for it
	}
	mu.RUnlock()
	if s == nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, refused(host)
	}
	return exchange(s, r)
}

// CloseIdleConnections does so for requests that leave the process.
func (t transport) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// address names a host in errors.
type address string

func (address) Network() string  { return "in-process" }
func (a address) String() string { return string(a) }

// refused is the error of a closed port, so that callers retry as they would then.
func refused(host string) error {
	return &net.OpError{Op: "dial", Net: "in-process", Addr: address(host), Err: syscall.ECONNREFUSED}
}
