// Package argocdtest is a fake Argo CD that serves the gRPC API from memory: one
// Application, the revisions of its repository and the Knative Services of its namespace.
//
// It imports Argo CD's own types, so a change of them shows when it is compiled. Begin with New.
package argocdtest

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
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

// Token is the one that the server accepts.
const Token = "token-of-a-test"

// Server is a fake Argo CD. Its controller runs one step whenever the Application is
// read, so that tests do not depend on time. It refuses and lags where Argo CD was seen
// to, so that the release command is tested against both.
// It is safe for concurrent use.
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
	hidden    bool
	unhealthy map[string]string
}

// Revision is a commit of the repository that the Application deploys.
type Revision struct {
	Subject string
	// Images maps functions to their images.
	Images map[string]string
	// Never maps functions that never become ready to the reason.
	Never map[string]string
	// Hook is the message with which its migration fails; empty if it succeeds.
	Hook string
	// Stuck makes the sync run until it is terminated.
	Stuck bool
	// Invalid makes the build fail.
	Invalid bool
}

// New starts a server with an Application with auto-sync, prune and self-heal.
// It stops with the test.
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
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return s
}

// Push moves the branch to a revision.
// Nothing runs until a client reads the Application or Settle is called.
func (s *Server) Push(hash string, revision Revision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revisions[hash] = revision
	s.head = hash
}

// Deploy pushes a revision and runs the controller until nothing changes.
func (s *Server) Deploy(hash string, revision Revision) {
	s.Push(hash, revision)
	s.Settle()
}

// Settle runs the controller until nothing changes.
// 20 steps are more than any operation takes; one that is Stuck stays as it is.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	for range 20 {
		s.advance()
	}
}

// HideRevisions leaves Revisions, and what is below them, out of the resource tree, as a
// project does that does not permit them.
func (s *Server) HideRevisions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden = true
}

// Degrade adds an unhealthy ConfigMap to the resource tree.
func (s *Server) Degrade(name, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unhealthy = map[string]string{name: message}
}

// Refuse makes a method return err; nil makes it work again.
func (s *Server) Refuse(method string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[method] = err
}

// Change changes the Application as another client would.
// change runs with the server locked and must not call it.
func (s *Server) Change(change func(*v1alpha1.Application)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.app)
}

// Observe calls observer with the Application before each of the controller's steps.
// observer must not change the Application, nor call the server.
func (s *Server) Observe(observer func(*v1alpha1.Application)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observers = append(s.observers, observer)
}

// Application returns the Application.
func (s *Server) Application() *v1alpha1.Application {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.app.DeepCopy()
}

// Running returns the images of the Services, by function.
func (s *Server) Running() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	images := map[string]string{}
	for name, service := range s.live {
		images[name] = service.Spec.Template.Spec.Containers[0].Image
	}
	return images
}

// Calls returns the names of the writing methods that were called.
// They are in the order of the calls; those that Refuse stopped are absent.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

// admit checks the token as Argo CD does, and returns what Refuse set.
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

// versions answers the version, which Argo CD's client asks for when it connects.
type versions struct {
	version.UnimplementedVersionServiceServer
}

// Version needs no token, as in Argo CD.
func (*versions) Version(context.Context, *empty.Empty) (*version.VersionMessage, error) {
	return &version.VersionMessage{Version: "v2.14.21"}, nil
}
