package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// exported are the tables that hold something of a person, with the condition that
// finds the rows of the user $1. Row security adds the principal.
//
// Memory holds copies of answers, and shared statistics counts that name nobody.
// Erasures are of what is no longer held.
var exported = []struct{ table, of string }{
	{"sessions", `user_id = $1`},
	{"conversations", `id IN (` + conversationsOfUser + `)`},
	{"slots", byConversation},
	{"questions", byConversation},
	{"answers", byConversation},
	{"messages", byConversation},
	{"results", byConversation},
	{"calls", byConversation},
	{"elicitations", byConversation},
	{"outbox", byConversation},
	{"counted_conversations", byConversation},
}

const (
	conversationsOfUser = `SELECT c.id FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id WHERE s.user_id = $1`
	byConversation      = `conversation_id IN (` + conversationsOfUser + `)`
)

// Export gives take every row that is held of a user of the context's principal, table
// by table, each row as a JSON object, as of one moment. It holds one row at a time. The
// audit trail records it.
func (s *Store) Export(ctx context.Context, userID string, take func(table string, row json.RawMessage) error) error {
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		if err := recordExport(ctx, tx, userID); err != nil {
			return err
		}
		for _, e := range exported {
			rows, err := tx.Query(ctx, `SELECT to_json(t) FROM `+e.table+` t WHERE `+e.of, userID)
			if err != nil {
				return fmt.Errorf("read %s: %w", e.table, err)
			}
			var row json.RawMessage
			if _, err := pgx.ForEachRow(rows, []any{&row}, func() error {
				if e.table == "results" {
					if row, err = unpacked(row); err != nil {
						return err
					}
				}
				return take(e.table, row)
			}); err != nil {
				return fmt.Errorf("read %s: %w", e.table, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("export what is held of a user: %w", err)
	}
	return nil
}

// unpacked is a row of results that can be read.
func unpacked(row json.RawMessage) (json.RawMessage, error) {
	var columns map[string]any
	if err := json.Unmarshal(row, &columns); err != nil {
		return nil, err
	}
	written, _ := columns["result"].(string) // as bytea is written: \x and hexadecimal digits
	packed, err := hex.DecodeString(strings.TrimPrefix(written, `\x`))
	if err != nil {
		return nil, err
	}
	result, err := unpack(packed)
	if err != nil {
		return nil, err
	}
	columns["result"] = result
	return json.Marshal(columns)
}
