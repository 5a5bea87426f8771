// Package argocdtest serves Argo CD's gRPC API from memory: one Application, the
// revisions of its repository and the Knative Services of its namespace.
package argocdtest

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apiclient/session"
	"github.com/argoproj/argo-cd/v2/pkg/apiclient/version"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/golang/protobuf/ptypes/empty"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// Token and Password are what the server accepts.
const (
	Token    = "token-of-a-test"
	Username = "on-call"
	Password = "password-of-a-test"
)

// Server is Argo CD as its clients see it. Its controller takes one step each
// time the Application is read, so that nothing depends on time.
type Server struct {
	application.UnimplementedApplicationServiceServer

	Address string

	mu        sync.Mutex
	app       *v1alpha1.Application
	head      string
	revisions map[string]Revision
	live      map[string]*servingv1.Service
	refused   map[string]error
	calls     []string
	step      int
	observers []func(*v1alpha1.Application)
}

// Revision is a commit of the repository that the Application deploys.
type Revision struct {
	Subject string
	// Images are the functions and what runs in them.
	Images map[string]string
	// Never names functions that do not become ready, and why.
	Never map[string]string
	// Hook is why its migration fails; empty when it does not.
	Hook string
	// Stuck means that the sync goes on until it is ended.
	Stuck bool
	// Invalid means that it does not build.
	Invalid bool
}

// New starts a server with an Application that has auto-sync on, with prune and
// self-heal.
func New(t *testing.T, name string) *Server {
	t.Helper()
	s := &Server{
		revisions: map[string]Revision{},
		live:      map[string]*servingv1.Service{},
		refused:   map[string]error{},
	}
	s.app = &v1alpha1.Application{}
	s.app.Name, s.app.Namespace = name, "argocd"
	s.app.Labels = map[string]string{"kept": "label"}
	s.app.Annotations = map[string]string{"kept": "annotation"}
	s.app.Spec.Project = "sequential-questioning"
	s.app.Spec.Destination.Namespace = name
	s.app.Spec.Source = &v1alpha1.ApplicationSource{RepoURL: "https://example.com/repository.git", TargetRevision: "prod", Path: "gitops/overlays/prod"}
	s.app.Spec.SyncPolicy = &v1alpha1.SyncPolicy{
		Automated:   &v1alpha1.SyncPolicyAutomated{Prune: true, SelfHeal: true},
		SyncOptions: v1alpha1.SyncOptions{"PruneLast=true"},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.Address = listener.Addr().String()
	server := grpc.NewServer(grpc.UnaryInterceptor(s.admit))
	application.RegisterApplicationServiceServer(server, s)
	version.RegisterVersionServiceServer(server, &versions{})
	session.RegisterSessionServiceServer(server, &sessions{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return s
}

// Push moves the branch to a revision.
func (s *Server) Push(hash string, revision Revision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revisions[hash] = revision
	s.head = hash
}

// Deploy pushes a revision and lets the controller work until it rests.
func (s *Server) Deploy(hash string, revision Revision) {
	s.Push(hash, revision)
	s.Settle()
}

// Settle lets the controller work until it rests.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	for range 20 {
		s.advance()
	}
}

// Refuse makes a method fail; nil makes it work again.
func (s *Server) Refuse(method string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[method] = err
}

// Change changes the Application as somebody else would.
func (s *Server) Change(change func(*v1alpha1.Application)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.app)
}

// Observe is told of the Application before each of the controller's steps.
func (s *Server) Observe(observer func(*v1alpha1.Application)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observers = append(s.observers, observer)
}

// Application returns the Application as it is.
func (s *Server) Application() *v1alpha1.Application {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.app.DeepCopy()
}

// Running returns the images that functions are set to.
func (s *Server) Running() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	images := map[string]string{}
	for name, service := range s.live {
		images[name] = service.Spec.Template.Spec.Containers[0].Image
	}
	return images
}

// Calls returns the methods called that change something.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

func (s *Server) admit(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if info.Server == any(s) {
		md, _ := metadata.FromIncomingContext(ctx)
		if tokens := md.Get("token"); len(tokens) == 0 || tokens[0] != Token {
			return nil, status.Error(codes.Unauthenticated, "no session information")
		}
		method := info.FullMethod[len("/application.ApplicationService/"):]
		s.mu.Lock()
		err := s.refused[method]
		s.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
	return handle(ctx, request)
}

type versions struct {
	version.UnimplementedVersionServiceServer
}

func (*versions) Version(context.Context, *empty.Empty) (*version.VersionMessage, error) {
	return &version.VersionMessage{Version: "v2.14.21"}, nil
}

type sessions struct {
	session.UnimplementedSessionServiceServer
}

func (*sessions) Create(_ context.Context, request *session.SessionCreateRequest) (*session.SessionResponse, error) {
	if request.Username != Username || request.Password != Password {
		return nil, status.Error(codes.Unauthenticated, "Invalid username or password")
	}
	return &session.SessionResponse{Token: Token}, nil
}
