package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd/argocdtest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository/repositorytest"
)

const production = "sequential-questioning-prod"

// run runs the command without a terminal.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, progress bytes.Buffer
	root := command()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&progress)
	root.SetIn(strings.NewReader(""))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := root.ExecuteContext(ctx)
	t.Logf("release %s\n%s%s%v", strings.Join(args, " "), progress.String(), out.String(), err)
	return out.String(), err
}

// project returns a clone with this project's deployment on both branches, a different
// digest for every image, and production's placeholders replaced.
func project(t *testing.T) *repositorytest.Clone {
	t.Helper()
	clone := repositorytest.New(t)
	source := filepath.Join("..", "..")
	files := map[string]string{}
	for _, pattern := range []string{"go.work", "functions/*/func.yaml", "migrations/*.sql"} {
		found, err := filepath.Glob(filepath.Join(source, pattern))
		require.NoError(t, err)
		for _, name := range found {
			read(t, source, name, files)
		}
	}
	for _, folder := range []string{"gitops/base", "gitops/images", "gitops/overlays", "gitops/argocd", "gitops/owner", "policies"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(source, folder), func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				read(t, source, name, files)
			}
			return err
		}))
	}
	files[pinned] = digests.ReplaceAllString(files[pinned], "sha256:"+strings.Repeat("1", 64))
	files[owner.File] = strings.ReplaceAll(files[owner.File], "example.com", "acme.dev")
	commit := clone.Commit("First release", files)
	clone.Push(commit, "main")
	clone.Push(commit, "prod")
	return clone
}

const pinned = "gitops/images/kustomization.yaml"

var digests = regexp.MustCompile(`sha256:\w+`)

func read(t *testing.T, root, name string, into map[string]string) {
	t.Helper()
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	relative, err := filepath.Rel(root, name)
	require.NoError(t, err)
	into[filepath.ToSlash(relative)] = string(content)
}

// argo starts a fake Argo CD that follows the clone's remote.
func argo(t *testing.T) *argocdtest.Server {
	t.Helper()
	fake := argocdtest.New(t, production)
	t.Setenv("ARGOCD_CONFIG_DIR", t.TempDir())
	t.Setenv("ARGOCD_SERVER", fake.Address)
	t.Setenv("ARGOCD_PLAINTEXT", "true")
	t.Setenv("ARGOCD_AUTH_TOKEN", argocdtest.Token)
	return fake
}

func release(digit string) argocdtest.Revision {
	return argocdtest.Revision{Subject: "Release " + digit, Images: map[string]string{"ask": "registry/ask@sha256:" + strings.Repeat(digit, 64)}}
}

func repin(t *testing.T, clone *repositorytest.Clone, digit string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(clone.Folder, pinned))
	require.NoError(t, err)
	return clone.Commit("Release "+digit, map[string]string{
		pinned: digests.ReplaceAllString(string(content), "sha256:"+strings.Repeat(digit, 64)),
	})
}

func TestTheProjectItselfCanBePromoted(t *testing.T) {
	clone := project(t)
	commit := repin(t, clone, "2")
	clone.Push(commit, "main")
	heads := clone.Heads()

	out, err := run(t, "promote", "--root", clone.Folder, "--dry-run")
	require.NoError(t, err)
	assert.Contains(t, out, "111111111111 -> 222222222222")
	assert.Contains(t, out, "No rule is broken.\nDry run: nothing was changed.")
	assert.Equal(t, heads, clone.Heads())

	_, err = run(t, "promote", "--root", clone.Folder)
	require.ErrorContains(t, err, "cannot ask for confirmation without a terminal: add --yes")
	assert.Equal(t, heads, clone.Heads())

	out, err = run(t, "promote", "--root", clone.Folder, "--yes")
	require.NoError(t, err)
	assert.Contains(t, out, "prod on origin is at "+commit[:8])
	assert.Equal(t, commit, clone.On("prod"))
}

