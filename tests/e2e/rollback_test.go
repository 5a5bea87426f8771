package e2e

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

// released deploys a release to both environments and returns the previous version.
func released(t *testing.T, version string) (before string) {
	t.Helper()
	before, err := Version(t.Context(), deployment.Route(Prod))
	require.NoError(t, err)
	require.NoError(t, deployment.Change(t.Context(), version))
	require.NoError(t, deployment.PushBoth(t.Context()))
	return before
}

// onProd commits to prod only.
func onProd(t *testing.T, message string) (head string) {
	t.Helper()
	_, err := deployment.Clone.Commit(t.Context(), message)
	require.NoError(t, err)
	head, err = deployment.Push(t.Context(), "prod")
	require.NoError(t, err)
	return head
}

func revert(t *testing.T) (head string) {
	t.Helper()
	_, err := deployment.Clone.Git(t.Context(), "revert", "--no-edit", "HEAD")
	require.NoError(t, err)
	head, err = deployment.Push(t.Context(), "prod")
	require.NoError(t, err)
	return head
}

func TestRevertingACommitRollsBack(t *testing.T) {
	begin(t)
	before := released(t, "0.3.0")
	began := time.Now()
	head := revert(t)
	require.NoError(t, deployment.Serves(t.Context(), Prod, before))
	deployment.Figures.Add("Rollback", "push of a `git revert` → production serves the release before", Seconds(time.Since(began)))
	require.NoError(t, deployment.Synced(t.Context(), string(Prod), head))
	converse(t.Context(), t, deployment.Route(Prod))
}

func TestReleaseRollsBackThroughArgoCD(t *testing.T) {
	begin(t)
	route := deployment.Route(Prod)
	before := released(t, "0.4.0")
	schema := schemaVersion(t, Prod)
	opened, err := Call(t.Context(), route, askTool, trip)
	require.NoError(t, err)
	application, err := deployment.Application(t.Context(), string(Prod))
	require.NoError(t, err)
	require.True(t, application.Automated)
	require.GreaterOrEqual(t, len(application.History), 2)
	good := strconv.FormatInt(application.History[len(application.History)-2].ID, 10)
	hook, err := deployment.Get(t.Context(), Jobs, string(Prod), "migrations")
	require.NoError(t, err)

	listed, err := deployment.Release(t.Context(), "rollback")
	require.NoError(t, err)
	require.Contains(t, listed, good)
	said, err := deployment.Release(t.Context(), "rollback", "999999", "--yes")
	require.ErrorContains(t, err, "999999", said)
	untouched, err := deployment.Application(t.Context(), string(Prod))
	require.NoError(t, err)
	require.Equal(t, application.History, untouched.History)
	require.True(t, untouched.Automated)

	deployment.Figures.Mark("release rollback")
	took, err := Took(func() error {
		_, err := deployment.Release(t.Context(), "rollback", good, "--yes")
		return err
	})
	require.NoError(t, err)
	require.NoError(t, deployment.Serves(t.Context(), Prod, before))
	deployment.Figures.Add("Rollback", "`release rollback ID` → the release before serves", Seconds(took))

	t.Run("no hook ran, and the older functions work on the newer schema", func(t *testing.T) {
		now, err := deployment.Get(t.Context(), Jobs, string(Prod), "migrations")
		require.NoError(t, err)
		require.Equal(t, hook.GetUID(), now.GetUID())
		require.Equal(t, schema, schemaVersion(t, Prod))
		converse(t.Context(), t, route)
		_, err = Call(t.Context(), route, followUpTool, map[string]any{"user_id": family, "conversation_id": opened["conversation_id"], "answers": answers("destination", "travellers")})
		require.NoError(t, err, "a conversation continues across the rollback")
		reported(t.Context(), t, route, opened["conversation_id"])
	})
	t.Run("it does not roll forward again by itself", func(t *testing.T) {
		application, err := deployment.Application(t.Context(), string(Prod))
		require.NoError(t, err)
		require.False(t, application.Automated)
		said, err := deployment.Release(t.Context(), "rollback", "--resume", "--yes")
		require.Error(t, err, said)
		application, err = deployment.Application(t.Context(), string(Prod))
		require.NoError(t, err)
		require.False(t, application.Automated)
	})
	t.Run("a git revert makes it permanent", func(t *testing.T) {
		head := revert(t)
		said, err := deployment.Release(t.Context(), "rollback", "--resume", "--yes")
		require.NoError(t, err, said)
		require.NoError(t, deployment.Synced(t.Context(), string(Prod), head))
		require.NoError(t, deployment.Serves(t.Context(), Prod, before))
		application, err := deployment.Application(t.Context(), string(Prod))
		require.NoError(t, err)
		require.True(t, application.Automated)
	})
}

