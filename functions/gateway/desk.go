package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// askedPrefix begins the ids of the requests that the gateway sends to clients.
const askedPrefix = "ask-"

// desk is where calls wait for a person, and where the answers come in: at this
// instance, or at another and from there through the relay.
type desk struct {
	relay *relay // nil without a database

	mu    sync.Mutex
	seats map[string]seat
}

// seat is one wait. Its id cannot be guessed.
type seat struct {
	principal string
	answer    chan clientResponse
}

// clientResponse is what a client responds to a request of the server's.
type clientResponse struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

// The ways in which a wait ends without an answer.
var (
	errNoAnswer = errors.New("the person did not answer in time")
	errLeaving  = errors.New("the gateway is shutting down")
)

// open makes a seat that can be answered until a point in time; the caller
// closes it.
func (d *desk) open(ctx context.Context, id string, until time.Time) (seat, error) {
	s := seat{principal.From(ctx), make(chan clientResponse, 1)}
	if d.relay != nil {
		if err := d.relay.open(ctx, id, until); err != nil {
			return s, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seats[id] = s
	return s, nil
}

func (d *desk) close(ctx context.Context, id string) {
	d.mu.Lock()
	delete(d.seats, id)
	d.mu.Unlock()
	if d.relay != nil {
		d.relay.close(context.WithoutCancel(ctx), id)
	}
}

// deliver brings an answer to the seat it is for, wherever that is. It returns
// false when nothing of the principal's waits for it.
func (d *desk) deliver(ctx context.Context, id string, answer clientResponse) (bool, error) {
	d.mu.Lock()
	s, here := d.seats[id]
	d.mu.Unlock()
	switch {
	case here && s.principal == principal.From(ctx):
		select {
		case s.answer <- answer:
		default: // answered already
		}
		return true, nil
	case here || d.relay == nil:
		return false, nil
	}
	return d.relay.deliver(ctx, id, answer)
}

// The time between two looks at the relay grows, as people take their time.
const firstLook = 50 * time.Millisecond

// wait returns the answer of a seat. Meanwhile it lets the caller know every
// beat that the call is alive.
func (g *gateway) wait(ctx context.Context, id string, s seat, until time.Time, alive func()) (clientResponse, error) {
	over := time.NewTimer(time.Until(until))
	defer over.Stop()
	beat := time.NewTicker(g.config.ElicitationBeat)
	defer beat.Stop()
	interval := firstLook
	look := time.NewTimer(interval)
	defer look.Stop()
	if g.desk.relay == nil {
		look.Stop()
	}
	for {
		select {
		case answer := <-s.answer:
			return answer, nil
		case <-look.C:
			answer, found, err := g.desk.relay.answer(ctx, id)
			switch {
			case found:
				return answer, nil
			case err != nil && ctx.Err() == nil:
				slog.WarnContext(ctx, "relay of answers cannot be read", "error", err)
			}
			interval = min(interval*3/2, g.config.ElicitationPoll)
			look.Reset(interval)
		case <-beat.C:
			alive()
		case <-over.C:
			return clientResponse{}, errNoAnswer
		case <-g.leaving:
			return clientResponse{}, errLeaving
		case <-ctx.Done():
			return clientResponse{}, ctx.Err()
		}
	}
}

// isAnswer says whether a message answers a request of the gateway's.
func isAnswer(message envelope) (id string, ok bool) {
	if message.Method != "" || json.Unmarshal(message.ID, &id) != nil {
		return "", false
	}
	return id, strings.HasPrefix(id, askedPrefix)
}

// takeAnswer accepts a client's answer.
func (g *gateway) takeAnswer(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	var answer clientResponse
	if err := json.Unmarshal(body, &answer); err != nil || (answer.Result == nil) == (answer.Error == nil) {
		jsonrpc.WriteError(w, http.StatusBadRequest, jsonrpc.InvalidRequest, "a response has either a result or an error")
		return
	}
	known, err := g.desk.deliver(r.Context(), id, answer)
	switch {
	case err != nil:
		slog.WarnContext(r.Context(), "answer cannot be relayed", "error", err)
		writeUnavailable(w, "the answer cannot be passed on at the moment")
	case !known:
		jsonrpc.WriteError(w, http.StatusNotFound, jsonrpc.InvalidRequest, "nothing waits for this answer any more")
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}
