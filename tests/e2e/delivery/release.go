package delivery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// catalogue has the version that a gateway reports, by which tests tell releases apart.
const catalogue = "functions/gateway/catalogue.json"

// Reset commits the files of Base to main and prod, and waits until both environments
// run them. It does not rewrite history. It merges prod into main first, as a revert on
// prod requires, and then restores all files.
//
// It applies Argo CD's own objects as well, because a test may have suspended auto-sync.
func (d *Deployment) Reset(ctx context.Context) error {
	for _, args := range [][]string{
		{"fetch", "--quiet", "origin"},
		{"checkout", "--quiet", "--force", "-B", "main", "origin/main"},
		{"merge", "--quiet", "--strategy=ours", "--no-edit", "origin/prod"},
		{"read-tree", "-u", "--reset", d.Base},
		{"clean", "--quiet", "--force", "-d"},
	} {
		if _, err := d.Clone.Git(ctx, args...); err != nil {
			return err
		}
	}
	if _, err := d.Clone.Git(ctx, "diff", "--cached", "--quiet"); err != nil {
		if _, err := d.Clone.Commit(ctx, "Restore the state before the tests"); err != nil {
			return err
		}
	}
	if _, err := d.Kubectl(ctx, "", "apply", "-k", filepath.Join(d.Clone.Folder, "gitops", "argocd")); err != nil {
		return err
	}
	return d.PushBoth(ctx)
}

// PushBoth pushes the clone's main as main and prod, and waits for both
// environments.
func (d *Deployment) PushBoth(ctx context.Context) error {
	head, err := d.Push(ctx, "main", "prod")
	if err != nil {
		return err
	}
	for _, environment := range []Environment{Staging, Prod} {
		if err := d.Synced(ctx, string(environment), head); err != nil {
			return err
		}
		if err := d.Serves(ctx, environment, d.version()); err != nil {
			return err
		}
	}
	return nil
}

// Push pushes the clone's head to branches and notifies Argo CD, as a webhook does.
// Branches move by fast-forward; a push that is refused is the test's error.
func (d *Deployment) Push(ctx context.Context, branches ...string) (head string, err error) {
	if head, err = d.Clone.Git(ctx, "rev-parse", "HEAD"); err != nil {
		return "", err
	}
	args := []string{"push", "--quiet", "origin"}
	for _, branch := range branches {
		args = append(args, "HEAD:refs/heads/"+branch)
	}
	if _, err := d.Clone.Git(ctx, args...); err != nil {
		return "", err
	}
	for _, branch := range branches {
		environment := map[string]Environment{"main": Staging, "prod": Prod}[branch]
		if err := d.Refresh(ctx, string(environment)); err != nil {
			return "", err
		}
	}
	return head, nil
}

// version is the version of the clone's gateway.
func (d *Deployment) version() string {
	content, _ := os.ReadFile(filepath.Join(d.Clone.Folder, catalogue))
	_, rest, _ := strings.Cut(string(content), `"version": "`)
	version, _, _ := strings.Cut(rest, `"`)
	return version
}

// Change commits the changes of a release to the clone: another version of the gateway,
// a migration, and another setting of one tool. It builds only what changed: the other
// images keep their digests.
// An image, a migration and a manifest change, so that every part of a promotion shows.
func (d *Deployment) Change(ctx context.Context, version string) error {
	if err := d.Clone.Replace(catalogue, `"version": "`+d.version()+`"`, `"version": "`+version+`"`); err != nil {
		return err
	}
	if err := d.Migration(version, "CREATE TABLE "+table(version)+" (id bigint PRIMARY KEY);"); err != nil {
		return err
	}
	if err := d.Clone.Replace("functions/report/func.yaml", "max: 10", "max: 9"); err != nil {
		return err
	}
	if _, err := d.Release(ctx, "render"); err != nil {
		return err
	}
	if err := d.BuildImages(ctx, "gateway", "migrate"); err != nil {
		return err
	}
	_, err := d.Clone.Commit(ctx, "Release "+version)
	return err
}

// Migration adds the migration of a version to the clone; later versions have
// higher numbers.
// They begin with 9, so they come after the project's own.
func (d *Deployment) Migration(name, up string) error {
	return d.Clone.Write(fmt.Sprintf("migrations/9%04s_%s.sql", strings.ReplaceAll(name, ".", ""), table(name)), "-- +goose Up\n"+up+"\n\n-- +goose Down\nSELECT 1;\n")
}

// table is the name of a version's table, valid in SQL.
func table(version string) string { return "release_" + strings.ReplaceAll(version, ".", "_") }
