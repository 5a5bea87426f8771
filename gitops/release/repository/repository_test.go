package repository_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository/repositorytest"
)

func opened(t *testing.T, clone *repositorytest.Clone) *repository.Repository {
	t.Helper()
	repo, err := repository.Open(t.Context(), clone.Folder)
	require.NoError(t, err)
	return repo
}

func TestUnusableRepositoriesAreRefused(t *testing.T) {
	clone := repositorytest.New(t)
	_, err := repository.Open(t.Context(), t.TempDir())
	assert.ErrorContains(t, err, "not a git repository")

	clone.Push(clone.Commit("Second", nil), "main")
	shallow := filepath.Join(t.TempDir(), "shallow")
	clone.Git("clone", "--quiet", "--depth=1", "file://"+clone.Remote, shallow)
	_, err = repository.Open(t.Context(), shallow)
	assert.ErrorContains(t, err, "git fetch --unshallow")
}

func TestABranchOnlyFastForwards(t *testing.T) {
	clone := repositorytest.New(t)
	repo := opened(t, clone)
	first := clone.Git("rev-parse", "HEAD")
	second := clone.Commit("Second", nil)
	require.NoError(t, repo.Push(t.Context(), "prod", second))
	require.NoError(t, repo.Push(t.Context(), "prod", second), "again")
	assert.Equal(t, second, clone.On("prod"))
	assert.ErrorContains(t, repo.Push(t.Context(), "prod", first), "non-fast-forward")
	assert.Equal(t, second, clone.On("prod"))
}

func TestReadingChangesNoLocalBranch(t *testing.T) {
	clone := repositorytest.New(t)
	repo := opened(t, clone)
	second := clone.Commit("Second", map[string]string{"a/b.txt": "b\n"})
	clone.Push(second, "prod")
	clone.Push(clone.Commit("Other", nil), "other/prod")
	clone.Git("reset", "--quiet", "--hard", "HEAD^^")
	before := clone.Heads()

	heads, err := repo.Fetch(t.Context(), "prod", "none")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"prod": second}, heads)
	assert.Equal(t, second, clone.Git("rev-parse", "refs/remotes/origin/prod"))

	folder := filepath.Join(t.TempDir(), "tree")
	require.NoError(t, repo.Export(t.Context(), second, folder))
	content, err := os.ReadFile(filepath.Join(folder, "a/b.txt"))
	require.NoError(t, err)
	assert.Equal(t, "b\n", string(content))
	assert.Equal(t, before, clone.Heads())

	heads, err = repo.Fetch(t.Context(), "none")
	require.NoError(t, err)
	assert.Empty(t, heads)
}

func TestAnExportedTreeDoesNotLeadOutOfItself(t *testing.T) {
	clone := repositorytest.New(t)
	clone.Write(map[string]string{".gitattributes": "hidden.txt export-ignore\n", "hidden.txt": "seen\n"})
	require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(clone.Folder, "link")))
	commit := clone.Commit("Link out, and hide a file", nil)
	folder := t.TempDir()
	require.NoError(t, opened(t, clone).Export(t.Context(), commit, folder))
	link, err := os.Lstat(filepath.Join(folder, "link"))
	require.NoError(t, err)
	assert.True(t, link.Mode().IsRegular())
	assert.FileExists(t, filepath.Join(folder, "hidden.txt"))
	assert.NoFileExists(t, filepath.Join(folder, ".git"))
}

func TestTheUsersGitSettingsAreIgnored(t *testing.T) {
	clone := repositorytest.New(t)
	repo := opened(t, clone)
	clone.Git("config", "color.ui", "always")
	clone.Git("config", "status.short", "true")
	clone.Git("config", "status.branch", "true")
	clone.Git("config", "log.showSignature", "true")
	second := clone.Commit("Second | with \"signs\"", map[string]string{"a.txt": "a\n"})
	lines, err := repo.Git(t.Context(), "log", "--format=%H %s", "HEAD^..HEAD")
	require.NoError(t, err)
	assert.Equal(t, []string{second + ` Second | with "signs"`}, lines)
	lines, err = repo.Git(t.Context(), "status", "--porcelain")
	require.NoError(t, err)
	assert.Empty(t, lines)
	clone.Write(map[string]string{"README.md": "# Other\n", "ä b.txt": "new\n"})
	lines, err = repo.Git(t.Context(), "status", "--porcelain")
	require.NoError(t, err)
	assert.Equal(t, []string{" M README.md", `?? "ä b.txt"`}, lines)
	_, err = repo.Git(t.Context(), "show", "deadbeef")
	assert.ErrorContains(t, err, "git show: fatal: ambiguous argument 'deadbeef'")
}
