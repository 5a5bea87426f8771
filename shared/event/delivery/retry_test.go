package delivery

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/event/eventtest"
)

// The timer wakes a relay that rests, rarely. One that is awake does not wait for it.
func TestARelayThatIsAwakeTriesAgainByItself(t *testing.T) {
	for what, left := range map[string]struct {
		done Drained
		err  error
		wait time.Duration
	}{
		"a failed event":          {Drained{Failed: 1}, nil, retryInterval},
		"an unavailable sink":     {Drained{}, ErrSinkUnavailable, retryInterval},
		"an unavailable database": {Drained{}, errors.New("down"), retryInterval},
		"too little time":         {Drained{Published: 9, More: true}, nil, 0},
		"an event that waits":     {Drained{Failed: 1, nextDue: time.Minute}, nil, time.Minute},
		"another relay's claims":  {Drained{nextDue: 40 * time.Second}, nil, 40 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			var drains atomic.Int64
			r := newRetry(func(context.Context) (Drained, bool, error) {
				if drains.Add(1) < 3 {
					return left.done, true, left.err
				}
				return Drained{Published: 1}, true, nil
			})
			r.after(left.done, left.err)
			r.after(left.done, left.err) // one at a time
			if left.wait > 0 {
				time.Sleep(left.wait - time.Millisecond)
				assert.Zero(t, drains.Load(), what)
				time.Sleep(2 * time.Millisecond)
				assert.EqualValues(t, 1, drains.Load(), what)
			}
			time.Sleep(2*left.wait + 10*retryInterval)
			assert.EqualValues(t, 3, drains.Load(), "%s: until nothing is left", what)
			r.close()
		})
	}
}

// A relay that is killed takes the request with it that it was working for: nobody asks the
// instance that replaces it.
func TestARelayThatStartsLooksByItselfUnlessItIsAskedBefore(t *testing.T) {
	for asked, want := range map[bool]int64{false: 1, true: 0} {
		synctest.Test(t, func(t *testing.T) {
			var drains atomic.Int64
			r := newRetry(func(context.Context) (Drained, bool, error) {
				drains.Add(1)
				return Drained{}, true, nil
			})
			if asked {
				r.after(Drained{Published: 1}, nil)
			}
			time.Sleep(10 * retryInterval)
			assert.Equal(t, want, drains.Load())
			r.close()
		})
	}
}

// Nobody nudges it, and the timer is a quarter of an hour away.
func TestTheInstanceThatReplacesAKilledRelayPublishesWhatThatHadClaimed(t *testing.T) {
	t.Parallel()
	w := newOutboxWorld(t)
	w.queued(t, eventtest.Recorded("local", elsewhere(), "a"))
	claimed, err := w.outbox.Claim(t.Context(), 1, retryInterval+time.Second) // by the one that is killed
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	sink := &eventtest.Recorder{}
	r := newRetry(w.relay(t, sink).Drain)
	defer r.close()
	assert.Eventually(t, func() bool { return len(sink.Events()) == 1 }, 4*retryInterval, 50*time.Millisecond)
}

// What fails later may come due earlier.
func TestTheLatestDrainSaysWhenTheNextIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var drains atomic.Int64
		r := newRetry(func(context.Context) (Drained, bool, error) {
			drains.Add(1)
			return Drained{}, true, nil
		})
		r.after(Drained{nextDue: time.Hour}, nil)
		r.after(Drained{Failed: 1}, nil)
		time.Sleep(retryInterval + time.Millisecond)
		assert.EqualValues(t, 1, drains.Load())
		r.close()
	})
}

func TestARelayThatClosesTriesNothingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRetry(func(context.Context) (Drained, bool, error) { panic("drained") })
		r.after(Drained{}, nil) // nothing is left
		r.after(Drained{Failed: 1}, nil)
		r.close()
		r.after(Drained{Failed: 1}, nil)
		time.Sleep(2 * retryInterval)
		var none *retry
		none.after(Drained{Failed: 1}, nil)
		none.close()
	})
}
