package argocdtest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"
	duckv1 "knative.dev/pkg/apis/duck/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// refresh reads the branch; advance compares with it. As in Argo CD, a branch that does
// not build keeps the last known sync revision's objects running.
// The caller holds the mutex, here and in all functions of this file.
func (s *Server) refresh() {
	s.app.Status.Conditions, s.app.Status.Sync.Revision = nil, s.head
	if s.revisions[s.head].Invalid {
		s.app.Status.Sync.Status = v1alpha1.SyncStatusCodeUnknown
		s.app.Status.Conditions = []v1alpha1.ApplicationCondition{{Type: v1alpha1.ApplicationConditionComparisonError, Message: "kustomize build failed"}}
	}
}

// compare sets sync status, health and resources from what runs, unless the branch does
// not build. As in Argo CD 3, the resources' health is in the tree only.
func (s *Server) compare() {
	revision, status := s.revisions[s.app.Status.Sync.Revision], &s.app.Status
	if revision.Invalid {
		return
	}
	status.Sync.Status, status.Health.Status, status.Resources = v1alpha1.SyncStatusCodeSynced, health.HealthStatusHealthy, nil
	if len(s.Unhealthy) > 0 {
		status.Health.Status = health.HealthStatusDegraded
	}
	if len(revision.Images) != len(s.live) {
		status.Sync.Status = v1alpha1.SyncStatusCodeOutOfSync
	}
	for _, name := range slices.Sorted(maps.Keys(s.live)) {
		resource := v1alpha1.ResourceStatus{Group: "serving.knative.dev", Kind: "Service", Name: name, Status: v1alpha1.SyncStatusCodeSynced}
		if s.live[name].Spec.Template.Spec.Containers[0].Image != revision.Images[name] {
			resource.Status, status.Sync.Status = v1alpha1.SyncStatusCodeOutOfSync, v1alpha1.SyncStatusCodeOutOfSync
		}
		if state := healthOf(s.live[name]); state != health.HealthStatusHealthy {
			status.Health.Status = state
		}
		status.Resources = append(status.Resources, resource)
	}
}

// healthOf is Argo CD's health of a Knative Service.
func healthOf(service *servingv1.Service) health.HealthStatusCode {
	if service.Status.GetCondition(apis.ConditionReady).IsTrue() {
		return health.HealthStatusHealthy
	}
	return health.HealthStatusDegraded
}

// advance is the controller: it compares, and with auto-sync on syncs each revision once.
// After a failure of the same revision Argo CD does not try again by itself.
func (s *Server) advance() {
	s.compare()
	policy, state, revision := s.app.Spec.SyncPolicy, s.app.Status.OperationState, s.app.Status.Sync.Revision
	if policy == nil || policy.Automated == nil || s.app.Status.Sync.Status != v1alpha1.SyncStatusCodeOutOfSync {
		return
	}
	if state == nil || state.SyncResult.Revision != revision || state.Phase.Successful() {
		s.operate(revision, policy.Automated.Prune, s.revisions[revision].Hook)
	}
}

// operate runs an operation, unless one runs. hook is the message with which its hook
// fails; empty if it succeeds.
func (s *Server) operate(hash string, prune bool, hook string) {
	if s.app.Operation != nil {
		return
	}
	revision := s.revisions[hash]
	state := &v1alpha1.OperationState{Phase: common.OperationRunning, StartedAt: metav1.Now(), SyncResult: &v1alpha1.SyncOperationResult{Revision: hash}}
	s.app.Status.OperationState = state
	switch {
	case hook != "":
		state.SyncResult.Resources = v1alpha1.ResourceResults{{Kind: "Job", Name: "migrate", HookType: common.HookTypePreSync, HookPhase: common.OperationFailed, Message: hook}}
		s.finish(common.OperationFailed, "one or more synchronization tasks completed unsuccessfully")
		return
	case prune:
		maps.DeleteFunc(s.live, func(name string, _ *servingv1.Service) bool { return revision.Images[name] == "" })
	}
	for name, image := range revision.Images {
		state.SyncResult.Resources = append(state.SyncResult.Resources, &v1alpha1.ResourceResult{Kind: "Service", Name: name, Status: common.ResultCodeSynced})
		s.apply(name, image, revision.Never[name])
	}
	switch {
	case revision.Stuck:
		state.Message, s.app.Operation = "waiting for healthy state of Service", &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Revision: hash}}
	case len(revision.Never) > 0:
		s.finish(common.OperationFailed, "one or more synchronization tasks completed unsuccessfully")
	default:
		s.finish(common.OperationSucceeded, "successfully synced")
	}
	s.compare()
}

// apply changes a live Service as kubectl apply and Knative do: the generation grows with
// each change, and one that never becomes ready keeps its earlier revision.
func (s *Server) apply(name, image, never string) {
	service := s.live[name]
	if service == nil {
		service = &servingv1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}}
		service.Spec.Template.Spec.Containers = []corev1.Container{{}}
		s.live[name] = service
	}
	if container := &service.Spec.Template.Spec.Containers[0]; container.Image != image {
		container.Image = image
		service.Generation++
	}
	service.Status.ObservedGeneration = service.Generation
	if never != "" {
		service.Status.Conditions = duckv1.Conditions{{Type: apis.ConditionReady, Status: corev1.ConditionFalse, Reason: "RevisionFailed", Message: never}}
		return
	}
	service.Status.Conditions = duckv1.Conditions{{Type: apis.ConditionReady, Status: corev1.ConditionTrue}}
	service.Status.LatestReadyRevisionName = fmt.Sprintf("%s-%05d", name, service.Generation)
}

// finish ends the operation. Only a success becomes history, with the next id.
func (s *Server) finish(phase common.OperationPhase, message string) {
	now, state := metav1.Now(), s.app.Status.OperationState
	state.Phase, state.Message, state.FinishedAt, s.app.Operation = phase, message, &now, nil
	if phase == common.OperationSucceeded {
		s.app.Status.History = append(s.app.Status.History, v1alpha1.RevisionHistory{ID: int64(len(s.app.Status.History)), Revision: state.SyncResult.Revision, DeployedAt: now})
	}
}
