package rollback

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
)

// Lasting returns the commands that make a rollback permanent: they commit to the branch
// the state that was rolled back to. The repository may be nil.
//
// Applied migrations stay in the tree: a database never applies another one with the same
// number.
// They are printed and not run; each line is a whole command for a shell in the checkout.
func Lasting(ctx context.Context, repo *repository.Repository, remote, branch, to, head string) []string {
	// The branch is brought up to date first: the revert has to go on top of what
	// others pushed.
	commands := []string{
		fmt.Sprintf("git fetch %s %s", remote, branch),
		fmt.Sprintf("git switch %s", branch),
		fmt.Sprintf("git merge --ff-only %s/%s", remote, branch),
	}
	revert, migrations := reverted(ctx, repo, to, head)
	commands = append(commands, revert)
	if migrations {
		commands = append(commands, "git restore --source=HEAD --staged --worktree -- 'migrations/*.sql'")
	}
	return append(commands,
		fmt.Sprintf("git commit -m 'Roll back to %s'", short(to)),
		fmt.Sprintf("git push %s %s", remote, branch))
}

// reverted returns the command that restores the tree, and whether it also reverts
// migrations. Commits along first parents are reverted one by one; other commits, and
// those that the clone does not have, by restoring the whole tree. Reverts keep the
// history readable and merge back into main; a restored tree does neither, so it is
// used only where a revert cannot be written.
// Whatever git cannot answer leads to the whole tree, which is right in every case.
func reverted(ctx context.Context, repo *repository.Repository, to, head string) (string, bool) {
	whole := fmt.Sprintf("git restore --source=%s --staged --worktree -- . ':!migrations/*.sql'", to)
	if repo == nil || repo.Resolve(ctx, to) == "" || repo.Resolve(ctx, head) == "" {
		return whole, false
	}
	if forward, err := repo.IsAncestor(ctx, to, head); err != nil || !forward {
		return whole, false
	}
	chain, err := repo.FirstParents(ctx, head)
	if err != nil || !slices.Contains(chain, to) {
		return whole, false
	}
	merges, err := repo.HasMerge(ctx, to, head)
	if err != nil {
		return whole, false
	}
	changes, err := repo.Changes(ctx, to, head, "migrations")
	if err != nil {
		return whole, false
	}
	touches := slices.ContainsFunc(changes, func(c repository.Change) bool { return strings.HasSuffix(c.Path, ".sql") })
	if merges {
		return fmt.Sprintf("git revert --no-commit -m 1 $(git rev-list --first-parent %s..%s)", to, head), touches
	}
	return fmt.Sprintf("git revert --no-commit %s..%s", to, head), touches
}
