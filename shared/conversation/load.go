package conversation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// conversation is a stored one with what a call does to it. Its methods are the steps
// of a call. They change the state that was loaded and nothing else, so that an attempt
// that loses a race leaves nothing behind.
type conversation struct{ *store.Loaded }

// owned returns a loaded conversation if it is the caller's. One that is not there and
// one of somebody else's look the same. An error that told them apart would tell
// strangers which ids exist.
func owned(of *store.Loaded, err error, id, userID string) (*conversation, error) {
	if errors.Is(err, store.ErrNotFound) || err == nil && userID != "" && of.UserID != userID {
		return nil, unknownConversation(id)
	}
	if err != nil {
		return nil, err
	}
	return &conversation{of}, nil
}

// checkID refuses an id that no conversation can have, before the database would
// refuse it as no UUID. It says the same as of a conversation that is not there.
func checkID(id string) error {
	if _, err := uuid.Parse(id); err != nil || len(id) != len(uuid.Nil.String()) {
		return unknownConversation(id)
	}
	return nil
}

func unknownConversation(id string) error {
	return fault.Invalidf("conversation_id", "there is no conversation %q; sequential_questioning opens one", id)
}

// prepare is the part of loading that a state needs to plan, and a report does not. It
// gives a loaded state what it is led by: the limits that are not stored,
// and the statistics of its schema key.
func (s *Service) prepare(ctx context.Context, from statisticsReader, c *conversation) error {
	c.State.Limits.MinBits, c.State.Limits.Confidence = minBits, s.config.Confidence
	key := statisticsKey{principal.From(ctx), c.UserID, c.SchemaKey}
	var err error
	c.State.Statistics, err = s.statistics.read(ctx, from, key, s.now())
	return err
}

// start prepares the state of a call that may change it, and notes what the change is
// measured against.
func (s *Service) start(ctx context.Context, from statisticsReader, c *conversation, change *store.Change) error {
	if err := s.prepare(ctx, from, c); err != nil {
		return err
	}
	change.Before = snapshot(c.State)
	return nil
}

// snapshot copies what a change is measured against. Slot states are copied, since the
// engine changes them in place; slots are shared, since nothing changes them.
func snapshot(state *questioning.State) *questioning.State {
	before := *state
	before.SlotStates = append([]questioning.SlotState(nil), state.SlotStates...)
	return &before
}

// fingerprint identifies a call: the same tool with the same arguments, as they are
// after decoding, so that white space and the order of members do not tell calls apart.
func fingerprint(tool string, input any) ([]byte, error) {
	data, err := json.Marshal(input)
	if err != nil {
		return nil, fmt.Errorf("fingerprint call: %w", err)
	}
	return digest([]byte(tool), data), nil
}

// digest is SHA-256 over the parts with a zero byte between them, so that no two lists
// of texts that PostgreSQL can store are taken for one.
func digest(parts ...[]byte) []byte {
	sum := sha256.Sum256(bytes.Join(parts, []byte{0}))
	return sum[:]
}
