package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

// backend is what calls need: the database, memory and the functions. It takes seconds
// to start, and on a new data folder, a busy machine or one without PostgreSQL more
// than the 10 to 60 s that hosts wait for a server. So the gateway answers before it,
// and only calls wait.
type backend struct {
	options Options
	life    context.Context // of what it starts

	mu     sync.Mutex
	latest *start // nil before the first
	closed bool
}

// start is one try to start everything. Its fields are written before done is closed,
// and read after.
type start struct {
	done     chan struct{}
	database string  // URL
	err      error   // why it failed
	undo     undoing // what has started
}

// undoing are steps that undo what was done, in the order in which it was done. What
// fails halfway undoes what had begun, by the same steps.
type undoing []func() error

// run takes the last step first. A step that fails does not keep the others from being
// taken.
func (u undoing) run() (err error) {
	for i := len(u) - 1; i >= 0; i-- {
		err = errors.Join(err, u[i]())
	}
	return err
}

// await returns nil once calls can be made, and otherwise what is in the way. A start
// that failed is tried again by who awaits it next, since a person may have mended it.
func (b *backend) await(ctx context.Context) error {
	_, err := b.started(ctx)
	return err
}

// locate returns the database's URL once it is known.
func (b *backend) locate(ctx context.Context) (string, error) {
	s, err := b.started(ctx)
	if err != nil {
		return "", err
	}
	return s.database, nil
}

// started waits for a start, and begins one where none is under way. Its caller may
// stop waiting; the start goes on for others.
func (b *backend) started(ctx context.Context) (*start, error) {
	s := b.begin()
	select {
	case <-s.done:
		return s, s.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// begin returns the start under way or the one that succeeded, or else begins one.
func (b *backend) begin() *start {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.latest != nil && (b.closed || !b.latest.failed()) {
		return b.latest
	}
	s := &start{done: make(chan struct{})}
	b.latest = s
	go func() {
		defer close(s.done)
		if s.err = b.run(s); s.err == nil {
			return
		}
		if b.life.Err() != nil {
			s.err = errors.New("it is being stopped")
		}
		if err := s.undo.run(); err != nil {
			fmt.Fprintln(b.options.Out, "error:", err)
		}
	}()
	return s
}

// failed reports a start that has ended without success; one under way has not failed.
func (s *start) failed() bool {
	select {
	case <-s.done:
		return s.err != nil
	default:
		return false
	}
}

// close stops what has started. Call it after the end of life, and when no call is
// under way any more.
func (b *backend) close() error {
	b.mu.Lock()
	b.closed = true
	s := b.latest
	b.mu.Unlock()
	if s == nil {
		return nil
	}
	<-s.done
	if s.err != nil {
		return nil // it has undone itself
	}
	return s.undo.run()
}

// run starts everything, and notes in s how to undo it. The database comes before
// everything that reads its URL, and the relay's clock last, when there is a relay.
func (b *backend) run(s *start) error {
	database, leave, err := openDatabase(b.life, b.options)
	if err != nil {
		return err
	}
	s.database = database
	s.undo = append(s.undo, leave)
	if err := migrations.Up(b.life, database); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	keys := os.Getenv("REQUEST_STATE_KEYS")
	if keys == "" {
		if keys, err = keyring.Kept(filepath.Join(b.options.Data, "request-state-keys")); err != nil {
			return err
		}
	}
	own, err := openMemory()
	if err != nil {
		return err
	}
	s.undo = append(s.undo, func() error { own.close(); return nil })
	configureBackend(database, keys)
	if err := own.follow(b.life); err != nil {
		return err
	}
	functions := assemble(own)
	s.undo = append(s.undo, func() error { return stop(functions) })
	for _, f := range functions {
		if err := f.Start(b.life, nil); err != nil {
			return err
		}
	}
	tending, end := context.WithCancel(b.life)
	tended := make(chan struct{})
	go func() {
		defer close(tended)
		own.tend(tending, os.Getenv("RELAY_URL"))
	}()
	s.undo = append(s.undo, func() error { end(); <-tended; return nil })
	return nil
}
