package promotion_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/promotion"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository/repositorytest"
)

const (
	base   = "gitops/base/kustomization.yaml"
	ask    = "gitops/base/ask.yaml"
	images = "gitops/images/kustomization.yaml"
)

func service(name, memory string) string {
	return "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: " + name + "}\n" +
		"spec: {template: {spec: {containers: [{name: c, image: sequential-questioning/ask, resources: {limits: {memory: " + memory + "}}}]}}}\n"
}

func pins(fields string) string {
	return "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages:\n" +
		"  - {name: sequential-questioning/ask, newName: registry/ask, " + fields + "}\n"
}

func digest(digit string) string { return "digest: \"sha256:" + strings.Repeat(digit, 64) + "\"" }

func migrated(name, statements string) (string, string) {
	return "migrations/" + name, "-- +goose Up\n" + statements + "\n"
}

// released returns a clone with a first release on both branches.
func released(t *testing.T) *repositorytest.Clone {
	t.Helper()
	clone := repositorytest.New(t)
	name, content := migrated("00001_first.sql", "CREATE TABLE slots (id int);")
	first := clone.Commit("First release", map[string]string{
		base:   "resources: [ask.yaml]\n",
		ask:    service("ask", "64Mi"),
		images: pins(digest("1")),
		"gitops/overlays/prod/kustomization.yaml": "resources: [../../base]\ncomponents: [../../images]\n",
		"policies/images.yaml":                    "{}\n",
		name:                                      content,
	})
	clone.Push(first, "main")
	clone.Push(first, "prod")
	return clone
}

// prepare returns the promotion of main to prod, and what it prints.
func prepare(t *testing.T, clone *repositorytest.Clone, rules ...promotion.Rule) (*promotion.Promotion, string) {
	t.Helper()
	repo, err := repository.Open(t.Context(), clone.Folder)
	require.NoError(t, err)
	var out bytes.Buffer
	p, err := promotion.Prepare(t.Context(), &out, repo, "main", "prod", rules...)
	require.NoError(t, err)
	return p, out.String()
}

func TestAPromotionShowsWhatItChangesAndMovesTheBranch(t *testing.T) {
	clone := released(t)
	name, content := migrated("00002_notes.sql", "CREATE TABLE notes (id int);\nALTER TABLE slots ALTER COLUMN id DROP NOT NULL;")
	clone.Commit("Give it more memory", map[string]string{ask: service("ask", "128Mi")})
	commit := clone.Commit("Second release", map[string]string{
		base:                      "resources: [ask.yaml, more.yaml]\n",
		"gitops/base/more.yaml":   service("more", "64Mi"),
		images:                    pins(digest("2")),
		name:                      content,
		"policies/images.yaml":    "",
		"policies/network.yaml":   "{}\n",
		"gitops/platform/pg.yaml": "{}\n",
		"gitops/argocd/prod.yaml": "{}\n",
		"gitops/owner/own.yaml":   "{}\n",
	})
	clone.Push(commit, "main")
	clone.Commit("Not pushed", nil)
	seen := clone.On("prod")

	p, printed := prepare(t, clone)
	require.NoError(t, p.Err())
	assert.Equal(t, `Promote main (`+commit[:8]+`) to prod (`+seen[:8]+`) on origin

Commits (2)
  `+commit[:8]+`  2026-11-23  Second release
  `+clone.Git("rev-parse", commit+"^")[:8]+`  2026-11-23  Give it more memory

Migrations (1)
  + 00002_notes.sql

Images (1)
  ask          111111111111 -> 222222222222

Manifests of gitops/overlays/prod (2)
  ~ Service ask
  @@ -13,7 +13,7 @@
         "name": "c",
         "resources": {
          "limits": {
  -        "memory": "64Mi"
  +        "memory": "128Mi"
          }
         }
        }
  + Service more

Policies, platform and owner; a person applies the projects and roles in gitops/argocd, or gitops/platform with them (5)
  A	gitops/argocd/prod.yaml
  A	gitops/owner/own.yaml
  A	gitops/platform/pg.yaml
  D	policies/images.yaml
  A	policies/network.yaml
`, printed)
	assert.Equal(t, seen, clone.On("prod"), "looking changes nothing")

	require.NoError(t, p.Push(t.Context()))
	assert.Equal(t, commit, clone.On("prod"))

	p, printed = prepare(t, clone)
	assert.True(t, p.Nothing())
	require.NoError(t, p.Err())
	assert.Contains(t, printed, "nothing to promote")
}

