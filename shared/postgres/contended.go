package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// Contended reports whether a transaction lost a race with another and left no
// trace: running it again at once is right.
func Contended(err error) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && (server.Code == "40001" || server.Code == "40P01")
}
