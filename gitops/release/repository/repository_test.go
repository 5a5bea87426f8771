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
	assert.ErrorContains(t, err, "is not in a git repository")

	clone.Push(clone.Commit("Second", nil), "main")
	shallow := filepath.Join(t.TempDir(), "shallow")
	clone.Git("clone", "--quiet", "--depth=1", "file://"+clone.Remote, shallow)
	_, err = repository.Open(t.Context(), shallow)
	assert.ErrorContains(t, err, "git fetch --unshallow")
}

func TestABranchOnlyFastForwardsFromTheSeenCommit(t *testing.T) {
	clone := repositorytest.New(t)
	repo := opened(t, clone)
	first := clone.Git("rev-parse", "HEAD")
	second := clone.Commit("Second", nil)
	third := clone.Commit("Third", nil)
	clone.Push(first, "prod")

	require.NoError(t, repo.Push(t.Context(), "origin", "prod", first, second))
	assert.Equal(t, second, clone.On("prod"))

	assert.ErrorContains(t, repo.Push(t.Context(), "origin", "prod", first, third), "stale info", "the branch has moved")
	assert.ErrorContains(t, repo.Push(t.Context(), "origin", "prod", second, first), "has commits that "+first[:8]+" lacks")
	assert.ErrorContains(t, repo.Push(t.Context(), "origin", "prod", "", third), "stale info", "it exists")
	assert.Equal(t, second, clone.On("prod"))

	require.NoError(t, repo.Push(t.Context(), "origin", "new", "", third))
	assert.Equal(t, third, clone.On("new"))
}

func TestReadingChangesNoLocalBranch(t *testing.T) {
	clone := repositorytest.New(t)
	repo := opened(t, clone)
	clone.Push(clone.Commit("Second", map[string]string{"a/b.txt": "b\n"}), "prod")
	clone.Git("reset", "--quiet", "--hard", "HEAD^")
	before := clone.Heads()

	heads, err := repo.Heads(t.Context(), "origin", "prod", "none")
	require.NoError(t, err)
	require.Len(t, heads, 1)
	require.NoError(t, repo.Fetch(t.Context(), "origin", "prod"))
	assert.Equal(t, heads["prod"], repo.Resolve(t.Context(), "refs/remotes/origin/prod"))

	folder := filepath.Join(t.TempDir(), "tree")
	require.NoError(t, repo.Export(t.Context(), heads["prod"], folder))
	content, err := os.ReadFile(filepath.Join(folder, "a/b.txt"))
	require.NoError(t, err)
	assert.Equal(t, "b\n", string(content))
	assert.Equal(t, before, clone.Heads())

	_, err = repo.Heads(t.Context(), filepath.Join(t.TempDir(), "nowhere"), "main")
	assert.ErrorContains(t, err, "list the branches of ")
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

func TestUncommittedChangesAreListed(t *testing.T) {
	clone := repositorytest.New(t)
	repo := opened(t, clone)
	changes, err := repo.Uncommitted(t.Context())
	require.NoError(t, err)
	assert.Empty(t, changes)

	clone.Write(map[string]string{"README.md": "# Other\n", "ä b.txt": "new\n"})
	changes, err = repo.Uncommitted(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{" M README.md", `?? "ä b.txt"`}, changes)
}

func TestDeletedFilesAreListedWithTheirContent(t *testing.T) {
	clone := repositorytest.New(t)
	repo := opened(t, clone)
	clone.Commit("Add", map[string]string{"migrations/00002_a.sql": "old\n", "migrations/00003_b.sql": "kept\n", "other.sql": "x\n"})
	gone := clone.Commit("Remove", map[string]string{"migrations/00002_a.sql": "", "other.sql": ""})
	deletions, err := repo.Deletions(t.Context(), "main", "migrations")
	require.NoError(t, err)
	assert.Equal(t, []repository.Deletion{{Path: "migrations/00002_a.sql", Commit: gone, Content: []byte("old\n")}}, deletions)
}

func TestMissingFilesAreNotErrors(t *testing.T) {
	clone := repositorytest.New(t)
	repo := opened(t, clone)
	_, found, err := repo.Show(t.Context(), "HEAD", "gitops/none.yaml")
	require.NoError(t, err)
	assert.False(t, found)
	names, err := repo.List(t.Context(), "HEAD", "migrations")
	require.NoError(t, err)
	assert.Empty(t, names)
	assert.Empty(t, repo.Resolve(t.Context(), "deadbeef"))
	assert.Empty(t, repo.Resolve(t.Context(), "--all"))
}

func TestTheUsersGitSettingsAreIgnored(t *testing.T) {
	clone := repositorytest.New(t)
	repo := opened(t, clone)
	clone.Git("config", "color.ui", "always")
	clone.Git("config", "status.short", "true")
	clone.Git("config", "status.branch", "true")
	clone.Git("config", "log.showSignature", "true")
	second := clone.Commit("Second | with \"signs\"", map[string]string{"a.txt": "a\n"})
	commits, err := repo.Log(t.Context(), "HEAD^", "HEAD")
	require.NoError(t, err)
	require.Len(t, commits, 1)
	assert.Equal(t, second, commits[0].Hash)
	assert.Equal(t, `Second | with "signs"`, commits[0].Subject)
	changes, err := repo.Changes(t.Context(), "HEAD^", "HEAD")
	require.NoError(t, err)
	assert.Equal(t, []repository.Change{{Status: "A", Path: "a.txt"}}, changes)
	dirty, err := repo.Uncommitted(t.Context())
	require.NoError(t, err)
	assert.Empty(t, dirty)
}
