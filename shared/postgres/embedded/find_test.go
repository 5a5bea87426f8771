package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseVersion(t *testing.T) {
	for line, want := range map[string]struct {
		major   int
		version string
	}{
		"postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n": {15, "15.14"},
		"postgres (PostgreSQL) 17.6 (Homebrew)":                  {17, "17.6"},
		"postgres (PostgreSQL) 18beta1":                          {18, "18beta1"},
		"postgres (PostgreSQL) 19devel":                          {19, "19devel"},
		"postgres (PostgreSQL) 9.6.24":                           {9, "9.6.24"},
	} {
		major, version, err := parseVersion(line)
		require.NoError(t, err, line)
		assert.Equal(t, want.major, major, line)
		assert.Equal(t, want.version, version, line)
	}
	_, _, err := parseVersion("something else")
	assert.Error(t, err)
}

// install makes a folder that looks like an installation.
func install(t *testing.T, version string) string {
	t.Helper()
	bin := t.TempDir()
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		script := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %s'\n", name, version)
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755))
	}
	return bin
}

func TestPickTakesTheNewestOnce(t *testing.T) {
	links := t.TempDir()
	old, middle, newest, partial := install(t, "14.1"), install(t, "15.2"), install(t, "17.0"), install(t, "18.0")
	require.NoError(t, os.Remove(filepath.Join(partial, "initdb")))
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		require.NoError(t, os.Symlink(filepath.Join(middle, name), filepath.Join(links, name)))
	}
	got, err := pick([]string{links, old, middle, newest, partial, "/does/not/exist"})
	require.NoError(t, err)
	assert.Equal(t, []Installation{
		{Bin: newest, Major: 17, Version: "17.0"},
		{Bin: middle, Major: 15, Version: "15.2"},
	}, got)
}

func TestPickSaysWhatToInstall(t *testing.T) {
	_, err := pick(nil)
	require.ErrorContains(t, err, "PostgreSQL 15 or newer is needed but was not found; install it with:")
	_, err = pick([]string{install(t, "13.4")})
	require.ErrorContains(t, err, "found only in version 13.4")
}

func TestNamedFolderIsTheOnlyOne(t *testing.T) {
	bin := install(t, "16.3")
	t.Setenv("POSTGRES_BIN", bin)
	found, err := Find()
	require.NoError(t, err)
	assert.Equal(t, Installation{Bin: bin, Major: 16, Version: "16.3"}, found)

	t.Setenv("POSTGRES_BIN", install(t, "12.1"))
	_, err = Find()
	require.ErrorContains(t, err, "version 12.1")

	t.Setenv("POSTGRES_BIN", t.TempDir())
	_, err = Find()
	require.ErrorContains(t, err, "POSTGRES_BIN")
}

func TestOffers(t *testing.T) {
	assert.True(t, offers("postgresql:\n  Installed: (none)\n  Candidate: 15+248+deb12u1\n"))
	assert.False(t, offers("postgresql:\n  Installed: (none)\n  Candidate: 13+225\n"))
	assert.False(t, offers("postgresql:\n  Installed: (none)\n  Candidate: (none)\n"))
	assert.False(t, offers(""))
}

// fake puts a command of that name in front that notes how it was called.
func fake(t *testing.T, folder, name, body string) {
	t.Helper()
	script := fmt.Sprintf("#!/bin/sh\necho \"%s $*\" >> %s/calls\n%s\n", name, folder, body)
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(script), 0o755))
}

func TestAptUpdatesOnlyWhenNeeded(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	fake(t, folder, "apt-cache", `[ -e `+folder+`/updated ] && echo '  Candidate: 17+1'`)
	fake(t, folder, "apt-get", `: > `+folder+`/updated`)
	fake(t, folder, "env", "")
	fake(t, folder, "sh", "")
	log := &tail{}
	require.NoError(t, installer{out: log}.apt(t.Context()))
	require.NoError(t, installer{out: log}.apt(t.Context()))

	calls, err := os.ReadFile(filepath.Join(folder, "calls"))
	require.NoError(t, err)
	installs := "sh -c " + noMainCluster + "\n" +
		"env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends" +
		" -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=120 postgresql\n"
	policy := "apt-cache policy postgresql\n"
	assert.Equal(t, policy+"apt-get update\n"+policy+installs+policy+installs, string(calls))
	assert.Contains(t, log.String(), "+ apt-get update")
}

func TestAptRefusesAnOldPackage(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	fake(t, folder, "apt-cache", `echo '  Candidate: 14+238'`)
	fake(t, folder, "apt-get", "")
	require.ErrorContains(t, installer{out: &tail{}}.apt(t.Context()), "no PostgreSQL 15 or newer")
}

// A package may bring PostgreSQL: it lies beside the program.
func TestAPostgreSQLBesideTheProgramIsFound(t *testing.T) {
	installed, err := Find()
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	beside := filepath.Join(filepath.Dir(self), "postgresql")
	require.NoError(t, os.MkdirAll(filepath.Join(beside, "bin"), 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(beside)) })
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		script := "#!/bin/sh\nexec " + filepath.Join(installed.Bin, name) + " \"$@\"\n"
		require.NoError(t, os.WriteFile(filepath.Join(beside, "bin", name), []byte(script), 0o755))
	}
	all, err := findAll()
	require.NoError(t, err)
	var folders []string
	for _, one := range all {
		folders = append(folders, one.Bin)
	}
	assert.Contains(t, folders, filepath.Join(beside, "bin"))
	assert.Equal(t, filepath.Join(beside, "bin"), folders[0], "it precedes others of its version")
}
