package model

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/openai/openai-go/v3/option"
)

// maxRefusal bounds what is read of an answer's headers, and of one that says no.
const maxRefusal = 64 << 10

func newTransport(config Config) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: config.Timeout, KeepAlive: 30 * time.Second}).DialContext
	transport.MaxIdleConnsPerHost = config.MaxConcurrent
	transport.MaxResponseHeaderBytes = maxRefusal
	return transport
}

// options configures one service of the library. Nothing comes from the
// library's own environment variables, and it repeats nothing by itself.
func options(baseURL, key string, transport http.RoundTripper, maxBytes int) []option.RequestOption {
	client := &http.Client{
		Transport:     bounded{transport, int64(maxBytes)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	all := []option.RequestOption{
		option.WithBaseURL(baseURL),
		option.WithHTTPClient(client),
		option.WithMaxRetries(0),
		option.WithMiddleware(refusals),
	}
	if key != "" {
		all = append(all, option.WithAPIKey(key))
	}
	return all
}

// awayError is a failure to get an answer at all.
type awayError struct{ err error }

func (e *awayError) Error() string { return "no answer: " + e.err.Error() }
func (e *awayError) Unwrap() error { return e.err }

var errTooLarge = errors.New("the answer is too large")

// refusal is an answer with a status that is none of success. Its text is not
// part of the message, because it may repeat what people said.
type refusal struct {
	status     int
	retryAfter time.Duration // 0 when not given
	text       string
}

func (e *refusal) Error() string { return fmt.Sprintf("the answer has status %d", e.status) }

// passing reports whether the same request may be answered a moment later.
func (e *refusal) passing() bool {
	return e.status == http.StatusRequestTimeout || e.status == http.StatusTooManyRequests || e.status >= 500
}

// ofRequest reports whether it was this request that was refused, not any.
func (e *refusal) ofRequest() bool {
	return e.status == http.StatusBadRequest || e.status == http.StatusRequestEntityTooLarge ||
		e.status == http.StatusUnprocessableEntity
}

// refusals turns what the library would guess about into errors of this package.
func refusals(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	response, err := next(r)
	if err != nil {
		return nil, &awayError{err}
	}
	if response.StatusCode < 300 {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
	return nil, &refusal{response.StatusCode, retryAfter(response.Header), string(text)}
}

// retryAfter reads RFC 9110's header: seconds or a date.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), 24*60*60)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// bounded fails an answer that goes on past max bytes, after decompression.
type bounded struct {
	http.RoundTripper
	max int64
}

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = &boundedBody{response.Body, b.max}
	}
	return response, err
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	if err != nil && err != io.EOF {
		err = &awayError{err}
	}
	return n, err
}
