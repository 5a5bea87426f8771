package gateway

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

const (
	// readinessPath is served by every function's runtime. The request makes Knative
	// start an instance, and the instance open its connections.
	readinessPath = "/health/readiness"
	// awake is how long a function is taken to stay up after a request, so that at
	// most one request in this time wakes it. Knative keeps an idle instance for at
	// least 60 s, its stable window.
	awake = 30 * time.Second
	// maxListings is how often a client may list without calling a tool and still
	// have a function woken: a monitor lists for ever and calls nothing. Connecting
	// takes two requests.
	maxListings = 6
	// maxClients bounds how many principals are remembered for that.
	maxClients = 10_000
)

// waker starts the functions that will probably be called next, while the person
// thinks or the client reads: a call that has to start a function takes seconds. It
// never waits, and nothing depends on it: a call starts a function that is not up.
// A nil *waker does nothing.
type waker struct {
	life    context.Context
	client  *http.Client
	targets map[string]*target // by tool
	first   []*target          // what a new client calls
	resumes []*target          // what a client calls that returns to a conversation
	wakes   metric.Int64Counter

	mu       sync.Mutex
	contacts map[string]time.Time // by function: the last request
	listings map[string]int       // by principal: since its last call
	underWay sync.WaitGroup
}

// newWaker returns a waker whose requests end, at the latest, with life.
func newWaker(life context.Context, config Config, targets map[string]*target, listed *catalogue, transport http.RoundTripper, wakes metric.Int64Counter) *waker {
	if !config.WakeFunctions {
		return nil
	}
	k := &waker{
		life: life, client: &http.Client{Timeout: config.FunctionTimeout, Transport: transport}, targets: targets, wakes: wakes,
		contacts: map[string]time.Time{}, listings: map[string]int{},
	}
	for _, entry := range listed.tools {
		if entry.first {
			k.first = append(k.first, targets[entry.tool.Name])
		}
		if entry.resumes {
			k.resumes = append(k.resumes, targets[entry.tool.Name])
		}
	}
	return k
}

// started wakes what continues a conversation: the gateway itself was just started, maybe
// for a call of it. It wakes nothing else, because instances that start together slow
// each other down, and a client that opens a conversation lists the tools before.
func (k *waker) started() {
	if k != nil {
		k.wakeAll(k.resumes)
	}
}

// listing wakes what a client that reads the catalogue calls next.
func (k *waker) listing(ctx context.Context) {
	if k != nil && k.count(principal.From(ctx)) {
		k.wakeAll(k.first)
	}
}

// count reports whether the principal's listing may still wake a function.
func (k *waker) count(who string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.listings) >= maxClients {
		clear(k.listings)
	}
	k.listings[who]++
	return k.listings[who] <= maxListings
}

// called notes a call of a tool, whose function is up by now, and wakes the functions
// of the tools that its result says are called next.
func (k *waker) called(ctx context.Context, t *target, next string) {
	if k == nil {
		return
	}
	k.mu.Lock()
	k.contacts[t.function] = time.Now()
	delete(k.listings, principal.From(ctx))
	k.mu.Unlock()
	for tool := range strings.SplitSeq(next, ",") {
		if named := k.targets[strings.TrimSpace(tool)]; named != nil {
			k.wakeAll([]*target{named})
		}
	}
}

// wakeAll sends a request to each function that may be at rest.
func (k *waker) wakeAll(targets []*target) {
	for _, t := range targets {
		if k.due(t.function) {
			k.underWay.Go(func() { k.wake(t) })
		}
	}
}

// due reports whether a function has to be woken, and takes it for woken.
func (k *waker) due(function string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.life.Err() != nil || time.Since(k.contacts[function]) < awake {
		return false
	}
	k.contacts[function] = time.Now()
	return true
}

func (k *waker) wake(t *target) {
	k.wakes.Add(k.life, 1, metric.WithAttributes(attribute.String("tool", t.tool.Name)))
	address := url.URL{Scheme: t.url.Scheme, Host: t.url.Host, Path: readinessPath}
	request, err := http.NewRequestWithContext(k.life, http.MethodGet, address.String(), nil)
	if err != nil {
		return
	}
	response, err := k.client.Do(request)
	if err != nil {
		slog.DebugContext(k.life, "function not woken", "function", t.function, "error", err)
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 4<<10)) // so that the connection can be used by the call
	_ = response.Body.Close()
}

// close waits for the requests, which end with the gateway's life.
func (k *waker) close() {
	if k != nil {
		k.underWay.Wait()
	}
}
