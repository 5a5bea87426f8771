// Package argocdtest is a fake Argo CD that serves the gRPC API from memory: one
// Application, the revisions of its repository and the Knative Services of its namespace.
//
// It imports Argo CD's own types, so a change of them shows when it is compiled. Begin with New.
package argocdtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apiclient/version"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/reposerver/apiclient"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	"github.com/golang/protobuf/ptypes/empty"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/yaml"
)

// Token is the one that the server accepts.
const Token = "token-of-a-test"

// Server is a fake Argo CD. Its controller runs whenever the Application is read, so that
// tests do not depend on time. It refuses where Argo CD was seen to. Its methods for tests
// are safe for concurrent use with the API.
type Server struct {
	application.UnimplementedApplicationServiceServer
	version.UnimplementedVersionServiceServer

	Address string
	// HideRevisions leaves Revisions, and what is below them, out of the resource tree, as
	// a project does that does not permit them.
	HideRevisions bool
	// Unhealthy maps ConfigMaps to the reason why they are degraded.
	Unhealthy map[string]string

	mu        sync.Mutex
	app       *v1alpha1.Application
	head      string
	revisions map[string]Revision
	live      map[string]*servingv1.Service
	refused   map[string]error
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
	s := &Server{revisions: map[string]Revision{}, live: map[string]*servingv1.Service{}, refused: map[string]error{}, app: &v1alpha1.Application{}}
	require.NoError(t, yaml.Unmarshal(fmt.Appendf(nil, `{
		metadata: {name: %[1]s, namespace: argocd, labels: {kept: label}, annotations: {kept: annotation}},
		spec: {
			project: sequential-questioning, destination: {namespace: %[1]s},
			source: {repoURL: "https://example.com/repository.git", targetRevision: prod, path: gitops/overlays/prod},
			syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [PruneLast=true]}}}`, name), s.app))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.Address = listener.Addr().String()
	server := grpc.NewServer(grpc.UnaryInterceptor(s.admit))
	application.RegisterApplicationServiceServer(server, s)
	version.RegisterVersionServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return s
}

// Push moves the branch to a revision.
// Nothing runs until a client reads the Application, or Deploy is called.
func (s *Server) Push(hash string, revision Revision) {
	s.Change(func(*v1alpha1.Application) { s.revisions[hash], s.head = revision, hash })
}

// Deploy pushes a revision and runs the controller.
func (s *Server) Deploy(hash string, revision Revision) {
	s.Push(hash, revision)
	s.Change(func(*v1alpha1.Application) {
		s.refresh()
		s.advance()
	})
}

// Refuse makes a method return err; nil makes it work again.
func (s *Server) Refuse(method string, err error) {
	s.Change(func(*v1alpha1.Application) { s.refused[method] = err })
}

// Change changes the Application as another client would. change must not call the
// server.
func (s *Server) Change(change func(*v1alpha1.Application)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.app)
}

// Application returns the Application.
func (s *Server) Application() (app *v1alpha1.Application) {
	s.Change(func(now *v1alpha1.Application) { app = now.DeepCopy() })
	return app
}

// Running returns the images of the Services, by function.
func (s *Server) Running() map[string]string {
	images := map[string]string{}
	s.Change(func(*v1alpha1.Application) {
		for name, service := range s.live {
			images[name] = service.Spec.Template.Spec.Containers[0].Image
		}
	})
	return images
}