func TestTheProjectsRulesAreEnforced(t *testing.T) {
	clone := project(t)
	function := filepath.Join(clone.Folder, "functions/ask/func.yaml")
	content, err := os.ReadFile(function)
	require.NoError(t, err)
	account, err := os.ReadFile(filepath.Join(clone.Folder, "gitops/overlays/prod/kustomization.yaml"))
	require.NoError(t, err)
	choices, err := os.ReadFile(filepath.Join(clone.Folder, owner.File))
	require.NoError(t, err)
	clone.Push(clone.Commit("Break rules", map[string]string{
		owner.File:                regexp.MustCompile(`(?m)^  - callers/.*$`).ReplaceAllString(string(choices), ""),
		"functions/ask/func.yaml": strings.Replace(string(content), "memory: 128Mi", "memory: 256Mi", 1),
		"gitops/overlays/prod/kustomization.yaml": string(account) + `
patches:
  - target: {kind: Service, name: ask}
    patch: |
      - {op: remove, path: /spec/template/spec/containers/0/resources/limits}
      - {op: replace, path: /spec/template/spec/containers/0/image, value: "elsewhere/ask:v1"}
  - target: {kind: ConfigMap, name: database}
    patch: |
      - {op: replace, path: /data/max-connections, value: "3"}
`,
	}), "main")
	heads := clone.Heads()
	_, err = run(t, "promote", "--root", clone.Folder, "--yes")
	for _, says := range []string{"\n  drift: ", "\n  policy: ", "not pinned by digest: elsewhere/ask:v1", "\n  connections: ", "\n  callers: "} {
		assert.ErrorContains(t, err, says)
	}
	assert.Equal(t, heads, clone.Heads())
}

func TestProductionIsNotPromotedWithoutASettingForCallers(t *testing.T) {
	clone := project(t)
	content, err := os.ReadFile(filepath.Join(clone.Folder, owner.File))
	require.NoError(t, err)
	edit := func(expression, with string) {
		edited := regexp.MustCompile(expression).ReplaceAllString(string(content), with)
		clone.Push(clone.Commit("Set "+with, map[string]string{owner.File: edited}), "main")
	}
	for _, c := range [][3]string{
		{`(?m)^  - callers/.*$`, "", "callers: no setting for who may call: neither OAUTH_ISSUER nor ALLOW_UNAUTHENTICATED=true is set (ask, automatic, follow-up, forget, gateway, recall, report, revise): in " + owner.File + " set issuer"},
		{`(?ms)( - issuer=)\S+(.*- callers/)\w+`, "${1}https://issuer.example.com${2}tokens", `callers: OAUTH_ISSUER is "https://issuer.example.com", a placeholder`},
	} {
		edit(c[0], c[1])
		heads := clone.Heads()
		_, err := run(t, "promote", "--root", clone.Folder, "--yes")
		assert.ErrorContains(t, err, c[2])
		assert.Equal(t, heads, clone.Heads())
	}
	edit(`callers/\w+`, "callers/open")
	_, err = run(t, "promote", "--root", clone.Folder, "--yes")
	assert.NoError(t, err)
}

func TestPromotingAndFollowing(t *testing.T) {
	clone, fake := project(t), argo(t)
	first := clone.On("prod")
	fake.Deploy(first, release("1"))
	commit := repin(t, clone, "2")
	clone.Push(commit, "main")

	bad := release("2")
	bad.Never = map[string]string{"ask": "crashes"}
	fake.Push(commit, bad)
	_, err := run(t, "promote", "--root", clone.Folder, "--yes", "--follow")
	require.ErrorContains(t, err, production+" does not serve "+commit[:8]+": ask is not ready: RevisionFailed: crashes")
	require.ErrorContains(t, err, "to go back: release rollback 0 --app "+production)
	assert.Equal(t, commit, clone.On("prod"))
	listed, err := run(t, "rollback")
	require.NoError(t, err)
	assert.Contains(t, listed, "A later sync to "+commit[:8]+" failed, so parts of it may be deployed")

	next := repin(t, clone, "3")
	clone.Push(next, "main")
	fake.Push(next, release("3"))
	out, err := run(t, "promote", "--root", clone.Folder, "--yes", "--follow")
	require.NoError(t, err)
	assert.Contains(t, out, production+" serves "+next[:8])
	out, err = run(t, "promote", "--root", clone.Folder, "--follow")
	require.NoError(t, err)
	assert.Contains(t, out, "nothing to promote")
}

