package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// The tools, by their names on the wire.
const (
	askTool       = "sequential_questioning"
	followUpTool  = "sequential_questioning_follow_up"
	reviseTool    = "sequential_questioning_revise"
	reportTool    = "sequential_questioning_report"
	recallTool    = "sequential_questioning_recall"
	automaticTool = "sequential_questioning_automatic"
)

const (
	// attemptLimit is a client's timeout of one attempt: many hosts time out after 60 s.
	attemptLimit = 60 * time.Second
	// callLimit is how long a client retries a call before it counts as refused.
	callLimit = 5 * time.Minute
	// The pause between two attempts doubles.
	firstPause, longestPause = 50 * time.Millisecond, time.Second
	// excerptRunes is the length of a failure's excerpt of the response.
	excerptRunes = 300
)

// errKilled reports that the client was killed during a call.
var errKilled = errors.New("the client was killed")

// refusal is an error that is not retryable. The simulated person never gives a
// wrong argument, so a refusal ends a conversation as wrong.
// It is the one error that ends the retries early, besides errKilled.
type refusal struct{ text string }

func (r *refusal) Error() string { return "refused: " + r.text }

// client calls tools as an MCP client of revision 2026-07-28 does, and retries
// failed calls unchanged. It is not safe for concurrent use. Retrying the same call
// unchanged is all that the protocol asks of a client; the server has to make it
// safe.
type client struct {
	url    string
	http   *http.Client
	tally  *tally
	story  *story
	random *rand.Rand
	// killEvery is the average number of calls until a client is killed; 0 means never.
	killEvery int
}

// newTransport returns a transport for one client, because a killed client's connections
// break.
func newTransport() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true}
}

// params of a tools/call.
type params struct {
	Name           string         `json:"name"`
	Arguments      map[string]any `json:"arguments"`
	InputResponses map[string]any `json:"inputResponses,omitempty"`
	RequestState   string         `json:"requestState,omitempty"`
	Meta           map[string]any `json:"_meta"`
}

// reply is the result of a tools/call.
type reply struct {
	Type       string          `json:"resultType"`
	IsError    bool            `json:"isError"`
	Structured json.RawMessage `json:"structuredContent"`
	Content    []struct {
		Text string `json:"text"`
	} `json:"content"`
	Meta          map[string]any             `json:"_meta"`
	InputRequests map[string]json.RawMessage `json:"inputRequests"`
	RequestState  string                     `json:"requestState"`
}

// text joins the text contents.
func (r reply) text() string {
	var texts []string
	for _, c := range r.Content {
		texts = append(texts, c.Text)
	}
	return strings.Join(texts, "\n")
}

// call retries a call until it succeeds, and decodes its structured content into out. The
// error is errKilled if the plan kills the client, and a refusal if retrying does not
// help.
// out may be nil. It stays unchanged if the result asks for input. Every attempt is counted,
// and every error is in the story, retried or not.
func (c *client) call(ctx context.Context, p params, out any) (*reply, error) {
	p.Meta = map[string]any{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "chaos", "version": "1"},
		"io.modelcontextprotocol/clientCapabilities": map[string]any{"elicitation": map[string]any{"form": map[string]any{}}},
	}
	c.story.log("call "+p.Name, map[string]any{"arguments": p.Arguments, "inputResponses": p.InputResponses, "resumes": p.RequestState != ""})
	attempting, end := c.mortal(ctx)
	defer end()
	pause := firstPause
	for began := time.Now(); ; {
		c.tally.called()
		answer, failure := c.attempt(attempting, p)
		if errors.Is(context.Cause(attempting), errKilled) {
			c.http.CloseIdleConnections()
			c.http = &http.Client{Transport: newTransport()}
			c.tally.killed(clientName)
			c.story.log("the client is killed", nil)
			return nil, errKilled
		}
		if failure == nil {
			c.story.log("result", answer.Structured)
			if out == nil || answer.Type == "input_required" {
				return answer, nil
			}
			return answer, json.Unmarshal(answer.Structured, out)
		}
		c.story.log("error", failure.Error())
		c.tally.failed(failure.kind)
		switch {
		case failure.final:
			return nil, &refusal{failure.text}
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case time.Since(began) > callLimit:
			return nil, &refusal{fmt.Sprintf("timed out after %s: %s", callLimit, failure.text)}
		}
		time.Sleep(pause)
		pause = min(2*pause, longestPause)
		c.tally.repeated()
	}
}

