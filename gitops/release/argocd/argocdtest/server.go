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
	"sync"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apiclient/version"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/reposerver/apiclient"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
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
// to. Its methods for tests are safe for concurrent use with the API.
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
	calls     []string
	step      int
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

// Deploy pushes a revision and runs the controller until nothing changes. 20 steps are
// more than any operation takes; one that is Stuck stays as it is.
func (s *Server) Deploy(hash string, revision Revision) {
	s.Push(hash, revision)
	s.Change(func(*v1alpha1.Application) {
		s.refresh()
		for range 20 {
			s.advance()
		}
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
func (s *Server) Running() (images map[string]string) {
	s.Change(func(*v1alpha1.Application) { images = s.running() })
	return images
}

// Calls returns the names of the writing methods that were called, in their order. Those
// that Refuse stopped are absent.
func (s *Server) Calls() (calls []string) {
	s.Change(func(*v1alpha1.Application) { calls = slices.Clone(s.calls) })
	return calls
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
	if slices.Contains([]string{"Update", "Rollback", "TerminateOperation"}, method) {
		s.calls = append(s.calls, method)
	}
	return handle(ctx, request)
}

// Version is asked for by Argo CD's client when it connects.
func (*Server) Version(context.Context, *empty.Empty) (*version.VersionMessage, error) {
	return &version.VersionMessage{Version: "v3.2.11"}, nil
}

// Get runs one step of the controller. As in Argo CD, reading a missing Application is
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

// List returns the server's only Application.
func (s *Server) List(context.Context, *application.ApplicationQuery) (*v1alpha1.ApplicationList, error) {
	return &v1alpha1.ApplicationList{Items: []v1alpha1.Application{*s.app.DeepCopy()}}, nil
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
	entry := s.app.Status.History[at]
	s.operate(&v1alpha1.SyncOperation{
		Revision: entry.Revision, Prune: request.GetPrune(), Source: &entry.Source,
		SyncStrategy: &v1alpha1.SyncStrategy{Apply: &v1alpha1.SyncStrategyApply{}},
	})
	return s.app.DeepCopy(), nil
}

// TerminateOperation ends a running operation with the controller's next step.
func (s *Server) TerminateOperation(context.Context, *application.OperationTerminateRequest) (*application.OperationTerminateResponse, error) {
	if s.app.Operation == nil || s.app.Status.OperationState == nil {
		return nil, status.Error(codes.InvalidArgument, "Unable to terminate operation. No operation is in progress")
	}
	s.app.Status.OperationState.Phase = common.OperationTerminating
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
	tree := &v1alpha1.ApplicationTree{}
	add := func(group, kind, name, function string, state v1alpha1.HealthStatus, parents ...v1alpha1.ResourceRef) v1alpha1.ResourceRef {
		ref := v1alpha1.ResourceRef{Group: group, Kind: kind, Name: name, UID: group + kind + name}
		node := v1alpha1.ResourceNode{ResourceRef: ref, ParentRefs: parents, Health: &state}
		node.NetworkingInfo = &v1alpha1.ResourceNetworkingInfo{Labels: map[string]string{"serving.knative.dev/service": function}}
		tree.Nodes = append(tree.Nodes, node)
		return ref
	}
	healthy, starting := v1alpha1.HealthStatus{Status: health.HealthStatusHealthy}, v1alpha1.HealthStatus{Status: health.HealthStatusProgressing}
	for name, message := range s.Unhealthy {
		add("", "ConfigMap", name, "", v1alpha1.HealthStatus{Status: health.HealthStatusDegraded, Message: message})
	}
	add("", "Pod", "alone", "", healthy)
	for name, live := range s.live {
		service := add("serving.knative.dev", "Service", name, "", healthOf(live))
		if !s.HideRevisions {
			revision := add("serving.knative.dev", "Revision", name+"-00001", "", healthy, service)
			add("", "Pod", name+"-a", name, healthy, revision)
			add("", "Pod", name+"-b", name, starting, revision)
		}
	}
	return tree, nil
}