func TestNothingIsPushedIfItCannotBeFollowed(t *testing.T) {
	clone := project(t)
	clone.Push(repin(t, clone, "2"), "main")
	for name, c := range map[string]struct {
		change func(*testing.T, *argocdtest.Server)
		says   string
	}{
		"unreachable": {func(t *testing.T, _ *argocdtest.Server) { t.Setenv("ARGOCD_SERVER", "127.0.0.1:1") }, "reach Argo CD at 127.0.0.1:1"},
		"wrong token": {func(t *testing.T, _ *argocdtest.Server) { t.Setenv("ARGOCD_AUTH_TOKEN", "x") }, "rejects the login"},
		"not allowed": {func(_ *testing.T, f *argocdtest.Server) {
			f.Refuse("Get", grpcstatus.Error(codes.PermissionDenied, "permission denied"))
		}, "denies this account permission"},
		"suspended": {func(_ *testing.T, f *argocdtest.Server) {
			f.Change(func(app *v1alpha1.Application) { app.Spec.SyncPolicy = nil })
		}, "auto-sync of " + production + " is off"},
		"an invalid flag": {func(t *testing.T, _ *argocdtest.Server) { t.Setenv("ARGOCD_PLAINTEXT", "maybe") }, `ARGOCD_PLAINTEXT: invalid argument "maybe"`},
	} {
		t.Run(name, func(t *testing.T) {
			fake := argo(t)
			fake.Deploy(clone.On("prod"), release("1"))
			c.change(t, fake)
			heads, before := clone.Heads(), fake.Application()
			_, err := run(t, "promote", "--root", clone.Folder, "--yes", "--follow")
			assert.ErrorContains(t, err, c.says)
			assert.ErrorContains(t, err, "nothing was pushed")
			assert.Equal(t, heads, clone.Heads())
			assert.Equal(t, before.Spec, fake.Application().Spec)
		})
	}
}

func TestAPullRequestIsPrepared(t *testing.T) {
	clone := project(t)
	commit := repin(t, clone, "2")
	clone.Push(commit, "main")
	seen := clone.On("prod")
	out, err := run(t, "promote", "--root", clone.Folder, "--yes", "--pull-request")
	require.NoError(t, err)
	assert.Contains(t, out, "Open a pull request from promote-prod-"+commit[:8]+" to prod")
	assert.Equal(t, commit, clone.On("promote-prod-"+commit[:8]))
	_, err = run(t, "promote", "--root", clone.Folder, "--pull-request", "--follow")
	assert.ErrorContains(t, err, "follow")
	assert.Equal(t, seen, clone.On("prod"))
}