// mortal returns a context that the plan may cancel with errKilled. The client dies
// 0 to 40 ms after the call begins: before the server has the call, while it works,
// or after it has committed.
// The returned function frees the timer; call it when the call has ended.
func (c *client) mortal(ctx context.Context) (context.Context, func()) {
	if c.killEvery == 0 || c.random.IntN(c.killEvery) > 0 {
		return ctx, func() {}
	}
	dying, kill := context.WithCancelCause(ctx)
	timer := time.AfterFunc(time.Duration(c.random.IntN(40))*time.Millisecond, func() { kill(errKilled) })
	return dying, func() { timer.Stop(); kill(nil) }
}

// failure is an attempt without a result.
type failure struct {
	kind  string // for the table
	text  string
	final bool // not retryable, according to the response
}

func (f *failure) Error() string { return f.kind + ": " + f.text }

// attempt sends a call once. Every failure but an unsendable request may have taken
// effect.
// The timeout includes reading the response.
func (c *client) attempt(ctx context.Context, p params) (*reply, *failure) {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": p})
	if err != nil {
		return nil, &failure{"unsendable", err.Error(), true}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, &failure{"unsendable", err.Error(), true}
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {p.Name},
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, broken(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, broken(err)
	}
	return read(response.StatusCode, response.Header.Get("Content-Type"), answer)
}

// broken returns the failure of a connection.
// The kinds are rows of the table at the end.
func broken(err error) *failure {
	kind := "connection: other"
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		kind = "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		kind = "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		kind = "connection cut"
	}
	return &failure{kind, err.Error(), false}
}

// read decodes the response to a result or a failure. What a proxy or a dying
// process answers in place of JSON-RPC can be retried if its status says so, or if
// the body was cut off.
//
// Below 500, an error is retried only if it says that it is retryable. Any other is final and
// a finding: the simulated person's arguments are valid.
func read(status int, contentType string, answer []byte) (*reply, *failure) {
	if strings.HasPrefix(contentType, "text/event-stream") {
		answer = lastEvent(answer)
	}
	var message struct {
		Result *reply `json:"result"`
		Error  *struct {
			Message string `json:"message"`
			Data    struct {
				Reason    string `json:"reason"`
				Retryable *bool  `json:"retryable"`
			} `json:"data"`
		} `json:"error"`
	}
	err := json.Unmarshal(answer, &message)
	switch {
	case err == nil && message.Error != nil:
		retryable := message.Error.Data.Retryable
		kind := "error: " + message.Error.Data.Reason
		if message.Error.Data.Reason == "" {
			kind = fmt.Sprintf("error: HTTP %d", status)
		}
		return nil, &failure{kind, message.Error.Message, status < 500 && (retryable == nil || !*retryable)}
	case err == nil && message.Result != nil && message.Result.IsError:
		if retryable, _ := message.Result.Meta["sequential-questioning/retryable"].(bool); retryable {
			return nil, &failure{"tool error: unavailable", message.Result.text(), false}
		}
		return nil, &failure{"tool error: final", message.Result.text(), true}
	case err == nil && message.Result != nil && status == http.StatusOK:
		return message.Result, nil
	case status >= 500:
		return nil, &failure{fmt.Sprintf("HTTP %d", status), plain.Excerpt(string(answer), excerptRunes), false}
	case len(answer) == 0 || err != nil && status == http.StatusOK:
		return nil, &failure{"answer cut", plain.Excerpt(string(answer), excerptRunes), false}
	}
	return nil, &failure{fmt.Sprintf("HTTP %d", status), plain.Excerpt(string(answer), excerptRunes), true}
}

// lastEvent returns the data of a stream's last message.
// Notifications come before the result, which is always last.
func lastEvent(stream []byte) []byte {
	events := bytes.Split(bytes.TrimSpace(bytes.ReplaceAll(stream, []byte("\r\n"), []byte("\n"))), []byte("\n\n"))
	var data [][]byte
	for line := range bytes.Lines(events[len(events)-1]) {
		if rest, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(data, bytes.TrimSpace(rest))
		}
	}
	return bytes.Join(data, []byte("\n"))
}