// generations returns the generations of live objects, which show any change.
func generations(t *testing.T) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	for _, name := range functions(t) {
		service, err := deployment.Get(t.Context(), Services, string(Prod), name)
		require.NoError(t, err)
		all[name] = service.GetGeneration()
	}
	return all
}

// failedAt waits until the operation for a commit has failed permanently.
func failedAt(t *testing.T, head string) (message string) {
	t.Helper()
	require.NoError(t, deployment.Until(t.Context(), "the operation to fail", func(ctx context.Context) (bool, error) {
		application, err := deployment.Application(ctx, string(Prod))
		if err != nil {
			return false, err
		}
		message = application.Message
		if application.Revision != head {
			return false, deployment.Refresh(ctx, string(Prod))
		}
		return !application.Running && application.Phase == "Failed", nil
	}), message)
	return message
}

func TestAReleaseWhoseMigrationFailsChangesNothing(t *testing.T) {
	begin(t)
	route := deployment.Route(Prod)
	before, err := Version(t.Context(), route)
	require.NoError(t, err)
	live, schema := generations(t), schemaVersion(t, Prod)

	require.NoError(t, deployment.Change(t.Context(), "0.5.0"))
	require.NoError(t, deployment.Migration("0.5.0", "CREATE TABLE broken (id bigint PRIMARY KEY);\nSELECT 1/0;"))
	require.NoError(t, deployment.BuildImages(t.Context(), "migrate"))
	_, err = deployment.Clone.Git(t.Context(), "reset", "--soft", "HEAD~1")
	require.NoError(t, err)
	head := onProd(t, "Release 0.5.0")

	failedAt(t, head)
	require.Equal(t, live, generations(t))
	require.Equal(t, schema, schemaVersion(t, Prod))
	now, err := Version(t.Context(), route)
	require.NoError(t, err)
	require.Equal(t, before, now)
	converse(t.Context(), t, route)

	require.NoError(t, deployment.Synced(t.Context(), string(Prod), revert(t)))
	require.Equal(t, live, generations(t))
}

func TestAReleaseThatNeverBecomesReadyIsReportedAndRolledBack(t *testing.T) {
	begin(t)
	route := deployment.Route(Prod)
	application, err := deployment.Application(t.Context(), string(Prod))
	require.NoError(t, err)
	good := strconv.FormatInt(application.History[len(application.History)-1].ID, 10)

	const setting = "name: DATABASE_MAX_CONNS\n          value: "
	require.NoError(t, deployment.Clone.Replace("gitops/base/functions/report.yaml", setting+`"4"`, setting+`"0"`))
	onProd(t, "A setting that report refuses")
	require.NoError(t, deployment.Until(t.Context(), "production to be shown Degraded", func(ctx context.Context) (bool, error) {
		application, err := deployment.Application(ctx, string(Prod))
		return application.Health == "Degraded", err
	}))
	converse(t.Context(), t, route) // served by the ready revision

	said, err := deployment.Release(t.Context(), "rollback", good, "--yes")
	require.NoError(t, err, said)
	require.NoError(t, deployment.Until(t.Context(), "production to be healthy again", func(ctx context.Context) (bool, error) {
		application, err := deployment.Application(ctx, string(Prod))
		return application.Health == "Healthy", err
	}))
	converse(t.Context(), t, route)
	head := revert(t)
	said, err = deployment.Release(t.Context(), "rollback", "--resume", "--yes")
	require.NoError(t, err, said)
	require.NoError(t, deployment.Synced(t.Context(), string(Prod), head))
}
