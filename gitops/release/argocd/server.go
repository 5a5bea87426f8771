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
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
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
	path, _ := localconfig.DefaultLocalConfigPath() // without a home folder there is no configuration
	known, err := localconfig.ReadLocalConfig(path)
	if err == nil && known != nil && known.CurrentContext != "" {
		var current *localconfig.Context
		// With --core the argocd command has no API server.
		if current, err = known.ResolveContext(known.CurrentContext); err == nil && !current.Server.Core && (options.ServerAddr == "" || options.ServerAddr == current.Server.Server) {
			options.ConfigPath, options.Context, options.ServerAddr = path, current.Name, current.Server.Server
		}
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
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

// Get returns an Application. It is Argo CD's last comparison, up to three minutes old
// without a webhook. With refresh Argo CD compares it with its branch again, which takes as
// long as it needs to fetch and build the branch.
func (s *Server) Get(ctx context.Context, name string, refresh bool) (*v1alpha1.Application, error) {
	query := &application.ApplicationQuery{Name: &name}
	if refresh {
		how := string(v1alpha1.RefreshTypeNormal)
		query.Refresh = &how
	}
	return call(ctx, s, "read Application "+name, s.applications.Get, query)
}

// Update writes an Application's specification and annotations. It turns off the
// server's validation, which would build the branch: a branch that does not build is a
// reason to change an Application.
func (s *Server) Update(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error) {
	validate := false
	return call(ctx, s, "change Application "+app.Name, s.applications.Update, &application.ApplicationUpdateRequest{Application: app, Validate: &validate})
}

// Rollback requests a sync to the deployment with a history id. It prunes, since what the
// target does not have must not stay. Argo CD runs no hooks for it.
func (s *Server) Rollback(ctx context.Context, name string, id int64) error {
	prune := true
	_, err := call(ctx, s, fmt.Sprintf("roll %s back to %d", name, id), s.applications.Rollback, &application.ApplicationRollbackRequest{Name: &name, Id: &id, Prune: &prune})
	return err
}

// Terminate asks Argo CD to end the running sync. It is not an error if none runs: it may
// have ended between the look and the call.
func (s *Server) Terminate(ctx context.Context, name string) error {
	_, err := call(ctx, s, "end the running sync of "+name, s.applications.TerminateOperation, &application.OperationTerminateRequest{Name: &name})
	if status.Code(err) == codes.InvalidArgument {
		return nil
	}
	return err
}

// Subject returns the first line of a commit's message, or "" if Argo CD does not know it:
// it is decoration.
func (s *Server) Subject(ctx context.Context, name, revision string) string {
	metadata, err := call(ctx, s, "read commit "+revision, s.applications.RevisionMetadata, &application.RevisionMetadataQuery{Name: &name, Revision: &revision})
	if err != nil {
		return ""
	}
	subject, _, _ := strings.Cut(strings.TrimSpace(metadata.Message), "\n")
	return subject
}

// Tree returns an Application's objects, what they own, and the health of each. Kinds that
// the project does not permit are left out of it, with all below them.
func (s *Server) Tree(ctx context.Context, name string) (*v1alpha1.ApplicationTree, error) {
	return call(ctx, s, "read the objects of "+name, s.applications.ResourceTree, &application.ResourcesQuery{ApplicationName: &name})
}

// Pins returns the images of an Application's functions at a revision, by the functions'
// names. Any revision of the repository will do, deployed or not. Argo CD builds it,
// unless it has it in its cache.
func (s *Server) Pins(ctx context.Context, name, revision string) (map[string]string, error) {
	doing := fmt.Sprintf("build the manifests of %s at %s", name, Short(revision))
	built, err := call(ctx, s, doing, s.applications.GetManifests, &application.ApplicationManifestQuery{Name: &name, Revision: &revision})
	if err != nil {
		return nil, err
	}
	pins := map[string]string{}
	for _, manifest := range built.Manifests {
		service, err := serviceOf(manifest)
		if service.GroupVersionKind().GroupKind() != knativeService {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		pins[service.Name] = imageOf(service)
	}
	return pins, nil
}

// Short abbreviates a revision. Eight digits are unambiguous in a repository of this size.
func Short(revision string) string { return revision[:min(len(revision), 8)] }
