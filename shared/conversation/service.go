// Package conversation holds conversations: it puts the engine, which decides
// what to ask, together with the store, which keeps what was said. Every call
// is one transaction, and repeating a call changes nothing.
package conversation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Config bounds conversations.
type Config struct {
	BatchSize    int `env:"DEFAULT_BATCH_SIZE" envDefault:"3"`
	MaxQuestions int `env:"MAX_QUESTIONS" envDefault:"100"`
	// Confidence is how likely earlier conversations have to make an answer for
	// it to be assumed; 0 assumes none.
	Confidence float64 `env:"ASSUME_CONFIDENCE" envDefault:"0.95"`
	// RequireUser has every call name its user, and reach nothing of another's.
	RequireUser bool `env:"REQUIRE_USER_ID" envDefault:"false"`
}

// minBits is what a question that is not required has to gain, in bits, to be
// asked: below a tenth of a yes or no, people answer for nothing.
const minBits = 0.1

// Service answers the tools. It is safe for concurrent use.
type Service struct {
	store   *store.Store
	config  Config
	now     func() time.Time
	metrics *metrics

	playbooks  *playbook.Library
	memory     *memory.Memory // nil for none
	model      *model.Client  // nil for none
	nudger     *event.Nudger  // nil for none
	statistics formStatistics
}

// Option gives a service something to work with.
type Option func(*Service)

// WithPlaybooks has goals served by these; the built-in ones when left out.
func WithPlaybooks(l *playbook.Library) Option { return func(s *Service) { s.playbooks = l } }

// WithMemory proposes what was said earlier. The service then owns it.
func WithMemory(m *memory.Memory) Option { return func(s *Service) { s.memory = m } }

// WithModel has a model propose slots and reword questions; nil for none.
func WithModel(c *model.Client) Option { return func(s *Service) { s.model = c } }

// WithNudger wakes the relay after each change. The service then owns it.
func WithNudger(n *event.Nudger) Option { return func(s *Service) { s.nudger = n } }

// New returns a service on a store, which the service then owns.
func New(kept *store.Store, config Config, options ...Option) *Service {
	s := &Service{store: kept, config: config, now: time.Now, metrics: newMetrics()}
	for _, option := range options {
		option(s)
	}
	if s.playbooks == nil {
		s.playbooks = builtInPlaybooks()
	}
	return s
}

// builtInPlaybooks are checked by their own tests: they open.
var builtInPlaybooks = sync.OnceValue(func() *playbook.Library {
	library, err := playbook.Open(playbook.Config{})
	if err != nil {
		panic(err)
	}
	return library
})

// Ready reports whether the database answers.
func (s *Service) Ready(ctx context.Context) error { return unavailable(s.store.Ping(ctx)) }

// Close releases the connections.
func (s *Service) Close() {
	s.nudger.Close()
	if s.memory != nil {
		_ = s.memory.Close() // nothing is lost by it
	}
	s.store.Close()
}

// prepare gives a loaded interview what it is led by.
func (s *Service) prepare(ctx context.Context, tx *store.Tx, rec *conversation) error {
	rec.State.Limits.MinBits, rec.State.Limits.Confidence = minBits, s.config.Confidence
	var err error
	key := formOfUser{principal.From(ctx), rec.UserID, rec.SchemaKey}
	rec.State.Statistics, err = s.statistics.of(ctx, tx, key, s.now())
	return err
}

// stored does what follows on a change that was committed.
func (s *Service) stored(ctx context.Context, rec *conversation, c store.Change, turn *Turn) {
	s.metrics.advanced(ctx, c)
	s.nudger.Nudge()
	s.reword(ctx, rec, c, turn)
}

// write runs one call's transaction, again when it lost a race.
func (s *Service) write(ctx context.Context, run func(*store.Tx) error) error {
	return unavailable(s.store.Write(ctx, run))
}

func unavailable(err error) error {
	if errors.Is(err, store.ErrConflict) || postgres.Retryable(err) {
		return &fault.Unavailable{What: "the database", Err: err}
	}
	return err
}

// conversation is a stored one with what a call does to it.
type conversation struct{ *store.Conversation }

// find loads a conversation of the caller's. One that is not there and one of
// somebody else's look the same.
func find(ctx context.Context, tx *store.Tx, id, userID string) (*conversation, error) {
	loaded, err := tx.Load(ctx, id)
	return own(loaded, err, id, userID)
}

// lock is find for a call that changes the conversation, with what the call
// returned before, or nil.
func lock(ctx context.Context, tx *store.Tx, id, userID string, fingerprint []byte) (*conversation, *store.Call, error) {
	loaded, earlier, err := tx.Lock(ctx, id, fingerprint)
	rec, err := own(loaded, err, id, userID)
	return rec, earlier, err
}

func own(loaded *store.Conversation, err error, id, userID string) (*conversation, error) {
	if errors.Is(err, store.ErrNotFound) || err == nil && userID != "" && loaded.UserID != userID {
		return nil, unknownConversation(id)
	}
	if err != nil {
		return nil, err
	}
	return &conversation{loaded}, nil
}

func unknownConversation(id string) error {
	return fault.Invalidf("conversation_id", "there is no conversation %q; sequential_questioning opens one", id)
}

// CheckUser refuses a call that does not name its user where the configuration
// wants one.
func (s *Service) CheckUser(userID string) error {
	if userID == "" && s.config.RequireUser {
		return fault.Invalidf("user_id", "is missing; every call has to name the user it is for (REQUIRE_USER_ID)")
	}
	return nil
}

func checkID(id string) error {
	if _, err := uuid.Parse(id); err != nil || len(id) != len(uuid.Nil.String()) {
		return unknownConversation(id)
	}
	return nil
}

// fingerprint identifies a call: the same tool with the same arguments.
func fingerprint(tool string, input any) ([]byte, error) {
	data, err := json.Marshal(input)
	if err != nil {
		return nil, fmt.Errorf("fingerprint call: %w", err)
	}
	return digest([]byte(tool), data), nil
}

func digest(parts ...[]byte) []byte {
	sum := sha256.Sum256(bytes.Join(parts, []byte{0}))
	return sum[:]
}
