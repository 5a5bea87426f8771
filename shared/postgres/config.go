package postgres

import (
	"context"
	"time"
)

// Config is how to reach the database, from the environment.
type Config struct {
	// URL is a connection string, such as postgres://user:password@host:5432/database.
	URL string `env:"DATABASE_URL"`
	// MaxConns bounds the connections of one instance: of all instances together
	// they have to fit the server's max_connections.
	MaxConns int32 `env:"DATABASE_MAX_CONNS" envDefault:"4"`
	// Parameters are the server's run-time parameters of each connection, by name,
	// for a program whose work is none of a function's. They win over this
	// package's own, and a parameter of the URL wins over both.
	Parameters map[string]string
	// Locate, unless nil, is asked for the connection string, instead of URL, whenever a
	// connection is made: of a server that starts after the pool is opened.
	Locate func(context.Context) (string, error)
}

const (
	// connectTimeout bounds one try to connect, unless the URL's connect_timeout
	// does: a call that waits longer is near the timeout of its gateway.
	connectTimeout = 5 * time.Second
	// maxIdle is how long a connection is kept for the next call. Conversations come
	// in bursts, and a server has more functions than connections to spare.
	maxIdle = 5 * time.Minute
)

// parameters are what the server keeps for a connection of a function. Roles get
// the same limits (gitops/operate/database, gitops/platform/postgres), because a
// pooler does not pass them on.
func parameters() map[string]string {
	return map[string]string{
		// Every statement of a call takes milliseconds. One that takes seconds holds a
		// connection that other calls wait for, and is better tried again.
		"statement_timeout": "5s",
		// Less than a statement's, so that the error says what was waited for.
		"lock_timeout": "3s",
		// Shown in pg_stat_activity.
		"application_name": "sequential-questioning",
	}
}
