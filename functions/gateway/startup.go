package gateway

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// errStarting ends a call that has waited long enough for the start.
var errStarting = errors.New("it is still starting")

// waitingForStart is what a client may show meanwhile.
const waitingForStart = "Waiting for the database to start"

// startup has calls wait for functions and database that start after the gateway. A
// nil *startup waits for nothing.
type startup struct {
	await    func(context.Context) error
	timeout  time.Duration
	interval time.Duration
	over     atomic.Bool // await has returned nil
}

func newStartup(config Config) *startup {
	if config.Startup == nil {
		return nil
	}
	return &startup{await: config.Startup, timeout: config.StartupTimeout, interval: config.StartupKeepaliveInterval}
}

// wait returns nil once the call can be made. Meanwhile its client hears what it waits for.
func (s *startup) wait(ctx context.Context, t *target, call *toolCall, client *clientWriter) *failure {
	if s == nil || s.over.Load() {
		return nil
	}
	began := time.Now()
	bounded, cancel := context.WithTimeoutCause(ctx, s.timeout, errStarting)
	defer cancel()
	started := make(chan error, 1)
	go func() { started <- s.await(bounded) }()
	tick := time.NewTicker(s.interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			client.keepalive(call.params.Meta["progressToken"], waitingForStart)
		case err := <-started:
			client.waited += time.Since(began)
			switch {
			case err == nil:
				s.over.Store(true)
				return nil
			case ctx.Err() != nil:
				return t.canceled(context.Cause(ctx))
			case errors.Is(err, errStarting):
				return t.retryable(outcomeUnavailable, "the database is still starting, which takes longest the first time", 5*time.Second, err)
			}
			return t.unstarted(err)
		}
	}
}

// unstarted returns the failure of a call whose server lacks something that a person
// has to mend.
func (t *target) unstarted(cause error) *failure {
	return &failure{
		outcome: outcomeUnavailable,
		code:    jsonrpc.InternalError,
		message: t.tool.Name + ": the server cannot start: " + cause.Error() + "; tell the person, and call again once that is mended",
		data:    failureData(outcomeUnavailable, 0),
		cause:   cause,
	}
}
