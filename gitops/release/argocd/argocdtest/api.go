package argocdtest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/reposerver/apiclient"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errDenied is Argo CD's answer to strangers and to wrong names alike, in its own
// words, by which the client decides.
var errDenied = status.Error(codes.PermissionDenied, "permission denied")

// Get runs one step of the controller. As in Argo CD, reading a missing Application is
// denied.
// It returns a copy, so a client cannot change the server's state by accident.
func (s *Server) Get(_ context.Context, query *application.ApplicationQuery) (*v1alpha1.Application, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if query.GetName() != s.app.Name {
		return nil, errDenied
	}
	if query.Refresh != nil {
		s.refresh()
	}
	for _, observer := range s.observers {
		observer(s.app)
	}
	s.advance()
	return s.app.DeepCopy(), nil
}

// List returns the server's only Application.
func (s *Server) List(context.Context, *application.ApplicationQuery) (*v1alpha1.ApplicationList, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &v1alpha1.ApplicationList{Items: []v1alpha1.Application{*s.app.DeepCopy()}}, nil
}

// Update replaces specification, labels and annotations. With validation the branch
// must build, as in Argo CD.
// It does not check for conflicting changes.
func (s *Server) Update(_ context.Context, request *application.ApplicationUpdateRequest) (*v1alpha1.Application, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "Update")
	if (request.Validate == nil || *request.Validate) && s.revisions[s.head].Invalid {
		return nil, status.Error(codes.InvalidArgument, "application spec is invalid: Unable to generate manifests")
	}
	s.app.Spec, s.app.Labels, s.app.Annotations = request.Application.Spec, request.Application.Labels, request.Application.Annotations
	return s.app.DeepCopy(), nil
}

// Rollback fails while auto-sync is on or an operation runs, as in Argo CD. The texts
// and codes are those of Argo CD 2.14: the client tells errors apart by them.
// The operation begins with the next step of the controller.
func (s *Server) Rollback(_ context.Context, request *application.ApplicationRollbackRequest) (*v1alpha1.Application, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "Rollback")
	if s.app.Spec.SyncPolicy != nil && s.app.Spec.SyncPolicy.Automated != nil {
		return nil, status.Error(codes.FailedPrecondition, "rollback cannot be initiated when auto-sync is enabled")
	}
	at := slices.IndexFunc(s.app.Status.History, func(entry v1alpha1.RevisionHistory) bool { return entry.ID == request.GetId() })
	if at < 0 {
		return nil, status.Errorf(codes.InvalidArgument, "application %s does not have deployment with id %d", s.app.Name, request.GetId())
	}
	if s.app.Operation != nil {
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
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "TerminateOperation")
	if s.app.Operation == nil || s.app.Status.OperationState == nil {
		return nil, status.Error(codes.InvalidArgument, "Unable to terminate operation. No operation is in progress")
	}
	s.app.Status.OperationState.Phase = common.OperationTerminating
	return &application.OperationTerminateResponse{}, nil
}

// GetManifests returns the manifests of any pushed revision. They are in the order of
// their names, as kustomize gives them.
// Revisions that do not build are an error, as are unknown ones.
func (s *Server) GetManifests(_ context.Context, query *application.ApplicationManifestQuery) (*apiclient.ManifestResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	revision, ok := s.revisions[query.GetRevision()]
	if !ok || revision.Invalid {
		return nil, errors.New("error generating manifests: kustomize build failed")
	}
	response := &apiclient.ManifestResponse{}
	for _, name := range slices.Sorted(maps.Keys(revision.Images)) {
		response.Manifests = append(response.Manifests, manifest(name, revision.Images[name]))
	}
	return response, nil
}

// RevisionMetadata returns a commit's message.
func (s *Server) RevisionMetadata(_ context.Context, query *application.RevisionMetadataQuery) (*v1alpha1.RevisionMetadata, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &v1alpha1.RevisionMetadata{Message: s.revisions[query.GetRevision()].Subject + "\n\nMore."}, nil
}

// GetResource returns a live Knative Service.
func (s *Server) GetResource(_ context.Context, request *application.ApplicationResourceRequest) (*application.ApplicationResourceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	service, ok := s.live[request.GetResourceName()]
	if !ok || request.GetKind() != "Service" || request.GetGroup() != "serving.knative.dev" {
		return nil, status.Errorf(codes.InvalidArgument, "%s %s not found as part of application", request.GetKind(), request.GetResourceName())
	}
	text, err := json.Marshal(service)
	if err != nil {
		return nil, err
	}
	manifest := string(text)
	return &application.ApplicationResourceResponse{Manifest: &manifest}, nil
}

// ResourceTree returns two pods of every function, one of them ready, and one pod
// without an owner. The levels between Service and Pod are those that Knative makes.
// Its order is not fixed: clients must not rely on one.
func (s *Server) ResourceTree(context.Context, *application.ResourcesQuery) (*v1alpha1.ApplicationTree, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tree := &v1alpha1.ApplicationTree{}
	add := func(group, kind, name string, state *v1alpha1.HealthStatus, parents ...v1alpha1.ResourceRef) v1alpha1.ResourceRef {
		ref := v1alpha1.ResourceRef{Group: group, Kind: kind, Name: name, UID: group + kind + name}
		tree.Nodes = append(tree.Nodes, v1alpha1.ResourceNode{ResourceRef: ref, ParentRefs: parents, Health: state})
		return ref
	}
	healthy, starting := &v1alpha1.HealthStatus{Status: health.HealthStatusHealthy}, &v1alpha1.HealthStatus{Status: health.HealthStatusProgressing}
	for name, message := range s.unhealthy {
		add("", "ConfigMap", name, &v1alpha1.HealthStatus{Status: health.HealthStatusDegraded, Message: message})
	}
	for name, live := range s.live {
		service := add("serving.knative.dev", "Service", name, healthOf(live))
		if s.hidden {
			continue
		}
		configuration := add("serving.knative.dev", "Configuration", name, healthy, service)
		revision := add("serving.knative.dev", "Revision", name+"-00001", healthy, configuration)
		set := add("apps", "ReplicaSet", name, healthy, add("apps", "Deployment", name, healthy, revision))
		add("", "Pod", name+"-a", healthy, set)
		add("", "Pod", name+"-b", starting, set)
	}
	add("", "Pod", "alone", healthy)
	return tree, nil
}
