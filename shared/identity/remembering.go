package identity

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// keysFor is how long the issuer's answer is used again. go-oidc asks for keys
	// whenever a signature does not fit those it has, so that without this every
	// forged token would cost the issuer a request. A key that the issuer rotates
	// in without publishing it first counts after at most this time.
	keysFor = 10 * time.Second
	// maxAnswer bounds the issuer's answer, in bytes.
	maxAnswer = 1 << 20
)

// remembering sends GET requests to an issuer, and answers the same request with
// the same answer for a while: keysFor when it was good, pause when it was not.
// One request is under way at a time. It is made for the few addresses of one
// issuer, and forgets none of them.
type remembering struct {
	now func() time.Time

	mu      sync.Mutex
	answers map[string]answer // by URL
}

type answer struct {
	until  time.Time
	status int
	header http.Header
	body   []byte
	err    error
}

func (t *remembering) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	url := r.URL.String()
	known, there := t.answers[url]
	if !there || !t.now().Before(known.until) {
		known = ask(r)
		lasts := keysFor
		if known.err != nil || known.status != http.StatusOK {
			lasts = pause
		}
		known.until = t.now().Add(lasts)
		if t.answers == nil {
			t.answers = map[string]answer{}
		}
		t.answers[url] = known
	}
	if known.err != nil {
		return nil, known.err
	}
	return &http.Response{
		Status: http.StatusText(known.status), StatusCode: known.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: known.header.Clone(), Body: io.NopCloser(bytes.NewReader(known.body)), ContentLength: int64(len(known.body)), Request: r,
	}, nil
}

func ask(r *http.Request) answer {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return answer{status: response.StatusCode, header: response.Header, body: body, err: err}
}
