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
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
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
	pool    *pgxpool.Pool
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

// New returns a service on a pool, which the service then owns.
func New(pool *pgxpool.Pool, config Config, options ...Option) *Service {
	s := &Service{pool: pool, config: config, now: time.Now, metrics: newMetrics()}
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
	library, err := playbook.Open(playbook.Config{Threshold: playbook.DefaultThreshold})
	if err != nil {
		panic(err)
	}
	return library
})

// Ready reports whether the database answers.
func (s *Service) Ready(ctx context.Context) error { return unavailable(s.pool.Ping(ctx)) }

// Close releases the connections.
func (s *Service) Close() {
	s.nudger.Close()
	if s.memory != nil {
		_ = s.memory.Close() // nothing is lost by it
	}
	s.pool.Close()
}

// prepare gives a loaded interview what it is led by.
func (s *Service) prepare(ctx context.Context, tx pgx.Tx, rec *record) error {
	rec.interview.Limits.MinBits, rec.interview.Limits.Confidence = minBits, s.config.Confidence
	var err error
	key := formOfUser{principal: principal.From(ctx), form: rec.form}
	if rec.userID != nil {
		key.user = *rec.userID
	}
	rec.interview.Statistics, err = s.statistics.of(ctx, tx, key, s.now())
	return err
}

// stored does what follows on a change that was committed.
func (s *Service) stored(ctx context.Context, rec *record, c change, turn *Turn) {
	s.metrics.advanced(ctx, c)
	s.nudger.Nudge()
	s.reword(ctx, rec, c, turn)
}

// maxAttempts bounds how often a call starts over when the conversation moved
// on meanwhile or the database asked for it.
const maxAttempts = 3

// inTx runs one call's transaction, again when it lost a race.
func (s *Service) inTx(ctx context.Context, options pgx.TxOptions, run func(pgx.Tx) error) error {
	var err error
	for range maxAttempts {
		err = pgx.BeginTxFunc(ctx, s.pool, options, run)
		if !errors.Is(err, errConflict) && !postgres.Contended(err) {
			break
		}
	}
	return unavailable(err)
}

func unavailable(err error) error {
	if errors.Is(err, errConflict) || postgres.Retryable(err) {
		return &fault.Unavailable{What: "the database", Err: err}
	}
	return err
}

// find loads a conversation of the caller's. One that is not there and one of
// somebody else's look the same.
func find(ctx context.Context, tx pgx.Tx, id, userID string, fingerprint []byte) (*record, *replay, error) {
	rec, call, err := load(ctx, tx, id, fingerprint)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && userID != "" && (rec.userID == nil || *rec.userID != userID) {
		return nil, nil, unknownConversation(id)
	}
	if err != nil {
		return nil, nil, err
	}
	return rec, call, nil
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
