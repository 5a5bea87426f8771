package rollback

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd/argocdtest"
)

const prod = "sequential-questioning-prod"

var (
	first  = strings.Repeat("a1", 20)
	second = strings.Repeat("a1", 2) + strings.Repeat("b2", 18) // has the same beginning as the first
	third  = strings.Repeat("c3", 20)
	revert = strings.Repeat("d4", 20)
)

func TestMain(m *testing.M) {
	os.Setenv("ARGOCD_CONFIG_DIR", "/nonexistent")
	os.Unsetenv("ARGOCD_SERVER")
	os.Unsetenv("ARGOCD_AUTH_TOKEN")
	os.Exit(m.Run())
}

func revision(digit string) argocdtest.Revision {
	return argocdtest.Revision{Subject: "Release " + digit, Images: map[string]string{
		"ask": "registry/ask@sha256:" + strings.Repeat(digit, 64), "report": "registry/report@sha256:" + strings.Repeat("9", 64),
	}}
}

// deployed returns a server with three deployments, with ids 0, 1 and 2.
func deployed(t *testing.T) (*argocdtest.Server, *argocd.Server) {
	t.Helper()
	fake := argocdtest.New(t, prod)
	fake.Deploy(first, revision("1"))
	fake.Deploy(second, revision("2"))
	fake.Deploy(third, revision("3"))
	require.Len(t, fake.Application().Status.History, 3)
	server, err := argocd.Connect(t.Context(), apiclient.ClientOptions{ServerAddr: fake.Address, AuthToken: argocdtest.Token, PlainText: true})
	require.NoError(t, err)
	server.Pause = time.Millisecond
	t.Cleanup(func() { server.Close() })
	return fake, server
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func back(t *testing.T, server *argocd.Server, argument string) error {
	t.Helper()
	return backReporting(t, server, argument, func(line string) { t.Log(line) })
}

func backReporting(t *testing.T, server *argocd.Server, argument string, report func(string)) error {
	t.Helper()
	app, err := server.Get(bounded(t), prod, false)
	require.NoError(t, err)
	target, err := Choose(app, argument)
	if err != nil {
		return err
	}
	return Run(bounded(t), server, app, target, report)
}

func resume(t *testing.T, server *argocd.Server, force bool) error {
	t.Helper()
	app, err := server.Get(bounded(t), prod, true)
	require.NoError(t, err)
	record, err := Resumable(app, force)
	if err != nil {
		return err
	}
	if record == nil {
		return nil
	}
	return Resume(bounded(t), server, app, record)
}

func TestRollingBackServesTheOldRevisionAndRecordsAutoSync(t *testing.T) {
	for argument, wanted := range map[string]string{"0": first, "1": second, first: first, "A1A1B2B": second} {
		t.Run(argument, func(t *testing.T) {
			fake, server := deployed(t)
			require.NoError(t, back(t, server, argument))
			app := fake.Application()
			assert.Equal(t, wanted, app.Status.History[3].Revision)
			assert.Nil(t, app.Spec.SyncPolicy.Automated)
			assert.Equal(t, v1alpha1.SyncOptions{"PruneLast=true"}, app.Spec.SyncPolicy.SyncOptions)
			assert.Equal(t, "annotation", app.Annotations["kept"])
			assert.Equal(t, "label", app.Labels["kept"])
			record, err := Recorded(app)
			require.NoError(t, err)
			assert.Equal(t, &v1alpha1.SyncPolicyAutomated{Prune: true, SelfHeal: true}, record.Automated)
			assert.Equal(t, wanted, record.To)
		})
	}
}

func TestAnUnknownDeploymentIsRefusedWithTheKnownOnes(t *testing.T) {
	fake, server := deployed(t)
	before := fake.Application()
	listed := "2 (c3c3c3c3), 1 (a1a1b2b2), 0 (a1a1a1a1)"
	for _, argument := range []string{"7", "-1", "deadbeef", "a1a1", "prod", ""} {
		assert.ErrorContains(t, back(t, server, argument), prod+" has no deployment \""+argument+"\": want an id or seven digits of a revision of: "+listed)
	}
	assert.ErrorContains(t, back(t, server, "2"), prod+" already runs c3c3c3c3: choose an earlier deployment of: "+listed)
	assert.Equal(t, before, fake.Application())
}

func TestARunningSyncIsEndedFirst(t *testing.T) {
	fake, server := deployed(t)
	bad := revision("4")
	bad.Stuck, bad.Never = true, map[string]string{"ask": "crashes"}
	fake.Deploy(revert, bad)
	require.NotNil(t, fake.Application().Operation)

	var said []string
	require.NoError(t, backReporting(t, server, "2", func(line string) { said = append(said, line) }))
	assert.Contains(t, said, "ending the sync to d4d4d4d4")
	assert.Equal(t, revision("3").Images, fake.Running())
}

func TestTheLastDeploymentCanBeRestoredAfterAFailedRelease(t *testing.T) {
	fake, server := deployed(t)
	bad := revision("4")
	bad.Never = map[string]string{"ask": "crashes"}
	fake.Deploy(revert, bad)
	require.NoError(t, back(t, server, "2"))
	assert.Equal(t, revision("3").Images, fake.Running())
}

func TestARollbackRunsNoHooks(t *testing.T) {
	fake, server := deployed(t)
	hooked := revision("2")
	hooked.Hook = "would fail"
	fake.Push(second, hooked)
	fake.Push(third, revision("3"))
	require.NoError(t, back(t, server, "1"))
	assert.Equal(t, revision("2").Images, fake.Running())
}

func TestABranchThatDoesNotBuildDoesNotBlockARollback(t *testing.T) {
	fake, server := deployed(t)
	fake.Deploy(revert, argocdtest.Revision{Invalid: true})
	require.NoError(t, back(t, server, "1"))
	assert.ErrorContains(t, resume(t, server, false), "branch prod at d4d4d4d4 deploys something else than what runs since the rollback to a1a1b2b2 (kustomize build failed")
}

func TestRollingBackAgainIsSafe(t *testing.T) {
	fake, server := deployed(t)
	require.NoError(t, back(t, server, "1"))
	before := fake.Application()
	require.NoError(t, back(t, server, "1"))
	assert.Equal(t, before, fake.Application(), "nothing was left to do")

	require.NoError(t, back(t, server, "0"))
	record, err := Recorded(fake.Application())
	require.NoError(t, err)
	assert.Equal(t, &v1alpha1.SyncPolicyAutomated{Prune: true, SelfHeal: true}, record.Automated)
	assert.Equal(t, first, record.To)
	assert.Equal(t, revision("1").Images, fake.Running())
}

func TestARefusedRollbackChangesNothing(t *testing.T) {
	denied := status.Error(codes.PermissionDenied, "permission denied")
	for method, says := range map[string]string{
		"Update":   "nothing was changed",
		"Rollback": "auto-sync is as it was",
	} {
		t.Run(method, func(t *testing.T) {
			fake, server := deployed(t)
			before := fake.Application()
			fake.Refuse(method, denied)
			err := back(t, server, "1")
			assert.ErrorContains(t, err, "denies this account permission")
			assert.ErrorContains(t, err, says)
			assert.Equal(t, before.Spec, fake.Application().Spec)
			assert.Equal(t, before.Annotations, fake.Application().Annotations)
			assert.Equal(t, revision("3").Images, fake.Running())
		})
	}
	t.Run("and so does a second one", func(t *testing.T) {
		fake, server := deployed(t)
		require.NoError(t, back(t, server, "1"))
		before := fake.Application()
		fake.Refuse("Rollback", denied)
		require.ErrorContains(t, back(t, server, "0"), "auto-sync is as it was")
		assert.Equal(t, before.Annotations, fake.Application().Annotations)
		assert.Nil(t, fake.Application().Spec.SyncPolicy.Automated)
	})
}

func TestAnIncompleteRollbackReportsTheState(t *testing.T) {
	fake, server := deployed(t)
	never := revision("2")
	never.Never = map[string]string{"ask": "the image is gone"}
	fake.Push(second, never)
	fake.Push(third, revision("3"))
	err := back(t, server, "1")
	for _, says := range []string{
		"does not serve a1a1b2b2: ask is not ready: RevisionFailed: the image is gone",
		"auto-sync of " + prod + " is off",
		"release rollback 1 --app " + prod,
		"release rollback --resume --force --app " + prod,
	} {
		assert.ErrorContains(t, err, says)
	}
	require.NoError(t, back(t, server, "0"), "another one is still possible")
}

func TestAnOutageOfArgoCDIsNotTakenForARefusal(t *testing.T) {
	fake, server := deployed(t)
	fake.Refuse("Rollback", status.Error(codes.Internal, "etcd is unavailable"))
	app, err := server.Get(bounded(t), prod, false)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err = Run(ctx, server, app, &app.Status.History[1], func(string) {})
	assert.ErrorContains(t, err, "timed out: roll "+prod+" back to 1")
	assert.ErrorContains(t, err, "etcd is unavailable")
	assert.ErrorContains(t, err, "is off. Run `release rollback 1 --app "+prod+"` again")
	fake.Refuse("Rollback", nil)
	require.NoError(t, back(t, server, "1"))
	assert.Equal(t, revision("2").Images, fake.Running())
}

func TestAutoSyncTurnedOnDuringARollbackIsDetected(t *testing.T) {
	fake, server := deployed(t)
	require.NoError(t, back(t, server, "1"))
	fake.Change(func(app *v1alpha1.Application) { app.Spec.SyncPolicy.Automated = &v1alpha1.SyncPolicyAutomated{} })
	err := server.Wait(bounded(t), argocd.Goal{Application: prod, Revision: second, RolledBack: true}, func(string) {})
	assert.ErrorContains(t, err, "auto-sync was turned on again by someone else")
}

func TestResumingIsRefusedUntilTheBranchDeploysTheTarget(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		push argocdtest.Revision
		says string
	}{
		"still the bad release":        {third, revision("3"), "at c3c3c3c3 deploys something else than what runs since the rollback to a1a1b2b2 (Service ask): push the revert first"},
		"the same by another one":      {revert, revision("3"), "at d4d4d4d4 deploys something else"},
		"something else":               {revert, revision("4"), "if this is the fix: release rollback --resume --force --app " + prod},
		"a branch that does not build": {revert, argocdtest.Revision{Invalid: true}, "(kustomize build failed"},
	} {
		t.Run(name, func(t *testing.T) {
			fake, server := deployed(t)
			require.NoError(t, back(t, server, "1"))
			fake.Push(c.head, c.push)
			before := fake.Application()
			assert.ErrorContains(t, resume(t, server, false), c.says)
			assert.Equal(t, before.Spec, fake.Application().Spec)
			assert.Equal(t, before.Annotations, fake.Application().Annotations)
			assert.Equal(t, revision("2").Images, fake.Running())
		})
	}
}

