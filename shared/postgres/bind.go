package postgres

import "github.com/jackc/pgx/v5"

// BindPrincipal has a batch begin by making the rows of a principal, and no
// others, visible to its transaction: row security goes by app.principal until
// the transaction ends. A query that finds a row by what callers choose asks for
// the principal all the same, for roles that row security does not bind.
func BindPrincipal(batch *pgx.Batch, principal string) {
	batch.Queue(`SELECT set_config('app.principal', $1, true)`, principal)
}

// BindEventing is BindPrincipal for the eventing side, which until the transaction
// ends also reads the conversations of all principals, and writes what it keeps of
// events and the statistics that principals share. principal may be empty.
func BindEventing(batch *pgx.Batch, principal string) {
	batch.Queue(`SELECT set_config('app.principal', $1, true), set_config('app.role', 'eventing', true)`, principal)
}

// UnbindEventing leaves the transaction to the principal alone.
func UnbindEventing(batch *pgx.Batch) {
	batch.Queue(`SELECT set_config('app.role', '', true)`)
}
