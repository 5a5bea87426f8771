package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// What the audit trail records. It holds no words, and stays when a conversation is
// erased.
const (
	actOpened   = "opened"
	actRead     = "read" // reported
	actExported = "exported"
	actErased   = "erased"
	actExpired  = "expired" // erased because nobody had changed it for too long
)

// AuditConfig is how long the audit trail is kept, from the environment.
type AuditConfig struct {
	// Days that a record is kept; 0 records nothing but exports.
	Days int `env:"AUDIT_DAYS" envDefault:"0"`
}

// Age returns how long a record is kept, 0 where nothing is recorded.
func (c AuditConfig) Age() (time.Duration, error) {
	if c.Days < 0 {
		return 0, fmt.Errorf("AUDIT_DAYS is %d: want the number of days that the audit trail is kept, or 0 to keep none", c.Days)
	}
	return time.Duration(c.Days) * 24 * time.Hour, nil
}

// Audited returns the store of the same pool, which records who opens, reads and erases
// conversations, each in the transaction of the act.
func (s *Store) Audited() *Store {
	return &Store{pool: s.pool, slots: s.slots, counted: s.counted, audits: true}
}

// record adds to the batch that the principal does something with conversations that
// are stored, where that is audited.
func (t *Tx) record(batch *pgx.Batch, action string, ids ...string) {
	if t.audits {
		exec(batch, (*queries.Queries).RecordActs, queries.RecordActsParams{Action: action, Ids: ids})
	}
}

// recordExport records, in the transaction of an export, that a user's conversations are
// exported.
func recordExport(ctx context.Context, tx pgx.Tx, userID string) error {
	batch := &pgx.Batch{}
	postgres.BindPrincipal(batch, principal.From(ctx))
	exec(batch, (*queries.Queries).RecordActsOfUser, queries.RecordActsOfUserParams{Action: actExported, UserID: userID})
	return tx.SendBatch(ctx, batch).Close()
}

// SweepAudit deletes what was recorded longer ago than age, at most so many of the
// oldest, and returns their number.
func (s *Store) SweepAudit(ctx context.Context, age time.Duration, most int) (int, error) {
	deleted, err := fetchOfAll(ctx, s, (*queries.Queries).SweepAudit, queries.SweepAuditParams{Age: age, Most: most})
	if err != nil {
		return 0, fmt.Errorf("sweep the audit trail: %w", err)
	}
	return int(deleted), nil
}

// Act is a record of the audit trail.
type Act struct {
	At             time.Time `json:"at"`
	Principal      string    `json:"principal"`
	UserID         string    `json:"user_id,omitempty"` // whose conversation it is; empty where the caller named nobody
	ConversationID string    `json:"conversation_id"`
	Action         string    `json:"action"` // opened, read, exported, erased or expired
}

// AuditFilter selects of the audit trail. What is empty selects everything.
type AuditFilter struct {
	Since                           time.Time
	Principal, User, ConversationID string
}

// AuditTrail returns the latest acts of all principals, at most so many.
func (s *Store) AuditTrail(ctx context.Context, of AuditFilter, most int) ([]Act, error) {
	wanted := queries.AuditTrailParams{Since: of.Since, OfPrincipal: of.Principal, OfUser: of.User, Most: most}
	if of.ConversationID != "" {
		wanted.OfConversation = &of.ConversationID
	}
	rows, err := fetchOfAll(ctx, s, (*queries.Queries).AuditTrail, wanted)
	if err != nil {
		return nil, fmt.Errorf("read the audit trail: %w", err)
	}
	acts := make([]Act, len(rows))
	for i, row := range rows {
		acts[i] = Act(row)
	}
	return acts, nil
}
