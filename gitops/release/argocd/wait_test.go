package argocd

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd/argocdtest"
)

var (
	oldest = strings.Repeat("a1", 20)
	newest = strings.Repeat("b2", 20)
)

func pinned(name, digit string) string {
	return "registry/" + name + "@sha256:" + strings.Repeat(digit, 64)
}

func revision(digit string) argocdtest.Revision {
	return argocdtest.Revision{Subject: "Release " + digit, Images: map[string]string{"ask": pinned("ask", digit), "report": pinned("report", digit)}}
}

type lines []string

func (l *lines) report(line string) { *l = append(*l, line) }

func wait(t *testing.T, fake *argocdtest.Server, goal Goal) (lines, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var said lines
	goal.Application = prod
	return said, connected(t, fake).Wait(ctx, goal, said.report)
}

func TestWaitingEndsWhenTheNewRevisionsServe(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Deploy(oldest, revision("1"))
	fake.Push(newest, revision("2"))
	_, err := wait(t, fake, Goal{Revision: newest})
	require.NoError(t, err)
	assert.Equal(t, revision("2").Images, fake.Running())
	assert.Equal(t, newest, fake.Application().Status.Sync.Revision)
}

func TestWaitingForAServingRevisionEndsAtOnce(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Deploy(oldest, revision("1"))
	said, err := wait(t, fake, Goal{Revision: oldest})
	require.NoError(t, err)
	assert.Empty(t, said)
}

func TestWaitingReportsFailures(t *testing.T) {
	for name, c := range map[string]struct {
		broken func(*argocdtest.Revision)
		says   []string
	}{
		"a function that never becomes ready": {
			func(r *argocdtest.Revision) { r.Never = map[string]string{"ask": "container exits with 1"} },
			[]string{prod + " does not serve b2b2b2b2: ask is not ready: RevisionFailed: container exits with 1", "\n  Service ask is not ready: RevisionFailed: container exits with 1"},
		},
		"a migration": {
			func(r *argocdtest.Revision) { r.Hook = "column \"nonsense\" does not exist" },
			[]string{"the sync failed: one or more synchronization tasks", "Job migrate: column \"nonsense\" does not exist", "Service ask has image 111111111111, not 222222222222"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake := argocdtest.New(t, prod)
			fake.Deploy(oldest, revision("1"))
			bad := revision("2")
			c.broken(&bad)
			fake.Push(newest, bad)
			_, err := wait(t, fake, Goal{Revision: newest})
			for _, says := range c.says {
				assert.ErrorContains(t, err, says)
			}
		})
	}
}

// Argo CD 3 does not store the health of resources in the Application.
func TestWhatIsUnhealthyIsReadFromTheTree(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Deploy(oldest, revision("1"))
	bad := revision("2")
	bad.Hook = "fails"
	fake.Push(newest, bad)
	fake.Unhealthy = map[string]string{"settings": "cannot be mounted"}
	_, err := wait(t, fake, Goal{Revision: newest})
	assert.ErrorContains(t, err, "\n  ConfigMap settings: Degraded: cannot be mounted")
}

func TestWaitingEndsWhenTheBranchMoves(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Deploy(oldest, revision("1"))
	stuck := revision("2")
	stuck.Stuck = true
	fake.Push(newest, stuck)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := connected(t, fake).Wait(ctx, Goal{Application: prod, Revision: newest}, func(line string) {
		if strings.Contains(line, "waiting for healthy") {
			fake.Change(func(app *v1alpha1.Application) {
				app.Status.Sync.Revision = strings.Repeat("c3", 20)
				app.Status.OperationState.Phase, app.Status.OperationState.FinishedAt = "Succeeded", &metav1.Time{Time: time.Now()}
				app.Operation, app.Spec.SyncPolicy = nil, nil
			})
		}
	})
	assert.ErrorContains(t, err, "the branch has moved on to c3c3c3c3")
}

func TestWaitingEndsWhenAutoSyncIsOff(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Deploy(oldest, revision("1"))
	fake.Change(func(app *v1alpha1.Application) { app.Spec.SyncPolicy.Automated = nil })
	fake.Push(newest, revision("2"))
	_, err := wait(t, fake, Goal{Revision: newest})
	assert.ErrorContains(t, err, "auto-sync is suspended")
}

func TestWaitingHasATimeout(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Deploy(oldest, revision("1"))
	stuck := revision("2")
	stuck.Stuck = true
	fake.Push(newest, stuck)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var said lines
	err := connected(t, fake).Wait(ctx, Goal{Application: prod, Revision: newest}, said.report)
	assert.EqualError(t, err, prod+" does not serve b2b2b2b2: timed out: syncing b2b2b2b2: waiting for healthy state of Service")
	assert.Contains(t, said, "syncing b2b2b2b2: waiting for healthy state of Service")
}

func TestWaitingSurvivesAShortOutageOfArgoCD(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Deploy(oldest, revision("1"))
	fake.Push(newest, revision("2"))
	fake.Refuse("GetResource", status.Error(codes.Internal, "restarting"))
	server := connected(t, fake)
	var said lines
	err := server.Wait(t.Context(), Goal{Application: prod, Revision: newest}, func(line string) {
		said.report(line)
		fake.Refuse("GetResource", nil)
	})
	require.NoError(t, err)
	assert.Contains(t, said[0], "restarting")
}

func TestWaitingEndsWhenArgoCDDeniesAccess(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Deploy(oldest, revision("1"))
	fake.Refuse("GetResource", status.Error(codes.PermissionDenied, "permission denied"))
	_, err := wait(t, fake, Goal{Revision: oldest})
	assert.ErrorContains(t, err, "denies this account permission")
}

// A health check before Knative reconciles a change fails the operation, although the
// change serves a moment later.
func TestWaitingContinuesAfterAnOperationThatFailedOnTheOldState(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Deploy(oldest, revision("1"))
	fake.Deploy(newest, revision("2"))
	fake.Change(func(app *v1alpha1.Application) {
		app.Status.OperationState.Phase = "Failed"
		app.Status.OperationState.Message = "one or more synchronization tasks completed unsuccessfully"
	})
	_, err := wait(t, fake, Goal{Revision: newest})
	require.NoError(t, err)
}

func TestADegradedApplicationIsNotServing(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Unhealthy = map[string]string{"settings": "cannot be mounted"}
	fake.Deploy(oldest, revision("1"))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := connected(t, fake).Wait(ctx, Goal{Application: prod, Revision: oldest}, func(string) {})
	assert.ErrorContains(t, err, "timed out: Argo CD reports Degraded: ConfigMap settings: Degraded: cannot be mounted")
}
