package embedded

import (
	"io"
	"strings"
	"sync"
)

// tailSize is how much of the end of a log errors quote, in bytes: a few dozen
// lines, among them the reason of a failed start.
const tailSize = 4 << 10

// tail passes a log on and remembers its end.
type tail struct {
	mu   sync.Mutex
	next io.Writer
	end  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	if over := len(t.end) - tailSize; over > 0 {
		t.end = append(t.end[:0], t.end[over:]...)
	}
	if t.next != nil {
		// A log that cannot be written must not stop the server.
		_, _ = t.next.Write(p)
	}
	return len(p), nil
}

// String returns the end of the log, from within a line if it is long.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.end))
}
