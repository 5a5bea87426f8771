package conversation

import (
	"context"
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Extension opens something for a service to work with: withmemory.Open,
// withmodel.Open.
type Extension func() (Option, error)

// Open returns a service as the environment describes it. It connects to what it works
// with when that is first used. Extensions are opened last, when there is a service that
// owns and closes them.
func Open(extensions ...Extension) (*Service, error) {
	var config struct {
		Config
		Postgres  postgres.Config
		Playbooks playbook.Config
		Nudge     event.NudgeConfig
		Audit     store.AuditConfig
	}
	if err := settings.Parse(&config); err != nil {
		return nil, err
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	audited, err := config.Audit.Age()
	if err != nil {
		return nil, err
	}
	playbooks, err := playbook.Open(config.Playbooks)
	if err != nil {
		return nil, err
	}
	nudger, err := event.NewNudger(config.Nudge)
	if err != nil {
		return nil, err
	}
	pool, err := postgres.Open(context.Background(), config.Postgres)
	if err != nil {
		return nil, err
	}
	stored := store.New(pool)
	if audited > 0 {
		stored = stored.Audited()
	}
	s := New(stored, config.Config, WithPlaybooks(playbooks), WithNudger(nudger))
	for _, open := range extensions {
		option, err := open()
		if err != nil {
			s.Close()
			return nil, err
		}
		option(s)
	}
	return s, nil
}

// check holds the settings against their bounds. Each error names the variable, since
// that is what an operator can change.
func (c Config) check() error {
	switch {
	case c.BatchSize < 1 || c.BatchSize > maxBatchSize:
		return fmt.Errorf("DEFAULT_BATCH_SIZE is %d, want 1 to %d", c.BatchSize, maxBatchSize)
	case c.MaxQuestions < 1 || c.MaxQuestions > maxQuestions:
		return fmt.Errorf("MAX_QUESTIONS is %d, want 1 to %d", c.MaxQuestions, maxQuestions)
	case !(c.Confidence >= 0 && c.Confidence <= 1):
		return fmt.Errorf("ASSUME_CONFIDENCE is %v, want 0 to 1", c.Confidence)
	}
	return nil
}
