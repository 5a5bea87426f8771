package repository

import (
	"context"
	"fmt"
	"strings"
)

// Heads returns the commits of a remote's branches. Missing branches are left out. It
// asks the remote and not the remote-tracking branches, which may be old.
// All are read in one answer of the remote, and so of one moment.
func (r *Repository) Heads(ctx context.Context, remote string, branches ...string) (map[string]string, error) {
	args := []string{"ls-remote", "--heads", "--", remote}
	for _, branch := range branches {
		args = append(args, "refs/heads/"+branch)
	}
	out, err := r.remote(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("list the branches of %s: %w", remote, err)
	}
	heads := map[string]string{}
	for line := range strings.Lines(out) {
		commit, ref, found := strings.Cut(strings.TrimSpace(line), "\t")
		if found {
			heads[strings.TrimPrefix(ref, "refs/heads/")] = commit
		}
	}
	return heads, nil
}

// Fetch updates the remote-tracking branches of a remote. It changes nothing else: no
// tags, no FETCH_HEAD and no local branch.
// A branch that was rewritten is followed; whether that is allowed is the caller's to judge.
func (r *Repository) Fetch(ctx context.Context, remote string, branches ...string) error {
	args := []string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote}
	for _, branch := range branches {
		args = append(args, fmt.Sprintf("+refs/heads/%s:refs/remotes/%s/%s", branch, remote, branch))
	}
	if _, err := r.remote(ctx, args...); err != nil {
		return fmt.Errorf("fetch from %s: %w", remote, err)
	}
	return nil
}

// URL returns a remote's URL.
func (r *Repository) URL(ctx context.Context, remote string) (string, error) {
	return r.git(ctx, "remote", "get-url", "--", remote)
}

// Remotes returns the names of the remotes.
func (r *Repository) Remotes(ctx context.Context) ([]string, error) {
	return r.lines(ctx, "remote")
}

// Push moves a remote's branch from seen to commit. It fails if the branch has moved,
// or if seen is not an ancestor of commit. An empty seen creates the branch. The lease
// makes it atomic on the remote. It is a fast-forward although the option's name says
// force, because seen is an ancestor of commit.
// It pushes that commit alone: no tags, and nothing of the working tree.
func (r *Repository) Push(ctx context.Context, remote, branch, seen, commit string) error {
	if seen != "" {
		forward, err := r.IsAncestor(ctx, seen, commit)
		if err != nil {
			return err
		}
		if !forward {
			return fmt.Errorf("push %s: %s has commits that %s lacks", branch, Short(seen), Short(commit))
		}
	}
	ref := "refs/heads/" + branch
	_, err := r.remote(ctx, "push", "--quiet", "--force-with-lease="+ref+":"+seen, "--", remote, commit+":"+ref)
	if err != nil {
		return fmt.Errorf("push %s to %s: %w", branch, remote, err)
	}
	return nil
}

// Returning returns the commands that merge a branch's own commits back into the branch
// it is promoted from, so that it can be fast-forwarded again.
// They expect a clean working tree, and leave it on from.
func Returning(remote, branch, from string) []string {
	return []string{
		fmt.Sprintf("git fetch %s %s %s", remote, from, branch),
		fmt.Sprintf("git switch %s", from),
		fmt.Sprintf("git merge --ff-only %s/%s", remote, from),
		fmt.Sprintf("git merge --no-edit %s/%s", remote, branch),
		fmt.Sprintf("git push %s %s", remote, from),
	}
}
