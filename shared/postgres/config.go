package postgres

import "time"

// Config is how to reach the database, from the environment.
type Config struct {
	// URL is a connection string, such as postgres://user:password@host:5432/database.
	URL            string        `env:"DATABASE_URL"`
	MaxConns       int32         `env:"DATABASE_MAX_CONNS" envDefault:"4"`
	MaxIdle        time.Duration `env:"DATABASE_MAX_IDLE" envDefault:"5m"`
	ConnectTimeout time.Duration `env:"DATABASE_CONNECT_TIMEOUT" envDefault:"5s"`
	// StatementTimeout and LockTimeout are kept by the server; zero means none.
	// A URL that sets statement_timeout or lock_timeout itself wins.
	StatementTimeout time.Duration `env:"DATABASE_STATEMENT_TIMEOUT" envDefault:"5s"`
	LockTimeout      time.Duration `env:"DATABASE_LOCK_TIMEOUT" envDefault:"3s"`
	// ApplicationName is shown in the server's list of connections, unless the
	// URL names another.
	ApplicationName string `env:"DATABASE_APPLICATION_NAME" envDefault:"sequential-questioning"`
}
