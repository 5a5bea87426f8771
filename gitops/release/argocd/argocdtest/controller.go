package argocdtest

import (
	"fmt"
	"maps"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"
	duckv1 "knative.dev/pkg/apis/duck/v1"
	"knative.dev/pkg/ptr"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// refresh compares the Application with the branch. As in Argo CD, a branch that does
// not build keeps the last known sync revision's objects running.
// The caller holds the mutex, here and in all functions of this file.
func (s *Server) refresh() {
	s.app.Status.Conditions, s.app.Status.Sync.Revision = nil, s.head
	if s.revisions[s.head].Invalid {
		s.app.Status.Sync.Status = v1alpha1.SyncStatusCodeUnknown
		s.app.Status.Conditions = []v1alpha1.ApplicationCondition{{Type: v1alpha1.ApplicationConditionComparisonError, Message: "kustomize build failed"}}
	}
	s.compare()
}

// running returns the images of the live Services.
func (s *Server) running() map[string]string {
	images := map[string]string{}
	for name, service := range s.live {
		images[name] = service.Spec.Template.Spec.Containers[0].Image
	}
	return images
}

// compare sets sync status, health and resources from what runs, unless the branch does
// not build. As in Argo CD 3, the resources' health is in the tree only.
func (s *Server) compare() {
	revision := s.revisions[s.app.Status.Sync.Revision]
	if revision.Invalid {
		return
	}
	status, running := &s.app.Status, s.running()
	status.Sync.Status, status.Health.Status, status.Resources = v1alpha1.SyncStatusCodeSynced, health.HealthStatusHealthy, nil
	if !maps.Equal(revision.Images, running) {
		status.Sync.Status = v1alpha1.SyncStatusCodeOutOfSync
	}
	if len(s.Unhealthy) > 0 {
		status.Health.Status = health.HealthStatusDegraded
	}
	for name, service := range s.live {
		if state := healthOf(service); state.Status != health.HealthStatusHealthy {
			status.Health.Status = state.Status
		}
		sync := v1alpha1.SyncStatusCodeSynced
		if revision.Images[name] != running[name] {
			sync = v1alpha1.SyncStatusCodeOutOfSync
		}
		status.Resources = append(status.Resources, v1alpha1.ResourceStatus{
			Group: "serving.knative.dev", Kind: "Service", Name: name, Namespace: s.app.Spec.Destination.Namespace, Status: sync,
		})
	}
}

// healthOf is Argo CD's health of a Knative Service.
func healthOf(service *servingv1.Service) v1alpha1.HealthStatus {
	switch condition := service.Status.GetCondition(apis.ConditionReady); {
	case condition.IsTrue():
		return v1alpha1.HealthStatus{Status: health.HealthStatusHealthy}
	case condition.IsFalse():
		return v1alpha1.HealthStatus{Status: health.HealthStatusDegraded, Message: condition.Message}
	}
	return v1alpha1.HealthStatus{Status: health.HealthStatusProgressing}
}

// operate requests an operation; advance begins it.
func (s *Server) operate(sync *v1alpha1.SyncOperation) {
	s.app.Operation, s.app.Status.OperationState, s.step = &v1alpha1.Operation{Sync: sync}, nil, 0
}

// advance runs one step of the running operation or of auto-sync.
// Its steps are: note the operation, apply, let Knative reconcile, and finish. Each read of
// the Application runs one, so a client can see every state.
func (s *Server) advance() {
	defer s.compare()
	if s.app.Operation == nil {
		s.compare()
		s.sync()
		return
	}
	revision, state := s.revisions[s.app.Operation.Sync.Revision], s.app.Status.OperationState
	s.step++
	switch {
	case state == nil:
		s.app.Status.OperationState = &v1alpha1.OperationState{
			Phase: common.OperationRunning, Operation: *s.app.Operation, StartedAt: metav1.Now(),
			SyncResult: &v1alpha1.SyncOperationResult{Revision: s.app.Operation.Sync.Revision},
		}
	case state.Phase == common.OperationTerminating:
		s.finish(common.OperationFailed, "Operation terminated")
	// A rollback has an apply strategy, and with it no hooks.
	case revision.Hook != "" && s.app.Operation.Sync.SyncStrategy == nil:
		state.SyncResult.Resources = append(state.SyncResult.Resources, &v1alpha1.ResourceResult{
			Kind: "Job", Name: "migrate", HookType: common.HookTypePreSync, HookPhase: common.OperationFailed, Message: revision.Hook,
		})
		s.finish(common.OperationFailed, "one or more synchronization tasks completed unsuccessfully")
	case s.step == 2:
		s.apply(revision, state)
	case s.step == 3:
		s.reconcile(revision)
	case revision.Stuck:
		state.Message = "waiting for healthy state of Service"
	case len(revision.Never) > 0:
		s.finish(common.OperationFailed, "one or more synchronization tasks completed unsuccessfully")
	default:
		s.finish(common.OperationSucceeded, "successfully synced")
	}
}

// sync starts the sync of auto-sync, once per revision. After a failure of the same
// revision Argo CD does not try again by itself.
func (s *Server) sync() {
	policy, state, revision := s.app.Spec.SyncPolicy, s.app.Status.OperationState, s.app.Status.Sync.Revision
	if policy == nil || policy.Automated == nil || s.app.Status.Sync.Status != v1alpha1.SyncStatusCodeOutOfSync {
		return
	}
	if state == nil || state.Phase.Successful() || state.SyncResult.Revision != revision {
		s.operate(&v1alpha1.SyncOperation{Revision: revision, Prune: policy.Automated.Prune})
	}
}

// apply changes the live Services as kubectl apply does: the generation grows with each
// change. Without prune, Services that the revision lacks stay.
func (s *Server) apply(revision Revision, state *v1alpha1.OperationState) {
	for name, image := range revision.Images {
		state.SyncResult.Resources = append(state.SyncResult.Resources, &v1alpha1.ResourceResult{
			Group: "serving.knative.dev", Kind: "Service", Name: name, Status: common.ResultCodeSynced,
		})
		if s.live[name] == nil {
			s.live[name] = &servingv1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}}
			s.live[name].Spec.Template.Spec.Containers = []corev1.Container{{}}
		}
		if container := &s.live[name].Spec.Template.Spec.Containers[0]; container.Image != image {
			container.Image = image
			s.live[name].Generation++
		}
	}
	maps.DeleteFunc(s.live, func(name string, _ *servingv1.Service) bool {
		return revision.Images[name] == "" && s.app.Operation.Sync.Prune
	})
}

