// Package transcript keeps what a running program prints.
//
// It keeps everything, so it is for programs of a test and not for those that run for days.
package transcript

import (
	"bytes"
	"sync"
)

// Transcript is output that can be read while it is written. The zero value is
// empty and ready. It is safe for concurrent use, unlike bytes.Buffer, which a
// process's output and a test would share.
type Transcript struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write appends; it never fails, so it never ends the program that writes.
func (t *Transcript) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.text.Write(p)
}

// String is a copy of all that was written so far.
func (t *Transcript) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.text.String()
}
