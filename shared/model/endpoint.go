package model

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// maxRefusal bounds, in bytes, what is read of an answer's headers and of the
// body of a refusal.
const maxRefusal = 64 << 10

// endpoint speaks the two calls of OpenAI's API that the project uses. It is
// net/http and not a client library, because what a library adds (retries,
// redirects, settings from its own environment variables, errors that quote the
// answer) has to be switched off here, and because the official one alone is
// larger than the rest of a function.
type endpoint struct {
	baseURL, key string
	client       *http.Client
	maxBytes     int64 // of an answer, after decompression
}

// newEndpoint follows no redirect: the key would go wherever it leads.
func newEndpoint(baseURL, key string, transport http.RoundTripper, maxBytes int) endpoint {
	return endpoint{
		baseURL: strings.TrimSuffix(baseURL, "/"),
		key:     key,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		maxBytes: int64(maxBytes),
	}
}

// newTransport bounds what an endpoint can cost: the time to connect, idle
// connections, and the header of an answer. It is a separate transport: what
// happens to these connections does not affect those to functions.
func newTransport(config Config) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: config.Timeout, KeepAlive: 30 * time.Second}).DialContext
	transport.MaxIdleConnsPerHost = config.Limits.Concurrent
	transport.MaxResponseHeaderBytes = maxRefusal
	return transport
}

// post sends one request and decodes its answer. The error is a noAnswer, a
// refusal or ErrUnusable. Only this package's own texts are in it: those of the
// JSON decoder could repeat what people said.
func (e endpoint) post(ctx context.Context, path string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return backoff.Permanent(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.baseURL+path, bytes.NewReader(body))
	if err != nil {
		return backoff.Permanent(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if e.key != "" {
		r.Header.Set("Authorization", "Bearer "+e.key)
	}
	response, err := e.client.Do(r)
	if err != nil {
		return &noAnswer{err}
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
		return &refusal{response.StatusCode, retryAfter(response.Header), string(text)}
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, e.maxBytes+1))
	switch {
	case int64(len(raw)) > e.maxBytes:
		return unusable("the answer is too large")
	case err != nil:
		return &noAnswer{err}
	case json.Unmarshal(raw, answer) != nil:
		return unusable("it is not what the API promises")
	}
	return nil
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
