package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	askTool      = "sequential_questioning"
	followUpTool = "sequential_questioning_follow_up"
	reportTool   = "sequential_questioning_report"
)

// client makes tool calls in the stateless revision. It is not safe for concurrent use.
// It writes requests by hand and keeps its buffers, so that little of the measured time
// is its own.
// It does not retry: a failed call ends the run, because a retried one would have two
// durations.
type client struct {
	http     *http.Client
	response bytes.Buffer
}

// newTransport keeps enough idle connections for every worker. Compression is off,
// because it would measure itself.
func newTransport() *http.Transport {
	return &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 64, DisableCompression: true}
}

// transport is shared by all clients, as connections are in a host with many
// conversations.
// A new connection per call would measure the kernel.
var transport = newTransport()

// newClient returns a client of the common transport.
func newClient() *client { return &client{http: &http.Client{Transport: transport}} }

// newClientOn uses an open connection. A cold start is measured from exec to the
// first answer, without another connection's handshake.
// It makes one call only. Another would need another connection and reports an error.
func newClientOn(conn net.Conn) *client {
	once := newTransport()
	once.DialContext = func(context.Context, string, string) (net.Conn, error) {
		if conn == nil {
			return nil, errors.New("the connection was used up")
		}
		only := conn
		conn = nil
		return only, nil
	}
	once.DisableKeepAlives = true
	return &client{http: &http.Client{Transport: once}}
}

// call makes one call and checks that it succeeded and that its result contains
// want. The duration ends with the last byte of the response; checking it is not
// included. It looks for strings rather than decode the JSON, which would take
// longer than the call.
func (c *client) call(ctx context.Context, url, tool string, arguments []byte, want string) (time.Duration, error) {
	body := make([]byte, 0, len(arguments)+256)
	body = append(body, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`...)
	body = append(body, tool...)
	body = append(body, `","arguments":`...)
	body = append(body, arguments...)
	body = append(body, `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`...)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {tool},
	}
	began := time.Now()
	response, err := c.http.Do(request)
	if err != nil {
		return 0, err
	}
	c.response.Reset()
	_, err = c.response.ReadFrom(response.Body)
	took := time.Since(began)
	response.Body.Close()
	if err != nil {
		return 0, err
	}
	answer := c.response.Bytes()
	if response.StatusCode != http.StatusOK || bytes.Contains(answer, []byte(`"isError":true`)) || !bytes.Contains(answer, []byte(want)) {
		return 0, fmt.Errorf("%s answered %s, want %s in: %s", tool, response.Status, want, strings.TrimSpace(string(answer[:min(len(answer), 2000)])))
	}
	return took, nil
}
