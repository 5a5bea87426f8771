package promotion

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
)

// Branch returns the default name of a pull request's branch. The same promotion has
// the same branch, so that a second run finds it.
func (p *Promotion) Branch() string {
	return fmt.Sprintf("promote-%s-%s", p.To, repository.Short(p.Commit))
}

// PushBranch pushes a branch for a pull request and returns the steps to open and merge
// it. It fails if the branch exists at another commit. At the same commit it is the
// branch of an earlier run, and the steps are printed again.
// The promotion itself happens when somebody follows the steps.
func (p *Promotion) PushBranch(ctx context.Context, branch string) ([]string, error) {
	heads, err := p.repository.Heads(ctx, p.Remote, branch)
	if err != nil {
		return nil, err
	}
	switch heads[branch] {
	case p.Commit:
	case "":
		if err := p.repository.Push(ctx, p.Remote, branch, "", p.Commit); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%s already has a branch %s, at %s: choose another name with --pull-request=NAME", p.Remote, branch, repository.Short(heads[branch]))
	}
	where, err := p.repository.URL(ctx, p.Remote)
	if err != nil {
		return nil, err
	}
	steps := []string{fmt.Sprintf("Open a pull request from %s to %s:", branch, p.To)}
	if path, ok := onGitHub(where); ok {
		steps = append(steps,
			fmt.Sprintf("  https://github.com/%s/compare/%s...%s?expand=1", path, url.PathEscape(p.To), url.PathEscape(branch)),
			fmt.Sprintf("  gh pr create --base %s --head %s --fill", p.To, branch))
	}
	return append(steps,
		"Once it is approved, merge it by fast-forward, which closes it:",
		fmt.Sprintf("  git push %s %s:refs/heads/%s", p.Remote, p.Commit, p.To),
		fmt.Sprintf("GitHub's merge button creates a commit that %s lacks: if you use it, merge %s back into %s.", p.From, p.To, p.From)), nil
}

// onGitHub returns the owner and name of a repository on github.com. It understands
// https and ssh URLs and scp-like addresses (user@host:path). On other hosts the steps
// name no page.
func onGitHub(where string) (string, bool) {
	host, path := "", ""
	if parsed, err := url.Parse(where); err == nil && parsed.Host != "" {
		host, path = parsed.Hostname(), parsed.Path
	} else if before, after, found := strings.Cut(where, ":"); found {
		host, path = before[strings.Index(before, "@")+1:], after
	}
	return strings.TrimSuffix(strings.Trim(path, "/"), ".git"), host == "github.com"
}
