// Package promotion compares two branches, checks the rules of a release, and moves the
// target branch forward.
//
// It does not ask and does not deploy: Prepare only reads, Push moves the branch, and Argo CD
// does the rest. Begin with Prepare.
package promotion

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/migration"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
)

// most is how many changes are printed of a section: what is longer than some screens is
// not read before a confirmation.
const most = 60

// Promotion is made by Prepare and not changed afterwards. From and To are branches of the
// remote, not local ones, which are at Commit and Seen.
type Promotion struct {
	From, To, Commit, Seen string
	Broken                 []string

	repository *repository.Repository
	out        io.Writer
}

// Nothing reports whether the target branch is already at the promoted commit.
func (p *Promotion) Nothing() bool { return p.Seen != "" && p.Seen == p.Commit }

// Err returns an error that lists all broken rules, or nil.
func (p *Promotion) Err() error {
	if len(p.Broken) == 0 {
		return nil
	}
	text := fmt.Sprintf("%s is not promoted to %s, broken rules (%d):", p.From, p.To, len(p.Broken))
	for _, broken := range p.Broken {
		text += "\n  " + strings.ReplaceAll(broken, "\n", "\n    ")
	}
	return errors.New(text)
}

// breaks notes a broken rule, with what breaks it and a remedy.
func (p *Promotion) breaks(format string, args ...any) {
	p.Broken = append(p.Broken, fmt.Sprintf(format, args...))
}

// section prints what changes. It says so when nothing does, since a missing section would
// leave it open.
func (p *Promotion) section(title string, lines []string) {
	fmt.Fprintf(p.out, "\n%s (%d)\n", title, len(lines))
	for _, line := range lines[:min(len(lines), most)] {
		fmt.Fprintf(p.out, "  %s\n", strings.ReplaceAll(line, "\n", "\n  "))
	}
	if more := len(lines) - most; more > 0 {
		fmt.Fprintf(p.out, "  … and %d more: see git log or git diff of %s..%s\n", more, argocd.Short(p.Seen), argocd.Short(p.Commit))
	}
}

// Prepare prints what a promotion would change, without colors, so that it can be pasted
// into a pull request, and notes the rules that it breaks: see Err. It only updates the
// remote-tracking branches. Commits are compared as they are on the remote, whatever the
// working tree holds: only what others can see is promoted.
func Prepare(ctx context.Context, out io.Writer, repo *repository.Repository, from, to string, rules ...Rule) (*Promotion, error) {
	if from == to {
		return nil, fmt.Errorf("%s cannot be promoted to itself", from)
	}
	heads, err := repo.Fetch(ctx, from, to)
	if err != nil {
		return nil, err
	}
	p := &Promotion{From: from, To: to, Commit: heads[from], Seen: heads[to], repository: repo, out: out}
	if p.Commit == "" {
		p.breaks("branch: %s has no branch %s: push it, or choose another with --from", repository.Remote, from)
	}
	if p.Seen == "" {
		p.breaks("branch: %s has no branch %s: choose another with --to, or create it once: git push %s %s/%s:refs/heads/%s", repository.Remote, to, repository.Remote, repository.Remote, from, to)
	}
	// They would not be promoted, but whoever promotes may believe so.
	uncommitted, err := repo.Git(ctx, "status", "--porcelain", "--untracked-files=normal")
	if err != nil {
		return nil, err
	}
	if len(uncommitted) > 0 {
		p.breaks("working tree: uncommitted (%d), such as %s: commit or stash them: only commits on the remote are promoted", len(uncommitted), strings.TrimSpace(uncommitted[0]))
	}
	if p.Seen == "" || p.Commit == "" {
		return p, nil
	}
	fmt.Fprintf(out, "Promote %s (%s) to %s (%s) on %s\n", from, argocd.Short(p.Commit), to, argocd.Short(p.Seen), repository.Remote)
	if p.Nothing() {
		fmt.Fprintf(out, "\n%s is already at %s: nothing to promote.\n", to, argocd.Short(p.Commit))
		return p, nil
	}
	if err := p.commits(ctx); err != nil {
		return nil, err
	}
	if err := p.trees(ctx, rules); err != nil {
		return nil, err
	}
	// Files are compared, not what they build.
	others, err := repo.Git(ctx, "diff", "--name-status", "--no-renames", p.Seen, p.Commit, "--", "policies", "gitops/platform", "gitops/argocd", "gitops/owner")
	p.section("Policies, platform and owner; a person applies the projects and roles in gitops/argocd, or gitops/platform with them", others)
	return p, err
}

// commits lists what is promoted. Commits that only the target has, such as a revert,
// refuse the promotion: a fast-forward would lose them.
func (p *Promotion) commits(ctx context.Context) error {
	promoted, err := p.repository.Git(ctx, "log", "--abbrev=8", "--format=%h  %cs  %s", p.Seen+".."+p.Commit)
	if err != nil {
		return err
	}
	p.section("Commits", promoted)
	own, err := p.repository.Git(ctx, "log", "--abbrev=8", "--format=%h %s", p.Commit+".."+p.Seen)
	if err != nil || len(own) == 0 {
		return err
	}
	p.breaks("diverged: %s has commits that %s lacks and cannot be fast-forwarded:\n%s: merge them back without squash or cherry-pick:\n  %s\nA merged-back revert also removes its change from %s; once it is fixed, restore it with `git revert <the revert>`",
		p.To, p.From, strings.Join(own, "\n"), strings.Join(repository.Returning(p.To, p.From), " && \\\n  "), p.From)
	return nil
}

