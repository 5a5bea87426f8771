package delivery

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"sync"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
)

// Qdrant is the project's embedded server of Qdrant's API, reachable from the cluster.
// Tests stop it to see what happens without memory. Its content is lost then, as it would be
// in a cluster that lost its volume.
type Qdrant struct {
	URL     string
	address string
	key     string

	mu     sync.Mutex
	server *embedded.Server
}

// startQdrant listens on a free port of address and keeps it for restarts.
func startQdrant(address string) (*Qdrant, error) {
	q := &Qdrant{address: net.JoinHostPort(address, "0"), key: rand.Text()}
	if err := q.Start(); err != nil {
		return nil, err
	}
	q.URL = q.server.URL()
	at, err := url.Parse(q.URL)
	if err != nil {
		return nil, err
	}
	q.address = at.Host // keep the address for restarts
	return q, nil
}

// Start starts the server, empty.
func (q *Qdrant) Start() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	server, err := embedded.Start(embedded.Options{Address: q.address, APIKey: q.key})
	if err != nil {
		return fmt.Errorf("start Qdrant: %w", err)
	}
	q.server = server
	return nil
}

// Stop stops the server and drops its data.
func (q *Qdrant) Stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	_ = q.server.Close() // never fails
}

// Environment returns the variables with which programs on this machine reach it.
func (q *Qdrant) Environment() []string {
	return []string{"QDRANT_URL=" + q.URL, "QDRANT_API_KEY=" + q.key}
}