func TestEveryBrokenRuleIsRefusedWithARemedy(t *testing.T) {
	rule := func(_ context.Context, tree string, objects []*unstructured.Unstructured) []string {
		content, err := os.ReadFile(filepath.Join(tree, "README.md"))
		require.NoError(t, err)
		if string(content) == "# Test\n" {
			return nil
		}
		return []string{"drift: " + objects[0].GetName() + " in " + tree + "/README.md: render"}
	}
	migration := func(name, statements string) map[string]string {
		name, content := migrated(name, statements)
		return map[string]string{name: content}
	}
	for name, c := range map[string]struct {
		files map[string]string
		says  []string
	}{
		"an image never built":         {map[string]string{images: pins(digest("0"))}, []string{"image: ask was never built"}},
		"a migration that contracts":   {migration("00002_second.sql", "\nDROP TABLE slots;"), []string{"migration: 00002_second.sql:3: DROP TABLE slots may break the previous release: add what is new beside it"}},
		"a released migration edited":  {migration("00001_first.sql", "CREATE TABLE slots ();"), []string{"migration: 00001_first.sql: was released and is changed: restore it"}},
		"a released migration removed": {map[string]string{"migrations/00001_first.sql": ""}, []string{"migration: 00001_first.sql: was released and is missing"}},
		"a migration too early":        {migration("0001_again.sql", "SELECT 1;"), []string{"comes before the last released migration, 1: number it 00002 or higher"}},
		"manifests that do not build":  {map[string]string{base: "resources: [none.yaml]\n"}, []string{"manifests: gitops/overlays/prod does not build: build gitops/overlays/prod: "}},
		"no manifests":                 {map[string]string{"gitops/overlays/prod/kustomization.yaml": ""}, []string{"manifests: gitops/overlays/prod does not build: "}},
		"a rule of the tree":           {map[string]string{"README.md": "# Other\n"}, []string{"drift: ask in README.md: render"}},
		"several at once": {map[string]string{"README.md": "# Other\n", images: pins(digest("0")), "migrations/00001_first.sql": ""},
			[]string{"main is not promoted to prod, broken rules (3):", "\n  image: ", "\n  migration: ", "\n  drift: "}},
	} {
		t.Run(name, func(t *testing.T) {
			clone := released(t)
			clone.Push(clone.Commit("Change", c.files), "main")
			heads := clone.Heads()
			p, _ := prepare(t, clone, rule)
			for _, says := range c.says {
				assert.ErrorContains(t, p.Err(), says)
			}
			assert.NotContains(t, p.Err().Error(), os.TempDir())
			assert.Equal(t, heads, clone.Heads())
		})
	}
}

func TestAnAcceptedContractionIsShown(t *testing.T) {
	clone := released(t)
	clone.Push(clone.Commit("Contract", map[string]string{"migrations/00002_drop.sql": "-- release: contract nobody reads it since 1.2\n-- +goose Up\nDROP TABLE slots;\n"}), "main")
	p, printed := prepare(t, clone)
	require.NoError(t, p.Err())
	assert.Contains(t, printed, "CONTRACTS, so this promotion cannot be rolled back: 00002_drop.sql:3: DROP TABLE slots: accepted because: nobody reads it since 1.2\n")
}

func TestARemovedMigrationsNumberIsNotReused(t *testing.T) {
	clone := released(t)
	clone.Commit("Add", map[string]string{"migrations/00002_notes.sql": "-- +goose Up\nCREATE TABLE notes ();\n"})
	gone := clone.Commit("Take back", map[string]string{"migrations/00002_notes.sql": ""})
	clone.Push(gone, "prod")
	clone.Push(clone.Commit("Again", map[string]string{"migrations/00002_other.sql": "-- +goose Up\nCREATE TABLE other ();\n"}), "main")
	p, _ := prepare(t, clone)
	assert.ErrorContains(t, p.Err(), "migration: 00002_other.sql: has the number of 00002_notes.sql, which was released and removed by "+gone[:8])
}

func TestAFirstPromotionHasNothingToCompareWith(t *testing.T) {
	clone := repositorytest.New(t)
	clone.Push(clone.Git("rev-parse", "HEAD"), "prod")
	clone.Push(clone.Commit("First release", map[string]string{
		base: "resources: [ask.yaml]\n", ask: service("ask", "64Mi"), images: pins(digest("1")),
		"gitops/overlays/prod/kustomization.yaml": "resources: [../../base]\ncomponents: [../../images]\n",
	}), "main")
	p, printed := prepare(t, clone)
	require.NoError(t, p.Err())
	assert.Contains(t, printed, "ask          (none) -> 111111111111")
	assert.Contains(t, printed, "+ Service ask")
	assert.Contains(t, printed, "so all manifests are shown as new: build gitops/overlays/prod: ")
}

