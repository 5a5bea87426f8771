package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
)

// errTooLarge says that a function's response is longer than MaxResponseBytes.
var errTooLarge = errors.New("response is too large")

// idleTimer ends a call whose function sends nothing for a while.
type idleTimer struct {
	timer *time.Timer
	limit time.Duration
}

// newIdleTimer calls expire unless the timer is restarted or stopped in time.
func newIdleTimer(limit time.Duration, expire func()) *idleTimer {
	return &idleTimer{time.AfterFunc(limit, expire), limit}
}

func (t *idleTimer) restart() { t.timer.Reset(t.limit) }

// stop holds the timer while the client, and not the function, is waited for.
func (t *idleTimer) stop() { t.timer.Stop() }

// boundedReader fails with errTooLarge when more than left bytes come. Every byte
// restarts the idle timer.
type boundedReader struct {
	from  io.Reader
	left  int64
	idle  *idleTimer
	ended bool // the whole was read
}

func (r *boundedReader) Read(p []byte) (int, error) {
	if r.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > r.left+1 {
		p = p[:r.left+1]
	}
	n, err := r.from.Read(p)
	r.ended = err == io.EOF
	if n > 0 {
		r.idle.restart()
	}
	if r.left -= int64(n); r.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// nextEvent returns the data of the next server-sent event that has any. Other
// fields and comments are skipped. See "Server-sent events" of the HTML standard;
// the length of an event is bounded by the reader below.
func nextEvent(from *bufio.Reader) ([]byte, error) {
	var data []byte
	for {
		line, err := from.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if len(data) > 0 {
				return data, nil
			}
			continue
		}
		value, found := bytes.CutPrefix(line, []byte("data:"))
		if !found {
			continue
		}
		if len(data) > 0 {
			data = append(data, '\n')
		}
		data = append(data, bytes.TrimPrefix(value, []byte(" "))...)
	}
}
