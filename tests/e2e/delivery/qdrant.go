package delivery

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"sync"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
)

// Qdrant is the project's own server of Qdrant's API, within the cluster's reach.
type Qdrant struct {
	URL     string
	address string
	key     string

	mu     sync.Mutex
	server *embedded.Server
}

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
	q.address = at.Host // the same one when it is started again
	return q, nil
}

// Start starts it, with nothing in it.
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

// Stop stops it; it forgets everything.
func (q *Qdrant) Stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	_ = q.server.Close() // never fails
}

// Environment is what programs on this machine need to reach it.
func (q *Qdrant) Environment() []string {
	return []string{"QDRANT_URL=" + q.URL, "QDRANT_API_KEY=" + q.key}
}
