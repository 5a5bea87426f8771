package argocdtest

import (
	"fmt"
	"time"

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

// manifest is a function as a repository has it, with what the client reads of it.
func manifest(name, image string) string {
	return fmt.Sprintf(`{"apiVersion":"serving.knative.dev/v1","kind":"Service","metadata":{"name":%q},"spec":{"template":{"spec":{"containers":[{"image":%q}]}}}}`, name, image)
}

// refresh compares the Application with the branch. As in Argo CD, a branch that does
// not build keeps the last known sync revision's objects running.
// The caller holds the mutex, here and in all functions of this file.
func (s *Server) refresh() {
	s.app.Status.Conditions = nil
	revision := s.revisions[s.head]
	s.app.Status.Sync.Revision = s.head
	if revision.Invalid {
		s.app.Status.Sync.Status = v1alpha1.SyncStatusCodeUnknown
		s.app.Status.Conditions = []v1alpha1.ApplicationCondition{{Type: v1alpha1.ApplicationConditionComparisonError, Message: "kustomize build failed"}}
		return
	}
	s.compare()
}

// compare sets sync status, health and resources from what runs. As in Argo CD 3, the
// resources' health is in the tree only. It is reconciled one second in the future, so
// that it always counts as later than the operation before.
func (s *Server) compare() {
	s.app.Status.Sync.Status = v1alpha1.SyncStatusCodeSynced
	images := s.revisions[s.app.Status.Sync.Revision].Images
	if len(images) != len(s.live) {
		s.app.Status.Sync.Status = v1alpha1.SyncStatusCodeOutOfSync
	}
	s.app.Status.Health.Status = health.HealthStatusHealthy
	s.app.Status.Resources = nil
	for name, service := range s.live {
		if images[name] != service.Spec.Template.Spec.Containers[0].Image {
			s.app.Status.Sync.Status = v1alpha1.SyncStatusCodeOutOfSync
		}
		if state := healthOf(service); state.Status != health.HealthStatusHealthy {
			s.app.Status.Health.Status = state.Status
		}
		s.app.Status.Resources = append(s.app.Status.Resources, v1alpha1.ResourceStatus{
			Group: "serving.knative.dev", Kind: "Service", Name: name, Namespace: s.app.Spec.Destination.Namespace,
		})
	}
	now := metav1.NewTime(time.Now().Add(time.Second))
	s.app.Status.ReconciledAt = &now
}

// healthOf is Argo CD's health of a Knative Service.
func healthOf(service *servingv1.Service) *v1alpha1.HealthStatus {
	switch condition := service.Status.GetCondition(apis.ConditionReady); {
	case condition == nil || condition.Status == corev1.ConditionUnknown:
		return &v1alpha1.HealthStatus{Status: health.HealthStatusProgressing}
	case condition.Status == corev1.ConditionFalse:
		return &v1alpha1.HealthStatus{Status: health.HealthStatusDegraded, Message: condition.Message}
	}
	return &v1alpha1.HealthStatus{Status: health.HealthStatusHealthy}
}

// operate requests an operation; advance begins it.
// An operation that runs is replaced; callers refuse before that where Argo CD does.
func (s *Server) operate(sync *v1alpha1.SyncOperation) {
	s.app.Operation = &v1alpha1.Operation{Sync: sync}
	s.app.Status.OperationState = nil
	s.step = 0
}

// advance runs one step of the running operation or of auto-sync.
// Its steps are: note the operation, apply, let Knative reconcile, and finish. Each read of
// the Application runs one, so a client can see every state.
func (s *Server) advance() {
	if s.app.Operation == nil {
		s.compareUnlessInvalid()
		s.sync()
		return
	}
	revision := s.revisions[s.app.Operation.Sync.Revision]
	state := s.app.Status.OperationState
	s.step++
	switch {
	case state == nil:
		s.app.Status.OperationState = &v1alpha1.OperationState{
			Phase: common.OperationRunning, Operation: *s.app.Operation, StartedAt: metav1.Now(),
			SyncResult: &v1alpha1.SyncOperationResult{Revision: s.app.Operation.Sync.Revision},
		}
	// A rollback has an apply strategy, and with it no hooks.
	case state.Phase == common.OperationTerminating:
		s.finish(common.OperationFailed, "Operation terminated")
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

// compareUnlessInvalid leaves the status of a branch that does not build as refresh set
// it.
func (s *Server) compareUnlessInvalid() {
	if !s.revisions[s.app.Status.Sync.Revision].Invalid {
		s.compare()
	}
}

// sync starts the sync of auto-sync, once per revision. After a failure of the same
// revision Argo CD does not try again by itself.
func (s *Server) sync() {
	policy := s.app.Spec.SyncPolicy
	if policy == nil || policy.Automated == nil || s.app.Status.Sync.Status != v1alpha1.SyncStatusCodeOutOfSync {
		return
	}
	if state := s.app.Status.OperationState; state != nil && !state.Phase.Successful() && state.SyncResult.Revision == s.app.Status.Sync.Revision {
		return
	}
	s.operate(&v1alpha1.SyncOperation{Revision: s.app.Status.Sync.Revision, Prune: policy.Automated.Prune})
}

// apply changes the live Services as kubectl apply does: the generation grows with each
// change.
// Without prune, Services that the revision lacks stay.
func (s *Server) apply(revision Revision, state *v1alpha1.OperationState) {
	for name, image := range revision.Images {
		state.SyncResult.Resources = append(state.SyncResult.Resources, &v1alpha1.ResourceResult{
			Group: "serving.knative.dev", Kind: "Service", Name: name, Status: common.ResultCodeSynced,
		})
		service, ok := s.live[name]
		if !ok {
			service = &servingv1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}}
			service.Spec.Template.Spec.Containers = []corev1.Container{{}}
			s.live[name] = service
		}
		if service.Spec.Template.Spec.Containers[0].Image != image {
			service.Spec.Template.Spec.Containers[0].Image = image
			service.Generation++
		}
	}
	for name := range s.live {
		if _, ok := revision.Images[name]; !ok && s.app.Operation.Sync.Prune {
			delete(s.live, name)
		}
	}
	s.compareUnlessInvalid()
}

// reconcile updates the Services' status as Knative does.
// A Service that never becomes ready keeps its earlier revision in traffic, as Knative does.
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
	s.compareUnlessInvalid()
}

// finish ends the operation. Only a success becomes history, with the next id.
func (s *Server) finish(phase common.OperationPhase, message string) {
	now := metav1.Now()
	state := s.app.Status.OperationState
	state.Phase, state.Message, state.FinishedAt = phase, message, &now
	s.app.Operation = nil
	if phase == common.OperationSucceeded {
		id := int64(0)
		if history := s.app.Status.History; len(history) > 0 {
			id = history[len(history)-1].ID + 1
		}
		s.app.Status.History = append(s.app.Status.History, v1alpha1.RevisionHistory{
			ID: id, Revision: state.SyncResult.Revision, DeployedAt: now, Source: *s.app.Spec.Source,
		})
	}
	s.compareUnlessInvalid()
}
