package event

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
)

// NudgeConfig is where the relay is, from the environment.
//
// It is set for everything that commits events, and is the relay's cluster-local
// address on Knative.
type NudgeConfig struct {
	// URL of the relay; empty for none, and the relay's timer finds the events.
	URL string `env:"RELAY_URL"`
}

// nudgeTimeout bounds one nudge, in the background: a relay that has to start takes
// seconds, and answers when it has drained.
const nudgeTimeout = 10 * time.Second

// Nudger notifies the relay that events wait. It is best effort and never blocks:
// one request at a time, in the background, and one more for all calls that came
// meanwhile. A nil *Nudger does nothing.
type Nudger struct {
	config NudgeConfig
	client *http.Client
	ctx    context.Context
	cancel context.CancelFunc

	mu             sync.Mutex
	running, again bool
	idle           sync.WaitGroup
}

// NewNudger returns a nudger. A wrong setting is an error.
func NewNudger(config NudgeConfig) (*Nudger, error) {
	if config.URL != "" {
		if u, err := url.Parse(config.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("RELAY_URL is %q, want http://host/path or https://host/path", config.URL)
		}
	}
	n := &Nudger{config: config, client: &http.Client{Timeout: nudgeTimeout, Transport: inprocess.Transport(http.DefaultTransport)}}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n, nil
}

// Nudge returns at once. Call it after the commit. A nudge before the commit might
// find nothing, and its events would wait for the timer.
func (n *Nudger) Nudge() {
	if n == nil || n.config.URL == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.running {
		n.again = true
		return
	}
	if n.ctx.Err() != nil {
		return
	}
	n.running = true
	n.idle.Go(n.run)
}

// run posts until no call has asked for another nudge since the last one began.
// Errors are logged for debugging only: the relay's timer finds the events.
func (n *Nudger) run() {
	for {
		if err := n.post(); err != nil {
			slog.Debug("nudge the relay", "error", err)
		}
		n.mu.Lock()
		if !n.again || n.ctx.Err() != nil {
			n.running = false
			n.mu.Unlock()
			return
		}
		n.again = false
		n.mu.Unlock()
	}
}

func (n *Nudger) post() error {
	request, err := http.NewRequestWithContext(n.ctx, http.MethodPost, n.config.URL, nil)
	if err != nil {
		return err
	}
	response, err := n.client.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// Close waits up to a second for a request under way, then cancels it.
func (n *Nudger) Close() {
	if n == nil {
		return
	}
	impatient := time.AfterFunc(time.Second, n.cancel)
	n.idle.Wait()
	impatient.Stop()
	n.cancel()
	n.client.CloseIdleConnections()
}