func TestRollingBackAndResuming(t *testing.T) {
	clone, fake := project(t), argo(t)
	first := clone.On("prod")
	fake.Deploy(first, release("1"))
	second := repin(t, clone, "2")
	clone.Push(second, "main")
	clone.Push(second, "prod")
	fake.Deploy(second, release("2"))

	out, err := run(t, "rollback")
	require.NoError(t, err)
	assert.Regexp(t, `\n0 +`+first[:8]+` .* Release 1\n1 +`+second[:8]+` .* Release 2\n\nThe last one is live.\nTo go back`, out)

	before := fake.Application()
	out, err = run(t, "rollback", "0", "--dry-run")
	require.NoError(t, err)
	assert.Contains(t, out, "auto-sync will be suspended, and a running sync ended")
	_, err = run(t, "rollback", "0")
	require.ErrorContains(t, err, "add --yes")
	assert.Equal(t, before, fake.Application())

	out, err = run(t, "rollback", first[:7], "--yes")
	require.NoError(t, err)
	assert.Contains(t, out, production+" serves "+first[:8]+". Auto-sync is suspended.\nNo hooks ran. The database keeps the newest schema")
	assert.Equal(t, release("1").Images, fake.Running())

	_, err = run(t, "rollback", "--resume", "--yes")
	require.ErrorContains(t, err, "branch prod at "+second[:8]+" deploys something else")
	status, err := run(t, "status", "--env", "prod")
	require.NoError(t, err)
	assert.Contains(t, status, "auto-sync suspended")
	listed, err := run(t, "rollback")
	require.NoError(t, err)
	assert.Contains(t, listed, "It is a rollback; auto-sync is suspended until: release rollback --resume --app "+production)

	_, printed, _ := strings.Cut(out, "then restore auto-sync:\n")
	commands, rest, found := strings.Cut(printed, "  release rollback --resume --app "+production)
	require.True(t, found)
	clone.Shell(commands)
	fake.Push(clone.On("prod"), release("1"))
	out, err = run(t, "rollback", "--resume", "--yes")
	require.NoError(t, err)
	assert.Contains(t, out, "Auto-sync is on, and "+production+" serves "+clone.On("prod")[:8])
	assert.Equal(t, before.Spec, fake.Application().Spec)
	assert.Equal(t, before.Annotations, fake.Application().Annotations)

	_, commands, _ = strings.Cut(rest, "revert it:\n")
	clone.Shell(commands)
	_, err = run(t, "promote", "--root", clone.Folder, "--yes")
	require.NoError(t, err)
	assert.Equal(t, clone.On("main"), clone.On("prod"))
}

func TestRollbackWithInvalidInputChangesNothing(t *testing.T) {
	fake := argo(t)
	fake.Deploy(strings.Repeat("a", 40), release("1"))
	fake.Deploy(strings.Repeat("b", 40), release("2"))
	before := fake.Application()
	for arguments, says := range map[string]string{
		"9":                    `has no deployment "9"`,
		"cccccccc":             `has no deployment "cccccccc"`,
		"0 --app elsewhere":    "read Application elsewhere: Argo CD at " + fake.Address + " denies this account permission, or has no such Application",
		"0 --resume":           "takes no deployment: leave out 0",
		"0 --force":            "--force requires --resume",
		"0 --timeout 0s":       "--timeout is 0s",
		"0 1":                  "accepts at most 1 arg",
		"0 --argocd-server :1": "reach Argo CD at :1",
	} {
		_, err := run(t, append([]string{"rollback", "--yes"}, strings.Fields(arguments)...)...)
		assert.ErrorContains(t, err, says, arguments)
	}
	assert.Equal(t, before, fake.Application())
}

func TestStatusShowsWhatRunsWhere(t *testing.T) {
	fake := argo(t)
	revision := strings.Repeat("ab", 20)
	fake.Deploy(revision, release("1"))
	out, err := run(t, "status")
	require.NoError(t, err)
	assert.Contains(t, out, "staging: not installed")
	assert.Contains(t, out, "prod: Synced, Healthy, auto-sync on\n  runs       abababab  Release 1\n  last sync  Succeeded to abababab at ")
	assert.Regexp(t, `ask +ask-00001 +111111111111 +yes +yes +1 of 2`, out)

	out, err = run(t, "status", "--env", "prod", "--json")
	require.NoError(t, err)
	assert.Contains(t, out, `"revision": "`+revision+`"`)

	_, err = run(t, "status", "--env", "production")
	assert.EqualError(t, err, "there is no environment production: want one of dev, staging, prod")
}
