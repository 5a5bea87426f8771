package delivery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const catalogue = "functions/gateway/catalogue.json"

// Reset brings main and prod back to the files of Base, and waits until both
// environments run them. History only grows, as everywhere.
func (w *World) Reset(ctx context.Context) error {
	for _, args := range [][]string{
		{"fetch", "--quiet", "origin"},
		{"checkout", "--quiet", "--force", "-B", "main", "origin/main"},
		{"merge", "--quiet", "--strategy=ours", "--no-edit", "origin/prod"},
		{"read-tree", "-u", "--reset", w.Base},
		{"clean", "--quiet", "--force", "-d"},
	} {
		if _, err := w.Clone.Git(ctx, args...); err != nil {
			return err
		}
	}
	if _, err := w.Clone.Git(ctx, "diff", "--cached", "--quiet"); err != nil {
		if _, err := w.Clone.Commit(ctx, "Back to where the tests begin"); err != nil {
			return err
		}
	}
	if _, err := w.Kubectl(ctx, "", "apply", "-k", filepath.Join(w.Clone.Folder, "gitops", "argocd")); err != nil {
		return err
	}
	return w.PushBoth(ctx)
}

// PushBoth pushes the clone's main as main and prod, and waits for both
// environments.
func (w *World) PushBoth(ctx context.Context) error {
	head, err := w.Push(ctx, "main", "prod")
	if err != nil {
		return err
	}
	for _, environment := range []Environment{Staging, Prod} {
		if err := w.Synced(ctx, string(environment), head); err != nil {
			return err
		}
		if err := w.Serves(ctx, environment, w.version()); err != nil {
			return err
		}
	}
	return nil
}

// Push pushes the clone's head to branches and tells Argo CD, as a webhook does.
func (w *World) Push(ctx context.Context, branches ...string) (head string, err error) {
	if head, err = w.Clone.Git(ctx, "rev-parse", "HEAD"); err != nil {
		return "", err
	}
	args := []string{"push", "--quiet", "origin"}
	for _, branch := range branches {
		args = append(args, "HEAD:refs/heads/"+branch)
	}
	if _, err := w.Clone.Git(ctx, args...); err != nil {
		return "", err
	}
	for _, branch := range branches {
		environment := map[string]Environment{"main": Staging, "prod": Prod}[branch]
		if err := w.Refresh(ctx, string(environment)); err != nil {
			return "", err
		}
	}
	return head, nil
}

// version is the one that the clone's gateway tells.
func (w *World) version() string {
	content, _ := os.ReadFile(filepath.Join(w.Clone.Folder, catalogue))
	_, rest, _ := strings.Cut(string(content), `"version": "`)
	version, _, _ := strings.Cut(rest, `"`)
	return version
}

// Change makes a release's worth of changes in the clone and commits them: a
// gateway that tells another version, a migration, and another setting of one
// tool.
func (w *World) Change(ctx context.Context, version string) error {
	if err := w.Clone.Replace(catalogue, `"version": "`+w.version()+`"`, `"version": "`+version+`"`); err != nil {
		return err
	}
	if err := w.Migration(version, "CREATE TABLE "+table(version)+" (id bigint PRIMARY KEY);"); err != nil {
		return err
	}
	if err := w.Clone.Replace("functions/report/func.yaml", "max: 10", "max: 9"); err != nil {
		return err
	}
	if _, err := w.Release(ctx, "render"); err != nil {
		return err
	}
	if err := w.BuildImages(ctx, "gateway", "migrate"); err != nil {
		return err
	}
	_, err := w.Clone.Commit(ctx, "Release "+version)
	return err
}

// Migration adds the migration of a version to the clone; later versions have
// higher numbers.
func (w *World) Migration(name, up string) error {
	return w.Clone.Write(fmt.Sprintf("migrations/9%04s_%s.sql", strings.ReplaceAll(name, ".", ""), table(name)), "-- +goose Up\n"+up+"\n\n-- +goose Down\nSELECT 1;\n")
}

func table(version string) string { return "release_" + strings.ReplaceAll(version, ".", "_") }
