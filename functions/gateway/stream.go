package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

var errTooLarge = errors.New("response is larger than MAX_RESPONSE_BYTES")

// boundedReader fails when more than left bytes come, and says when any do.
type boundedReader struct {
	from  io.Reader
	left  int64
	heard func()
	ended bool
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
		r.heard()
	}
	if r.left -= int64(n); r.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// nextEvent returns the data of the next server-sent event that has any.
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
