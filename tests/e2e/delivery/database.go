package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
)

// Database is a PostgreSQL on this machine that the cluster can reach.
// It keeps fsync on, as production does, since the figures contain its time.
type Database struct {
	*embedded.Server
	address string // host:port for the cluster
}

// startDatabase starts a server and makes it reachable at an address of this machine,
// on a free port. The forwarding ends with the process.
// The forwarding is needed because the server listens on loopback only, for the safety of
// everybody else who uses it.
func startDatabase(ctx context.Context, folder, address string) (*Database, error) {
	server, err := embedded.Start(ctx, embedded.Options{Dir: folder})
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for PostgreSQL: %w", err), server.Stop(ctx))
	}
	go forward(listener, server.URL())
	return &Database{Server: server, address: listener.Addr().String()}, nil
}

// forward forwards connections to the server, which only listens on loopback. It copies
// bytes, so that TLS, cancellation and replication would work as well.
// Either end closes both.
func forward(listener net.Listener, server string) {
	at, err := url.Parse(server)
	if err != nil {
		return
	}
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer from.Close()
			to, err := net.Dial("tcp", at.Host)
			if err != nil {
				return
			}
			defer to.Close()
			go func() {
				defer to.Close()
				_, _ = io.Copy(to, from)
			}()
			_, _ = io.Copy(from, to)
		}()
	}
}

// at returns a database's URLs for this machine and, at host, for the cluster.
// Both have the same credentials and the same database; only the host differs.
type at struct{ here, there string }

// at keeps the server's parameters; host is host:port as the cluster sees it.
func (d *Database) at(database, role, password, host string) (at, error) {
	u, err := url.Parse(d.URL())
	if err != nil {
		return at{}, err
	}
	u.User, u.Path = url.UserPassword(role, password), "/"+database
	here := u.String()
	u.Host = host
	return at{here, u.String()}, nil
}
