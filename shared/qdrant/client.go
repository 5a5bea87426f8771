package qdrant

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
)

// WriteFactor is how many times Config.Timeout one request of Ensure, Upsert,
// Delete and Drop may take: it waits until the change is applied.
const WriteFactor = 10

// reconnect is how a lost connection is sought again: soon and steadily, since
// calls fail at once in between.
var reconnect = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
	MinConnectTimeout: 2 * time.Second,
}

// Client is a connection to one Qdrant, through which all collections with the
// configured prefix are reached. It is safe for concurrent use; its owner closes it.
type Client struct {
	api    *api.Client
	config Config
}

// Open checks the settings and connects to nothing: that is left to the first
// call. With an empty URL the error is ErrNotConfigured; any other names the
// setting that is wrong.
func Open(config Config) (*Client, error) {
	if config.URL == "" {
		return nil, ErrNotConfigured
	}
	config, err := config.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("qdrant: %w", err)
	}
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("qdrant: %w", err)
	}
	address, err := config.address()
	if err != nil {
		return nil, fmt.Errorf("qdrant: %w", err)
	}
	options := []grpc.DialOption{
		grpc.WithConnectParams(reconnect),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(maxMessageBytes),
			grpc.MaxCallSendMsgSize(maxMessageBytes)),
	}
	if host := address.host; strings.HasSuffix(host, inprocess.Domain) {
		address.host = "passthrough:///" + host // no name to resolve
		options = append(options, grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return inprocess.Dial(ctx, host)
		}))
	}
	client, err := api.NewClient(&api.Config{
		Host: address.host, Port: address.port, UseTLS: address.tls, APIKey: config.APIKey,
		// One HTTP/2 connection carries concurrent calls. The check would call Qdrant
		// before the first call needs it.
		PoolSize: 1, SkipCompatibilityCheck: true,
		GrpcOptions: options,
	})
	if err != nil {
		return nil, fmt.Errorf("qdrant: QDRANT_URL: %w", err)
	}
	return &Client{api: client, config: config}, nil
}

// Close ends the connection. Calls under way fail.
func (c *Client) Close() error { return c.api.Close() }

// Ready says whether Qdrant answers and takes the key.
func (c *Client) Ready(ctx context.Context) error {
	return c.read(ctx, "ready", "", func(ctx context.Context) error {
		// A health check needs no key, so a wrong one would not show.
		_, err := c.api.CollectionExists(ctx, c.config.Prefix)
		return err
	})
}

// read bounds a request that a call waits for.
func (c *Client) read(ctx context.Context, operation, collection string, do func(context.Context) error) error {
	return bounded(ctx, c.config.Timeout, operation, collection, do)
}

// write bounds a request that changes something, or is a part of such a change.
func (c *Client) write(ctx context.Context, operation, collection string, do func(context.Context) error) error {
	return bounded(ctx, WriteFactor*c.config.Timeout, operation, collection, do)
}

// bounded gives a request its time and its error a kind.
func bounded(ctx context.Context, timeout time.Duration, operation, collection string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return explain(operation, collection, do(ctx))
}

// name is the collection's name on the server. The prefix keeps environments apart
// that share a Qdrant.
func (c *Client) name(collection string) (string, error) {
	if !namePattern.MatchString(collection) {
		return "", fmt.Errorf("qdrant: collection is %q: want letters, digits, - and _, at most 100", collection)
	}
	return c.config.Prefix + "_" + collection, nil
}
