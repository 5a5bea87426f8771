// Package conversation holds conversations: it puts the engine, which decides
// what to ask, together with the store, which keeps what was said.
//
// A call on a conversation goes one way, each step in a file of its name:
//
//	load → parse → record → plan → word → render → save
//
// What a call changes is saved in one transaction, and repeating a call changes
// nothing.
//
// Bounds on arguments are those of the tools' schemas (Refine), which the tool
// layer enforces: a Go caller that calls a Service itself is held to no size but
// those that no schema can state.
package conversation

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Config bounds conversations.
type Config struct {
	// BatchSize is how many questions are put at once, 1 to 10, where a call does not say.
	BatchSize int `env:"DEFAULT_BATCH_SIZE" envDefault:"3"`
	// MaxQuestions ends a conversation, 1 to 1000; a call may ask for fewer.
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

// maxQuestions is the most that MaxQuestions may be.
const maxQuestions = 1000

// Service answers the tools. It is safe for concurrent use.
type Service struct {
	store   *store.Store
	config  Config
	now     func() time.Time
	metrics *metrics

	playbooks  *playbook.Library
	memory     Memory        // nil for none
	model      Model         // nil for none
	nudger     *event.Nudger // nil for none
	statistics statisticsCache
	needed     neededCache
}

// Option gives a service something to work with.
type Option func(*Service)

// WithPlaybooks has goals served by these; the built-in ones when left out.
func WithPlaybooks(l *playbook.Library) Option { return func(s *Service) { s.playbooks = l } }

// WithMemory proposes what was said earlier; nil for nothing. The service then owns
// it.
func WithMemory(m Memory) Option { return func(s *Service) { s.memory = m } }

// WithModel has a model propose slots and reword questions; nil for none.
func WithModel(m Model) Option { return func(s *Service) { s.model = m } }

// WithNudger wakes the relay after each change. The service then owns it.
func WithNudger(n *event.Nudger) Option { return func(s *Service) { s.nudger = n } }

// New returns a service on a store, which the service then owns. It connects to nothing
// by itself.
func New(of *store.Store, config Config, options ...Option) *Service {
	s := &Service{store: of, config: config, now: time.Now, metrics: newMetrics(), needed: newNeededCache()}
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

// Ready reports whether the database answers. It does not ask memory or the model:
// without them conversations continue.
func (s *Service) Ready(ctx context.Context) error { return unavailable(s.store.Ping(ctx)) }

// Close releases the connections. Calls have to have ended; those that have not fail as
// unavailable.
func (s *Service) Close() {
	s.nudger.Close()
	if s.memory != nil {
		_ = s.memory.Close() // nothing is lost by it
	}
	s.store.Close()
}

// CheckUser refuses a call that does not name its user where the configuration
// wants one.
func (s *Service) CheckUser(userID string) error {
	if userID == "" && s.config.RequireUser {
		return fault.Invalidf("user_id", "is missing; every call has to name the user it is for (REQUIRE_USER_ID)")
	}
	return nil
}

// parseContext is what the words of a conversation are read with.
func (s *Service) parseContext(state *questioning.State) parse.Context {
	return parse.Context{Now: s.now(), Language: state.Language}
}

// unavailable tells a failure that passes from a mistake. A conflict here is one that
// was lost on every attempt. Both can be retried without harm, because a call that was
// saved returns its first result.
func unavailable(err error) error {
	if errors.Is(err, store.ErrConflict) || postgres.Retryable(err) {
		return &fault.Unavailable{What: "the database", Err: err}
	}
	return err
}