// admit checks the token as Argo CD does, and returns what Refuse set. It lets one call in
// at a time. The version, which Argo CD's client asks for when it connects, needs no token.
func (s *Server) admit(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	method := path.Base(info.FullMethod)
	if md, _ := metadata.FromIncomingContext(ctx); method != "Version" && !slices.Equal(md.Get("token"), []string{Token}) {
		return nil, status.Error(codes.Unauthenticated, "no session information")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refused[method]; err != nil {
		return nil, err
	}
	return handle(ctx, request)
}

// Version is asked for by Argo CD's client when it connects.
func (*Server) Version(context.Context, *empty.Empty) (*version.VersionMessage, error) {
	return &version.VersionMessage{Version: "v3.2.11"}, nil
}

// Get runs the controller. As in Argo CD, reading a missing Application is
// denied.
func (s *Server) Get(_ context.Context, query *application.ApplicationQuery) (*v1alpha1.Application, error) {
	if query.GetName() != s.app.Name {
		return nil, status.Error(codes.PermissionDenied, "permission denied")
	}
	if query.Refresh != nil {
		s.refresh()
	}
	s.advance()
	return s.app.DeepCopy(), nil
}

// Update replaces specification, labels and annotations. With validation the branch
// must build, as in Argo CD.
func (s *Server) Update(_ context.Context, request *application.ApplicationUpdateRequest) (*v1alpha1.Application, error) {
	if (request.Validate == nil || *request.Validate) && s.revisions[s.head].Invalid {
		return nil, status.Error(codes.InvalidArgument, "application spec is invalid: Unable to generate manifests")
	}
	s.app.Spec, s.app.Labels, s.app.Annotations = request.Application.Spec, request.Application.Labels, request.Application.Annotations
	return s.app.DeepCopy(), nil
}

// Rollback fails while auto-sync is on or an operation runs, with Argo CD's texts and
// codes: the client tells errors apart by them.
func (s *Server) Rollback(_ context.Context, request *application.ApplicationRollbackRequest) (*v1alpha1.Application, error) {
	at := slices.IndexFunc(s.app.Status.History, func(entry v1alpha1.RevisionHistory) bool { return entry.ID == request.GetId() })
	switch {
	case s.app.Spec.SyncPolicy != nil && s.app.Spec.SyncPolicy.Automated != nil:
		return nil, status.Error(codes.FailedPrecondition, "rollback cannot be initiated when auto-sync is enabled")
	case at < 0:
		return nil, status.Errorf(codes.InvalidArgument, "application %s does not have deployment with id %d", s.app.Name, request.GetId())
	case s.app.Operation != nil:
		return nil, status.Error(codes.FailedPrecondition, "another operation is already in progress")
	}
	s.operate(s.app.Status.History[at].Revision, request.GetPrune(), "")
	return s.app.DeepCopy(), nil
}

// TerminateOperation ends a running operation.
func (s *Server) TerminateOperation(context.Context, *application.OperationTerminateRequest) (*application.OperationTerminateResponse, error) {
	if s.app.Operation == nil {
		return nil, status.Error(codes.InvalidArgument, "Unable to terminate operation. No operation is in progress")
	}
	s.finish(common.OperationFailed, "Operation terminated")
	return &application.OperationTerminateResponse{}, nil
}

// GetManifests returns the manifests of any pushed revision that builds.
func (s *Server) GetManifests(_ context.Context, query *application.ApplicationManifestQuery) (*apiclient.ManifestResponse, error) {
	revision, ok := s.revisions[query.GetRevision()]
	if !ok || revision.Invalid {
		return nil, errors.New("error generating manifests: kustomize build failed")
	}
	response := &apiclient.ManifestResponse{Manifests: []string{`{"apiVersion":"v1","kind":"Service","metadata":{"name":"other"},"spec":{"template":"none"}}`}}
	for name, image := range revision.Images {
		response.Manifests = append(response.Manifests, fmt.Sprintf(`{"apiVersion":"serving.knative.dev/v1","kind":"Service","metadata":{"name":%q},"spec":{"template":{"spec":{"containers":[{"image":%q}]}}}}`, name, image))
	}
	return response, nil
}

// RevisionMetadata returns a commit's message.
func (s *Server) RevisionMetadata(_ context.Context, query *application.RevisionMetadataQuery) (*v1alpha1.RevisionMetadata, error) {
	return &v1alpha1.RevisionMetadata{Message: s.revisions[query.GetRevision()].Subject + "\n\nMore."}, nil
}

// GetResource returns a live Knative Service.
func (s *Server) GetResource(_ context.Context, request *application.ApplicationResourceRequest) (*application.ApplicationResourceResponse, error) {
	service, ok := s.live[request.GetResourceName()]
	if !ok || request.GetKind() != "Service" || request.GetGroup() != "serving.knative.dev" || request.GetNamespace() != s.app.Spec.Destination.Namespace {
		return nil, status.Errorf(codes.InvalidArgument, "%s %s not found as part of application", request.GetKind(), request.GetResourceName())
	}
	text, err := json.Marshal(service)
	manifest := string(text)
	return &application.ApplicationResourceResponse{Manifest: &manifest}, err
}

// ResourceTree returns two pods of every function, one of them ready, and one pod
// of nobody. Its order is not fixed: clients must not rely on one.
func (s *Server) ResourceTree(context.Context, *application.ResourcesQuery) (*v1alpha1.ApplicationTree, error) {
	nodes := []string{"{kind: Pod, name: alone}"}
	for name, message := range s.Unhealthy {
		nodes = append(nodes, fmt.Sprintf("{kind: ConfigMap, name: %s, health: {status: Degraded, message: %q}}", name, message))
	}
	for name, live := range s.live {
		nodes = append(nodes, fmt.Sprintf("{group: serving.knative.dev, kind: Service, name: %s, health: {status: %s}}", name, healthOf(live)))
		for _, owned := range []string{"kind: Revision, health: {status: Healthy}", "kind: Pod, health: {status: Healthy}", "kind: Pod, health: {status: Progressing}"} {
			if !s.HideRevisions {
				nodes = append(nodes, fmt.Sprintf("{%[1]s, name: %[2]s-1, parentRefs: [{name: %[2]s}], networkingInfo: {labels: {serving.knative.dev/service: %[2]s}}}", owned, name))
			}
		}
	}
	var tree v1alpha1.ApplicationTree
	return &tree, yaml.Unmarshal([]byte("nodes: ["+strings.Join(nodes, ", ")+"]"), &tree)
}
