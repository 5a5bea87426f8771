package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// Retryable reports whether the same work may succeed later: the database was
// unreachable, overloaded, out of disk or memory, read-only or shutting down, or
// the work lost a race. It does not say whether the failed attempt took effect: a
// connection lost during a commit leaves that open. The caller's own cancellation
// is not retryable.
func Retryable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return retryableCode(server.Code) || renamed(server)
	}
	var (
		network *net.OpError
		name    *net.DNSError
	)
	switch {
	case pgconn.SafeToRetry(err), pgconn.Timeout(err):
		return true
	case errors.Is(err, context.DeadlineExceeded): // also while waiting for a free connection
		return true
	case errors.As(err, &network), errors.As(err, &name), errors.Is(err, net.ErrClosed):
		return true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// renamed reports whether the database was renamed while the connection to it was being
// made, as when a restore replaces it by another of the same name. PostgreSQL adds a
// detail then, and none where there is no such database.
func renamed(err *pgconn.PgError) bool { return err.Code == "3D000" && err.Detail != "" }

// retryableCode judges an error of the server by its SQLSTATE.
func retryableCode(code string) bool {
	switch code {
	case "25006", // read_only_sql_transaction: the server is a standby yet, or was made read-only
		"40001", // serialization_failure
		"40P01", // deadlock_detected
		"55P03", // lock_not_available
		"57014", // query_canceled, as by statement_timeout
		"57P01", // admin_shutdown
		"57P02", // crash_shutdown
		"57P03", // cannot_connect_now
		"57P05": // idle_session_timeout
		return true
	}
	return strings.HasPrefix(code, "08") || // connection_exception
		strings.HasPrefix(code, "53") // insufficient_resources: disk, memory, connections
}
