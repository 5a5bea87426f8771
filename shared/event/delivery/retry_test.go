package delivery

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
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
			time.Sleep(left.wait + time.Millisecond)
			if left.wait > 0 {
				assert.EqualValues(t, 1, drains.Load(), what)
			}
			time.Sleep(10 * retryInterval)
			assert.EqualValues(t, 3, drains.Load(), "%s: until nothing is left", what)
			r.close()
		})
	}
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
