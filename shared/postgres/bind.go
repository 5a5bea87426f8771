package postgres

import "github.com/jackc/pgx/v5"

// BindPrincipal has a batch begin by making the rows of a principal, and no
// others, visible to its transaction: row security goes by app.principal until
// the transaction ends. A query that finds a row by what callers choose asks for
// the principal all the same, for roles that row security does not bind.
func BindPrincipal(batch *pgx.Batch, principal string) {
	batch.Queue(`SELECT set_config('app.principal', $1, true)`, principal)
}
