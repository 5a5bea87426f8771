package conversation

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// operation is one call on an open conversation: what tells it from others, and its own
// part of the way. Its methods may be called again, and then start over. An attempt
// that finds the conversation changed is dropped, and the next one loads it again.
type operation interface {
	// target names the conversation, its user and what is loaded of it.
	target() (id, userID string, named store.Named)
	// returned takes over what the same call returned before; false where it says
	// something new this time.
	returned(c *conversation) (bool, error)
	// record parses what the call says and records it.
	record(ctx context.Context, tx *store.Tx, c *conversation, change *store.Change) error
	// said is what became of it, by which the next batch is planned.
	said() summary
	// render makes the result, which a repeated call returns again.
	render(c *conversation, change *store.Change) any
}

// advance takes an open conversation through one call:
// load → parse → record → plan → word → render → save.
// The call is counted, and the relay woken, once and after the commit. An error leaves
// nothing of it behind.
func (s *Service) advance(ctx context.Context, of operation) error {
	id, userID, named := of.target()
	words := &wording{model: s.model}
	var saved *store.Change
	err := s.store.Update(ctx, id, named, func(tx *store.Tx, loaded *store.Loaded) (*store.Change, error) {
		c, err := owned(loaded, nil, id, userID)
		if err != nil {
			return nil, err
		}
		saved, err = s.step(ctx, tx, c, of, words)
		return saved, err
	})
	// A conversation may be erased between two attempts: it is reported as one that is
	// not there.
	if _, err := owned(nil, err, id, ""); err != nil {
		return unavailable(err)
	}
	if saved != nil {
		s.announce(ctx, *saved)
	}
	return nil
}

// step returns what a call changes, nil for nothing. The revision grows before the
// wording and the rendering, which show it; Update refuses the change if another call
// took that number first.
func (s *Service) step(ctx context.Context, tx *store.Tx, c *conversation, of operation, words *wording) (*store.Change, error) {
	if c.Earlier != nil {
		if repeated, err := of.returned(c); repeated || err != nil {
			return nil, err
		}
	}
	_, _, named := of.target()
	change := &store.Change{Fingerprint: named.Fingerprint}
	if err := of.record(ctx, tx, c, change); err != nil {
		return nil, err
	}
	c.plan(change, of.said())
	if !c.changed(change) {
		// Nothing to save, so the result is made for this caller alone and not kept.
		of.render(c, change)
		return nil, nil
	}
	c.Revision++
	words.put(ctx, c, change)
	var err error
	if change.Result, err = json.Marshal(of.render(c, change)); err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	return change, nil
}

// changed reports whether a change has anything to be saved.
func (c *conversation) changed(change *store.Change) bool {
	return len(change.Answers) > 0 || change.Batch.New > 0 || change.Replaced || change.Before.Ended != c.State.Ended ||
		!reflect.DeepEqual(change.Before.SlotStates, c.State.SlotStates)
}

// announce counts a change that was saved, and wakes the relay for its events. A nudge
// that is lost delays events until the relay's timer, and loses none.
func (s *Service) announce(ctx context.Context, change store.Change) {
	s.metrics.advanced(ctx, change)
	s.nudger.Nudge()
}
