package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
	"syscall"
	"time"

	"knative.dev/networking/pkg/http/header"
)

// proxy forwards requests by the routes in force.
// Routes are replaced as a whole; a request keeps those that it began with. There are two
// transports because a backend without TLS cannot negotiate HTTP/2.
type proxy struct {
	routes     atomic.Pointer[routes]
	http1, h2c *http.Transport
}

// newProxy has no routes yet and answers 404.
func newProxy() *proxy {
	p := &proxy{http1: newTransport(), h2c: newTransport()}
	p.http1.Protocols.SetHTTP1(true)
	p.h2c.Protocols.SetUnencryptedHTTP2(true)
	p.routes.Store(&routes{})
	return p
}

// newTransport keeps idle connections only briefly: a Service's address moves between the
// activator and pods, and connections to a deleted pod break.
func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:         dial,
		Protocols:           new(http.Protocols),
		MaxIdleConnsPerHost: 128,
		IdleConnTimeout:     time.Second,
		DisableCompression:  true,
	}
}

// dial retries refused connections while the node does not know a Service's first endpoint
// yet.
// 3 s cover the delay of kube-proxy's rules. A refused connection has sent nothing, so
// retrying is safe for every method.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	patience := time.Now().Add(3 * time.Second)
	dialer := net.Dialer{Timeout: 5 * time.Second}
	for {
		connection, err := dialer.DialContext(ctx, network, address)
		if !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(patience) {
			return connection, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// moved drops idle connections after a change of endpoints.
// Requests in flight finish on their connections.
func (p *proxy) moved() {
	p.http1.CloseIdleConnections()
	p.h2c.CloseIdleConnections()
}

// public serves what the world may see.
func (p *proxy) public(w http.ResponseWriter, r *http.Request) {
	p.forward(w, r, p.routes.Load().public)
}

// internal serves that too, and hosts that are visible in the cluster only.
func (p *proxy) internal(w http.ResponseWriter, r *http.Request) {
	p.forward(w, r, p.routes.Load().internal)
}

// forward sends a request to a backend. Bodies are streamed and flushed at once, for events
// and upgrades. X-Forwarded-For is passed on and extended.
func (p *proxy) forward(w http.ResponseWriter, r *http.Request, hosts map[string][]path) {
	// Without it a response before the end of the request may be cut.
	_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 always is
	way := find(hosts, r)
	if way == nil {
		http.NotFound(w, r)
		return
	}
	target := way.choose()
	if target == nil {
		http.NotFound(w, r)
		return
	}
	reverse := httputil.ReverseProxy{
		Transport:     p.http1,
		FlushInterval: -1,
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(target.address)
			request.Out.Host = request.In.Host
			request.Out.Header["X-Forwarded-For"] = request.In.Header["X-Forwarded-For"]
			request.SetXForwarded()
			for _, headers := range []map[string]string{way.appended, target.appended} {
				for name, value := range headers {
					request.Out.Header.Set(name, value)
				}
			}
			if way.host != "" {
				request.Out.Header.Set(header.OriginalHostKey, request.In.Host)
				request.Out.Host = way.host
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.Printf("%s %s%s at %s: %v", r.Method, r.Host, r.URL.Path, target.address.Host, err)
			// The body stays empty: the error names addresses, which belong into the log.
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	if target.h2c {
		reverse.Transport = p.h2c
	}
	reverse.ServeHTTP(w, r)
}

// serve speaks HTTP/1 and HTTP/2 without TLS.
// Only the header has a limit of time: streams may last as long as they want.
func serve(address string, handler http.HandlerFunc) error {
	server := http.Server{Addr: address, Handler: handler, Protocols: new(http.Protocols), ReadHeaderTimeout: time.Minute}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return server.ListenAndServe()
}
