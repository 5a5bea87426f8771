package conversation

import (
	"context"
	"fmt"

	"github.com/caarlos0/env/v11"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// Open returns a service as the environment describes it. It connects to the
// database when it is first used.
func Open() (*Service, error) {
	var config struct {
		Config
		Postgres postgres.Config
	}
	if err := env.Parse(&config); err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	pool, err := postgres.Open(context.Background(), config.Postgres)
	if err != nil {
		return nil, err
	}
	return New(pool, config.Config), nil
}

func (c Config) check() error {
	switch {
	case c.BatchSize < 1 || c.BatchSize > MaxBatchSize:
		return fmt.Errorf("DEFAULT_BATCH_SIZE is %d, want 1 to %d", c.BatchSize, MaxBatchSize)
	case c.MaxQuestions < 1 || c.MaxQuestions > 1000:
		return fmt.Errorf("MAX_QUESTIONS is %d, want 1 to 1000", c.MaxQuestions)
	case c.MinBits < 0:
		return fmt.Errorf("MIN_BITS is %v, want 0 or more", c.MinBits)
	}
	return nil
}
