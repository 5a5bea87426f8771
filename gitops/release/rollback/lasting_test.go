package rollback

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository/repositorytest"
)

const (
	images = "gitops/images/kustomization.yaml"
	added  = "migrations/00002_notes.sql"
)

// The test runs the commands as printed. The pushed commit deploys the target of the
// rollback and keeps applied migrations, and main can be promoted again.
func TestThePrintedCommandsMakeARollbackPermanent(t *testing.T) {
	for name, c := range map[string]struct {
		// release commits to main and returns prod's previous and current commits.
		release func(*repositorytest.Clone) (string, string)
	}{
		"a straight line": {func(c *repositorytest.Clone) (string, string) {
			good := c.Commit("Good", map[string]string{images: "good\n"})
			c.Commit("Worse", map[string]string{images: "worse\n"})
			return good, c.Commit("Bad", map[string]string{images: "bad\n", added: "-- +goose Up\n"})
		}},
		"with merges": {func(c *repositorytest.Clone) (string, string) {
			good := c.Commit("Good", map[string]string{images: "good\n"})
			c.Git("switch", "--quiet", "--create", "feature")
			c.Commit("Bad", map[string]string{images: "bad\n", added: "-- +goose Up\n"})
			c.Git("switch", "--quiet", "main")
			c.Commit("Beside", map[string]string{"beside.txt": "x\n"})
			c.Git("merge", "--quiet", "--no-ff", "--no-edit", "feature")
			return good, c.Git("rev-parse", "HEAD")
		}},
		"to a fix that was made on prod": {func(c *repositorytest.Clone) (string, string) {
			base := c.Commit("Base", map[string]string{images: "base\n"})
			c.Git("switch", "--quiet", "--create", "fix")
			good := c.Commit("Good", map[string]string{images: "good\n"})
			c.Git("switch", "--quiet", "main")
			c.Git("reset", "--quiet", "--hard", base)
			c.Commit("Other", map[string]string{"other.txt": "x\n", added: "-- +goose Up\n"})
			c.Git("merge", "--quiet", "--no-ff", "--no-edit", "fix")
			return good, c.Commit("Bad", map[string]string{images: "bad\n"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			clone := repositorytest.New(t)
			to, head := c.release(clone)
			clone.Push(head, "main")
			clone.Push(head, "prod")
			clone.Shell(Lasting("prod", to)...)

			reverted := clone.On("prod")
			assert.Equal(t, head, clone.Git("rev-parse", reverted+"^"))
			assert.Equal(t, "good", clone.Git("show", reverted+":"+images))
			assert.Equal(t, "-- +goose Up", clone.Git("show", reverted+":"+added))
			assert.Equal(t, added, clone.Git("diff", "--name-only", to, reverted))

			clone.Git("switch", "--quiet", "main")
			clone.Push(clone.Commit("Meanwhile", map[string]string{"meanwhile.txt": "x\n"}), "main")
			clone.Shell(repository.Returning("prod", "main")...)
			clone.Git("merge-base", "--is-ancestor", reverted, clone.On("main"))
		})
	}
}