// trees exports both commits, compares what they deploy, and checks the rules. Both are
// built as commits are, so neither sees the working tree. An overlay that does not build
// at the target is a note, because the promotion may be what mends it.
func (p *Promotion) trees(ctx context.Context, rules []Rule) error {
	folder, err := os.MkdirTemp("", "promotion-")
	if err != nil {
		return fmt.Errorf("create a folder for the comparison: %w", err)
	}
	defer os.RemoveAll(folder)
	before, after := filepath.Join(folder, "before"), filepath.Join(folder, "after")
	for target, commit := range map[string]string{before: p.Seen, after: p.Commit} {
		if err := p.repository.Export(ctx, commit, target); err != nil {
			return err
		}
	}
	if err := p.migrations(ctx, before, after); err != nil {
		return err
	}
	overlay := "gitops/overlays/" + p.To
	deployed, err := manifest.Build(filepath.Join(before, overlay))
	if err != nil {
		fmt.Fprintf(p.out, "\nNote: %s does not build at %s, so all manifests are shown as new: %s\n", overlay, argocd.Short(p.Seen), within(before, err.Error()))
	}
	objects, err := manifest.Build(filepath.Join(after, overlay))
	if err != nil {
		p.breaks("manifests: %s does not build: %s", overlay, within(after, err.Error()))
		return nil
	}
	p.images(deployed, objects)
	p.section("Manifests of "+overlay, differences(deployed, objects))
	for _, rule := range rules {
		for _, broken := range rule(ctx, after, objects) {
			p.breaks("%s", within(after, broken))
		}
	}
	return nil
}

// within names paths as they are in the repository, without the temporary folder.
func within(tree, text string) string {
	return strings.ReplaceAll(text, tree+string(filepath.Separator), "")
}

// migrations checks what the new migrations do to a schema on which the previous
// release still runs. Released ones that were deleted at any time count too: a database
// may have them. A file that came and went within a merged branch was never released.
func (p *Promotion) migrations(ctx context.Context, before, after string) error {
	released, unread := sql(before)
	candidate, unreadable := sql(after)
	log, err := p.repository.Git(ctx, "log", "--format=commit %h", "--abbrev=8", "--diff-filter=D", "--no-renames", "--name-only", "-m", "--first-parent", p.Seen, "--", "migrations/*.sql")
	if err := errors.Join(unread, unreadable, err); err != nil {
		return err
	}
	var withdrawn []migration.Withdrawn
	commit := ""
	for _, line := range log {
		if hash, ok := strings.CutPrefix(line, "commit "); ok {
			commit = hash
		} else if line != "" {
			content, err := p.repository.Git(ctx, "cat-file", "blob", commit+"^:"+line)
			if err != nil {
				return err
			}
			withdrawn = append(withdrawn, migration.Withdrawn{File: migration.File{Name: filepath.Base(line), Content: strings.Join(content, "\n")}, Commit: commit})
		}
	}
	compared := migration.Compare(released, candidate, withdrawn)
	var lines []string
	for _, file := range compared.Added {
		lines = append(lines, "+ "+file.Name)
	}
	for _, finding := range compared.Findings {
		switch finding.Severity {
		case migration.Refusal:
			p.breaks("migration: %s", finding)
		case migration.Accepted:
			lines = append(lines, "CONTRACTS, so this promotion cannot be rolled back: "+finding.String())
		}
	}
	p.section("Migrations", lines)
	return nil
}

// sql reads the migrations of a tree, without line breaks at the end, as from git's output.
func sql(tree string) (files []migration.File, err error) {
	names, _ := filepath.Glob(filepath.Join(tree, "migrations", "*.sql"))
	for _, name := range names {
		content, unread := os.ReadFile(name)
		files = append(files, migration.File{Name: filepath.Base(name), Content: strings.TrimRight(string(content), "\n")})
		err = errors.Join(err, unread)
	}
	return files, err
}

// Push moves the target branch forward. Git refuses it if the branch has moved to a commit
// that From lacks.
func (p *Promotion) Push(ctx context.Context) error {
	return p.repository.Push(ctx, p.To, p.Commit)
}

// Propose pushes a branch for others to review, and returns the steps to open and merge a
// pull request. The same promotion has the same branch, so it can be repeated. Production
// runs exactly the commits that staging ran, so it is merged by fast-forward.
func (p *Promotion) Propose(ctx context.Context) ([]string, error) {
	branch := fmt.Sprintf("promote-%s-%s", p.To, argocd.Short(p.Commit))
	return []string{
		fmt.Sprintf("Open a pull request from %s to %s, such as: gh pr create --base %s --head %s --fill", branch, p.To, p.To, branch),
		"Once it is approved, merge it by fast-forward, which closes it:",
		fmt.Sprintf("  git push %s %s:refs/heads/%s", repository.Remote, p.Commit, p.To),
		fmt.Sprintf("A merge button creates a commit that %s lacks: if you use it, merge %s back into %s.", p.From, p.To, p.From),
	}, p.repository.Push(ctx, branch, p.Commit)
}
