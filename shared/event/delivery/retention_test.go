package delivery

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// erasing returns a retention of 30 days over so many expired conversations.
func erasing(t *testing.T, expired *int, takes time.Duration) *sweep {
	t.Helper()
	r, err := newRetention(RetentionConfig{Days: 30}, func(ctx context.Context, age time.Duration, most int) (int, error) {
		assert.Equal(t, 30*24*time.Hour, age)
		time.Sleep(takes)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		n := min(most, *expired)
		*expired -= n
		return n, nil
	})
	require.NoError(t, err)
	return r
}

func TestExpiredConversationsAreErasedInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		expired := 250
		r := erasing(t, &expired, time.Millisecond)
		r.run(t.Context())
		assert.Zero(t, expired)
		expired = 1
		r.run(t.Context())
		assert.Equal(t, 1, expired, "not with every drain")
		time.Sleep(sweepInterval)
		r.run(t.Context())
		assert.Zero(t, expired)
	})
}

func TestADrainWaitsForErasuresABoundedTimeAndTheNextGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		expired := 1000
		r := erasing(t, &expired, 2*time.Second)
		began := time.Now()
		r.run(t.Context())
		assert.LessOrEqual(t, time.Since(began), sweepTime+2*time.Second)
		assert.Equal(t, 800, expired)
		r.run(t.Context())
		assert.Equal(t, 600, expired)
	})
}

func TestAFailureIsTriedAgainAtTheNextLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		r, err := newRetention(RetentionConfig{Days: 1}, func(context.Context, time.Duration, int) (int, error) {
			calls++
			return 0, errors.New("down")
		})
		require.NoError(t, err)
		r.run(t.Context())
		r.run(t.Context())
		assert.Equal(t, 1, calls)
		time.Sleep(sweepInterval)
		r.run(t.Context())
		assert.Equal(t, 2, calls)
	})
}

func TestWithoutASettingEverythingIsKept(t *testing.T) {
	r, err := newRetention(RetentionConfig{}, nil)
	require.NoError(t, err)
	r.run(t.Context())
	_, err = newRetention(RetentionConfig{Days: -1}, nil)
	assert.ErrorContains(t, err, "RETENTION_DAYS")
}
