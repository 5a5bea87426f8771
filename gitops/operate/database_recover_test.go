package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// checkout copies the manifests that a recovery changes.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(root, "gitops", "platform", "postgres"), os.DirFS(filepath.Join("..", "platform", "postgres"))))
	return root
}

func read(t *testing.T, root, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "gitops", "platform", "postgres", path))
	require.NoError(t, err)
	return string(content)
}

func TestARecoveryIsSetUpForATime(t *testing.T) {
	t.Parallel()
	f, root := newOffline(t), checkout(t)
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	args := []string{"database", "recover", "prod", at.Format(time.RFC3339), "--root", root}
	before := read(t, root, "kustomization.yaml") + read(t, root, "recovery/kustomization.yaml")

	out := f.must(append(args, "--dry-run")...)
	assert.Contains(t, out, at.UTC().Format("2006-01-02 15:04:05+00"))
	assert.Equal(t, before, read(t, root, "kustomization.yaml")+read(t, root, "recovery/kustomization.yaml"))

	out = f.must(args...)
	assert.Contains(t, out, "postgres-prod-recovered-rw")
	assert.Contains(t, read(t, root, "recovery/kustomization.yaml"), `targetTime: "`+at.UTC().Format("2006-01-02 15:04:05+00")+`"`)
	var all struct{ Resources []string }
	require.NoError(t, yaml.Unmarshal([]byte(read(t, root, "kustomization.yaml")), &all))
	assert.Equal(t, []string{"prod", "staging", "recovery"}, all.Resources)

	assert.Contains(t, f.must(args...), "already")
	args[3] = at.Add(-time.Hour).Format(time.RFC3339)
	f.must(args...)
	assert.Contains(t, read(t, root, "recovery/kustomization.yaml"), at.Add(-time.Hour).UTC().Format("15:04:05"))
}

// The retention is stated twice: for CloudNativePG and for operators.
func TestTheRetentionOfRecoveryIsThatOfBackups(t *testing.T) {
	t.Parallel()
	assert.Contains(t, read(t, checkout(t), "prod/backup.yaml"), "retentionPolicy: 30d")
}

func TestAnImpossibleRecoveryIsRefused(t *testing.T) {
	t.Parallel()
	f, root := newOffline(t), checkout(t)
	hour := func(d time.Duration) string { return time.Now().Add(d).Format(time.RFC3339) }
	f.refused("is in the future", "database", "recover", "prod", hour(time.Hour), "--root", root)
	f.refused("more than 30 days ago", "database", "recover", "prod", hour(-31*24*time.Hour), "--root", root)
	f.refused("the zone is required", "database", "recover", "prod", "yesterday", "--root", root)
	f.refused("only prod can be recovered", "database", "recover", "staging", hour(-time.Hour), "--root", root)
	f.refused("--root sets the repository's folder", "database", "recover", "prod", hour(-time.Hour), "--root", t.TempDir())
}