// reconcile updates the Services' status as Knative does: one that never becomes ready
// keeps its earlier revision in traffic.
func (s *Server) reconcile(revision Revision) {
	for name, service := range s.live {
		service.Status.ObservedGeneration = service.Generation
		service.Status.LatestCreatedRevisionName = fmt.Sprintf("%s-%05d", name, service.Generation)
		ready := apis.Condition{Type: apis.ConditionReady, Status: corev1.ConditionTrue}
		if why, never := revision.Never[name]; never {
			ready.Status, ready.Reason, ready.Message = corev1.ConditionFalse, "RevisionFailed", why
		} else {
			service.Status.LatestReadyRevisionName = service.Status.LatestCreatedRevisionName
		}
		service.Status.Conditions = duckv1.Conditions{ready}
		service.Status.Traffic = []servingv1.TrafficTarget{{RevisionName: service.Status.LatestReadyRevisionName, Percent: ptr.Int64(100)}}
	}
}

// finish ends the operation. Only a success becomes history, with the next id.
func (s *Server) finish(phase common.OperationPhase, message string) {
	now, state := metav1.Now(), s.app.Status.OperationState
	state.Phase, state.Message, state.FinishedAt, s.app.Operation = phase, message, &now, nil
	if phase != common.OperationSucceeded {
		return
	}
	entry := v1alpha1.RevisionHistory{Revision: state.SyncResult.Revision, DeployedAt: now, Source: *s.app.Spec.Source}
	if history := s.app.Status.History; len(history) > 0 {
		entry.ID = history[len(history)-1].ID + 1
	}
	s.app.Status.History = append(s.app.Status.History, entry)
}
