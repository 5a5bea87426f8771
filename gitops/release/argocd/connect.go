// Package argocd reads and changes Argo CD's Applications through its API, with the rights
// of the person or token that it is given. Begin with Connect.
//
// It knows nothing of git: a revision is a name that Argo CD resolves.
package argocd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient"
	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/util/localconfig"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// connectWait bounds what a person waits for a wrong address. callWait is long enough
// for Argo CD to build manifests that it has not cached.
const (
	connectWait = 15 * time.Second
	callWait    = 60 * time.Second

	// Argo CD's client reads its configuration file unless the path does not exist.
	nowhere = "/nonexistent/argocd/config"
)

// Server is a connection to Argo CD's API. It is safe for concurrent use.
type Server struct {
	// Pause is the interval at which Poll looks.
	Pause time.Duration

	address      string
	applications application.ApplicationServiceClient
	closer       io.Closer
}

// Close ends the connection. Calls under way fail.
func (s *Server) Close() error { return s.closer.Close() }

// Connect opens a connection; close it when done. What the options leave out is taken
// from the login of the argocd command. Missing permissions only show with the first
// call. An error says what to set or to check.
func Connect(ctx context.Context, options apiclient.ClientOptions) (*Server, error) {
	if err := login(&options); err != nil {
		return nil, err
	}
	s := &Server{address: options.ServerAddr, Pause: time.Second}
	ctx, cancel := context.WithTimeout(ctx, connectWait)
	defer cancel()
	// Argo CD's client would retry a wrong address in silence, and wait for ever for a
	// server that speaks another protocol.
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, fmt.Errorf("reach Argo CD at %s: %w", s.address, err)
	}
	_ = conn.Close()
	made := make(chan error, 1) // the goroutine of a connection that never comes ends with the process
	go func() {
		client, err := apiclient.NewClient(&options)
		if err == nil {
			s.closer, s.applications, err = client.NewApplicationClient()
		}
		made <- err
	}()
	select {
	case err = <-made:
	case <-ctx.Done():
		err = errors.New("it did not respond in time: if it has no TLS, add --argocd-plaintext; otherwise check that it is Argo CD")
	}
	if err != nil {
		return nil, fmt.Errorf("connect to Argo CD at %s: %w", s.address, err)
	}
	return s, nil
}

// login adds the argocd command's current login to the options. A login for one server is
// never sent to another, and a token that is given wins over a login.
func login(options *apiclient.ClientOptions) error {
	options.ConfigPath = nowhere
	// Without a home folder there is no configuration.
	if path, err := localconfig.DefaultLocalConfigPath(); err == nil {
		known, err := localconfig.ReadLocalConfig(path)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if known != nil && known.CurrentContext != "" {
			current, err := known.ResolveContext(known.CurrentContext)
			if err != nil {
				return fmt.Errorf("read %s: %w", path, err)
			}
			// With --core the argocd command has no API server.
			if server := current.Server; !server.Core && (options.ServerAddr == "" || options.ServerAddr == server.Server) {
				options.ConfigPath, options.Context, options.ServerAddr = path, current.Name, server.Server
			}
		}
	}
	if options.ServerAddr == "" {
		return errors.New("no Argo CD server is given: set --argocd-server or ARGOCD_SERVER, or run `argocd login`")
	}
	if !strings.Contains(options.ServerAddr, ":") {
		options.ServerAddr += ":443"
	}
	if options.AuthToken == "" && options.Context == "" {
		return fmt.Errorf("no login for Argo CD at %s: set ARGOCD_AUTH_TOKEN, or run `argocd login %s`", options.ServerAddr, options.ServerAddr)
	}
	return nil
}

// call bounds a call of the API and explains its error by what was being done.
func call[Q, A any](ctx context.Context, s *Server, doing string, method func(context.Context, Q, ...grpc.CallOption) (A, error), query Q) (A, error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	answer, err := method(ctx, query)
	if err != nil {
		err = &callError{err, fmt.Sprintf("%s: Argo CD at %s%s (%s)", doing, s.address, meanings[status.Code(err)], status.Convert(err).Message())}
	}
	return answer, err
}

// meanings says what gRPC's codes mean for a person who runs a command, with a remedy.
// Argo CD denies the reading of an Application that does not exist.
var meanings = map[codes.Code]string{
	codes.Unauthenticated:  " rejects the login: set ARGOCD_AUTH_TOKEN, or run `argocd login`",
	codes.PermissionDenied: " denies this account permission, or has no such Application",
	codes.Unavailable:      " is unavailable",
	codes.DeadlineExceeded: " did not respond in time",
}

// callError is a failed call in words, with the gRPC error below it.
type callError struct {
	error
	text string
}

func (e *callError) Error() string { return e.text }
func (e *callError) Unwrap() error { return e.error }

// Uncertain reports whether a failed call may have taken effect nevertheless, so that the
// caller has to look at the state before it acts again. An error that a server gave for
// a reason, such as a denial, is certain.
func Uncertain(err error) bool {
	said, ok := status.FromError(err)
	return ok && slices.Contains([]codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown, codes.Internal}, said.Code())
}
