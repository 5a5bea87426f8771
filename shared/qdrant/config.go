package qdrant

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

const (
	// DefaultTimeout is what memory may add to a call: without an answer by then
	// the conversation continues without memory, and says so.
	DefaultTimeout = 300 * time.Millisecond

	defaultPort    = 6334
	maxReplication = 16
	// maxBatchBytes bounds the points that one request writes, as they are encoded.
	maxBatchBytes = 8 << 20
	// maxMessageBytes bounds a request and an answer: two batches of points, so
	// that a page that Scroll asks for fits as a rule.
	maxMessageBytes = 2 * maxBatchBytes
)

// namePattern is narrower than Qdrant's own rule: the characters pass in URLs,
// files and metrics unchanged.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// Config is how to reach Qdrant, from the environment. A field left at zero
// takes its default.
type Config struct {
	// URL is the gRPC address, http://host:6334 or https://host:6334. Empty
	// means that there is no Qdrant.
	URL    string `env:"QDRANT_URL"`
	APIKey string `env:"QDRANT_API_KEY"`
	// Timeout bounds one request that reads; 0 is DefaultTimeout. One that writes
	// has WriteFactor times as long.
	Timeout time.Duration
	// Prefix starts the name of every collection, followed by an underscore.
	Prefix string `env:"QDRANT_COLLECTION_PREFIX" envDefault:"sequential_questioning"`
	// ReplicationFactor is how many nodes keep a collection that Ensure
	// creates, 1 to 16.
	ReplicationFactor uint32 `env:"QDRANT_REPLICATION_FACTOR" envDefault:"1"`
}

// withDefaults fills the fields that are zero, from the tags above. So code and
// environment have the same defaults.
func (c Config) withDefaults() (Config, error) {
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	err := env.ParseWithOptions(&c, env.Options{Environment: map[string]string{}, SetDefaultsForZeroValuesOnly: true})
	return c, err
}

// check reports all settings that are wrong, not only the first.
func (c Config) check() error {
	var wrong []error
	if c.Timeout < time.Millisecond || c.Timeout > time.Minute {
		wrong = append(wrong, fmt.Errorf("the timeout is %s: want 1ms to 1m", c.Timeout))
	}
	if !namePattern.MatchString(c.Prefix) {
		wrong = append(wrong, fmt.Errorf("QDRANT_COLLECTION_PREFIX is %q: want letters, digits, - and _, at most 100", c.Prefix))
	}
	if c.ReplicationFactor < 1 || c.ReplicationFactor > maxReplication {
		wrong = append(wrong, fmt.Errorf("QDRANT_REPLICATION_FACTOR is %d: want 1 to %d", c.ReplicationFactor, maxReplication))
	}
	return errors.Join(wrong...)
}

// address is where the client connects.
type address struct {
	host string
	port int
	tls  bool
}

// address reads URL. Errors leave the URL out: it could hold a password.
func (c Config) address() (address, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return address{}, errors.New("QDRANT_URL is no URL: want http://host:6334 or https://host:6334")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return address{}, errors.New("QDRANT_URL has no http:// or https:// in front")
	case u.User != nil:
		return address{}, errors.New("QDRANT_URL names a user: the key belongs in QDRANT_API_KEY")
	case u.Hostname() == "":
		return address{}, errors.New("QDRANT_URL names no host")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "":
		return address{}, errors.New("QDRANT_URL has something after the port: gRPC has no path")
	}
	a := address{host: bracketed(u.Hostname()), port: defaultPort, tls: u.Scheme == "https"}
	if u.Port() != "" {
		if a.port, err = strconv.Atoi(u.Port()); err != nil || a.port < 1 || a.port > 65535 {
			return address{}, fmt.Errorf("QDRANT_URL has port %s: want 1 to 65535", u.Port())
		}
	}
	return a, nil
}

// bracketed readies an IPv6 address for the client, which only adds the port.
// Hostname strips the brackets that a URL has.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
