package postgrestest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Exec runs a statement as the superuser on a database that New returned. It sees the
// rows of all principals.
func Exec(t testing.TB, url, statement string, arguments ...any) {
	t.Helper()
	asAdmin(t, url, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement, arguments...)
		return err
	})
}

// Count returns the number that a query selects, as Exec runs it.
func Count(t testing.TB, url, query string, arguments ...any) int {
	t.Helper()
	return Value[int](t, url, query, arguments...)
}

// Value returns the one value that a query selects, as Exec runs it.
func Value[T any](t testing.TB, url, query string, arguments ...any) (value T) {
	t.Helper()
	asAdmin(t, url, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, query, arguments...).Scan(&value)
	})
	return value
}

// asAdmin opens a connection for one use, so that none is left when the database is
// dropped.
func asAdmin(t testing.TB, url string, run func(context.Context, *pgx.Conn) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), AdminURL(t, url))
	if err != nil {
		t.Fatalf("postgrestest: connect as superuser: %v", err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if err := run(t.Context(), conn); err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
}