func TestResumingRestoresAutoSync(t *testing.T) {
	for name, c := range map[string]struct {
		push  argocdtest.Revision
		force bool
	}{
		"after the revert":      {revision("2"), false},
		"with the fix, by hand": {revision("4"), true},
	} {
		t.Run(name, func(t *testing.T) {
			fake, server := deployed(t)
			require.NoError(t, back(t, server, "1"))
			fake.Push(revert, c.push)
			require.NoError(t, resume(t, server, c.force))
			app := fake.Application()
			assert.Equal(t, &v1alpha1.SyncPolicyAutomated{Prune: true, SelfHeal: true}, app.Spec.SyncPolicy.Automated)
			assert.Equal(t, map[string]string{"kept": "annotation"}, app.Annotations)
			require.NoError(t, server.Wait(bounded(t), argocd.Goal{Application: prod, Revision: revert}, func(string) {}))
			assert.Equal(t, c.push.Images, fake.Running())
			require.NoError(t, resume(t, server, false), "again")
		})
	}
}

func TestResumingNeedsARecordOfARollback(t *testing.T) {
	fake, server := deployed(t)
	unchanged := func(doing func()) {
		before := fake.Application()
		doing()
		assert.Equal(t, before, fake.Application())
	}
	unchanged(func() { require.NoError(t, resume(t, server, false), "it is on") })
	fake.Change(func(app *v1alpha1.Application) { app.Spec.SyncPolicy.Automated = nil })
	unchanged(func() { assert.ErrorContains(t, resume(t, server, true), "was not suspended by `release rollback`") })
	fake.Change(func(app *v1alpha1.Application) { app.Annotations[Annotation] = "{" })
	unchanged(func() {
		assert.ErrorContains(t, resume(t, server, true), "is malformed")
		assert.ErrorContains(t, back(t, server, "1"), "is malformed")
	})
}

// Applying gitops/argocd during a rollback turns auto-sync on, and leaves the record.
func TestALeftoverRecordCountsForNothingWhenAutoSyncIsOn(t *testing.T) {
	fake, server := deployed(t)
	require.NoError(t, back(t, server, "1"))
	policy := &v1alpha1.SyncPolicyAutomated{SelfHeal: true}
	fake.Change(func(app *v1alpha1.Application) { app.Spec.SyncPolicy.Automated = policy })
	require.NoError(t, resume(t, server, false))
	assert.Equal(t, policy, fake.Application().Spec.SyncPolicy.Automated)
	require.NoError(t, back(t, server, "0"))
	record, err := Recorded(fake.Application())
	require.NoError(t, err)
	assert.Equal(t, policy, record.Automated)
}

func TestAnApplicationWithoutAutoSyncIsRolledBack(t *testing.T) {
	fake, server := deployed(t)
	fake.Change(func(app *v1alpha1.Application) { app.Spec.SyncPolicy = nil })
	require.NoError(t, back(t, server, "1"))
	assert.Nil(t, fake.Application().Spec.SyncPolicy)
	assert.NotContains(t, fake.Application().Annotations, Annotation)
}