func TestANumberThatBecomesAStringIsShown(t *testing.T) {
	clone := released(t)
	clone.Push(clone.Commit("First", map[string]string{ask: service("ask", "1")}), "prod")
	clone.Push(clone.Commit("Second", map[string]string{ask: service("ask", `"1"`)}), "main")
	_, printed := prepare(t, clone)
	assert.Regexp(t, `- +"memory": 1\n.*\+ +"memory": "1"\n`, printed)
}

func TestADivergedBranchIsRefusedUntilItsCommitsAreMergedBack(t *testing.T) {
	clone := released(t)
	clone.Push(clone.Commit("Change", map[string]string{ask: service("ask", "128Mi")}), "main")
	clone.Push(clone.On("main"), "prod")
	clone.Git("switch", "--quiet", "--create", "prod")
	clone.Git("revert", "--no-edit", "HEAD")
	reverted := clone.Git("rev-parse", "HEAD")
	clone.Push(reverted, "prod")
	clone.Git("switch", "--quiet", "main")
	clone.Push(clone.Commit("Meanwhile", map[string]string{"other.txt": "x\n"}), "main")
	heads := clone.Heads()

	p, _ := prepare(t, clone)
	assert.ErrorContains(t, p.Err(), "diverged: prod has commits that main lacks and cannot be fast-forwarded:\n    "+reverted[:8]+" Revert \"Change\": merge them back without squash")
	assert.ErrorContains(t, p.Push(t.Context()), "non-fast-forward")
	assert.Equal(t, heads, clone.Heads())

	_, commands, found := strings.Cut(p.Err().Error(), "cherry-pick:\n")
	require.True(t, found)
	commands, _, _ = strings.Cut(commands, "\n    A merged-back revert")
	clone.Shell(commands)
	p, _ = prepare(t, clone)
	require.NoError(t, p.Err())
	require.NoError(t, p.Push(t.Context()))
	assert.Equal(t, clone.On("main"), clone.On("prod"))
}

func TestAMissingBranchOrADirtyTreeIsRefused(t *testing.T) {
	clone := released(t)
	clone.Write(map[string]string{"README.md": "# Other\n", "new.txt": "x\n"})
	clone.Git("push", "--quiet", "origin", ":prod")
	heads := clone.Heads()
	p, _ := prepare(t, clone)
	assert.ErrorContains(t, p.Err(), "broken rules (2)")
	assert.ErrorContains(t, p.Err(), "branch: origin has no branch prod: choose another with --to, or create it once: git push origin origin/main:refs/heads/prod")
	assert.ErrorContains(t, p.Err(), "working tree: uncommitted (2), such as M README.md: commit or stash them")
	assert.Equal(t, heads, clone.Heads())

	repo, err := repository.Open(t.Context(), clone.Folder)
	require.NoError(t, err)
	_, err = promotion.Prepare(t.Context(), io.Discard, repo, "main", "main")
	assert.EqualError(t, err, "main cannot be promoted to itself")
	clone.Git("remote", "set-url", "origin", filepath.Join(t.TempDir(), "gone"))
	_, err = promotion.Prepare(t.Context(), io.Discard, repo, "main", "prod")
	assert.ErrorContains(t, err, "git ls-remote: ")
	assert.ErrorContains(t, err, "does not appear to be a git repository")
}

func TestABranchThatMovedElsewhereIsNotOverwritten(t *testing.T) {
	clone := released(t)
	clone.Push(clone.Commit("Second", map[string]string{"second.txt": "x\n"}), "main")
	p, _ := prepare(t, clone)
	clone.Git("reset", "--quiet", "--hard", "HEAD^")
	elsewhere := clone.Commit("Elsewhere", map[string]string{"elsewhere.txt": "x\n"})
	clone.Push(elsewhere, "prod")
	assert.ErrorContains(t, p.Push(t.Context()), "rejected")
	assert.Equal(t, elsewhere, clone.On("prod"))
}

func TestAPullRequestsBranchIsPushedAndExplained(t *testing.T) {
	clone := released(t)
	commit := clone.Commit("Second", nil)
	clone.Push(commit, "main")
	seen := clone.On("prod")
	p, _ := prepare(t, clone)
	for range 2 {
		steps, err := p.Propose(t.Context())
		require.NoError(t, err)
		assert.Contains(t, strings.Join(steps, "\n"), "git push origin "+commit+":refs/heads/prod")
	}
	assert.Equal(t, commit, clone.On("promote-prod-"+commit[:8]))
	assert.Equal(t, seen, clone.On("prod"))
}
