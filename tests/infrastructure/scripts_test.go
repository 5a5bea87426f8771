package infrastructure

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryPinnedImageIsPrinted(t *testing.T) {
	t.Parallel()
	images := pins(t)
	assert.Len(t, images, strings.Count(read(t, "gitops/images/kustomization.yaml"), "- name:"))
	for _, image := range images {
		assert.Regexp(t, `^[\w./-]+@sha256:[0-9a-f]{64}$`, image)
	}
}

func TestEveryImageIsSignedAndItsSBOMsAreAttested(t *testing.T) {
	t.Parallel()
	calls, err := run(t, "sign", "exit 0")
	require.NoError(t, err)
	for _, image := range pins(t) {
		assert.Contains(t, calls, "sign --yes "+image)
		name := regexp.MustCompile(`([^/]+)@`).FindStringSubmatch(image)[1]
		for _, bill := range []string{"index", "linux-amd64", "linux-arm64"} {
			assert.Contains(t, calls, "attest --yes --type spdxjson --predicate .bin/sbom/"+name+"-"+bill+".spdx.json "+image)
		}
	}
	assert.Len(t, calls, 4*len(pins(t)))
}

func TestVerifyingOnlyTrustsTheWorkflowOnMain(t *testing.T) {
	t.Parallel()
	calls, err := run(t, "verify", "exit 0")
	require.NoError(t, err)
	assert.Len(t, calls, 2*len(pins(t)))
	for _, call := range calls {
		assert.Contains(t, call, "--certificate-oidc-issuer https://token.actions.githubusercontent.com")
		assert.Contains(t, call, "--certificate-identity https://github.com/owner/project/.github/workflows/images.yaml@refs/heads/main")
	}
}

func TestAnImageWithoutASignatureOrSBOMFails(t *testing.T) {
	t.Parallel()
	last := pins(t)[len(pins(t))-1]
	for _, missing := range []string{"verify", "verify-attestation"} {
		calls, err := run(t, "verify", `case "$*" in "`+missing+` "*`+last+`) exit 1 ;; esac`)
		assert.Error(t, err, missing)
		assert.Contains(t, calls[len(calls)-1], last)
	}
}

// The file comes from the checked change, which must not hide an image from the check.
func TestVerifyingRefusesPinsThatItCannotParse(t *testing.T) {
	t.Parallel()
	good := read(t, "gitops/images/kustomization.yaml")
	digest := "sha256:" + strings.Repeat("1", 64)
	for name, content := range map[string]string{
		"an item on one line": good + "  - {name: x, newName: evil/x, digest: " + digest + "}\n",
		"a tag":               good + "  - name: x\n    newName: evil/x\n    newTag: v1\n",
		"no digest":           good + "  - name: x\n    newName: evil/x\n",
		"a flag for a name":   good + "  - name: x\n    newName: --key=evil/x\n    digest: " + digest + "\n",
		"another document":    good + "---\nimages: []\n",
		"nothing":             "kind: Component\nimages:\n",
	} {
		copied := t.TempDir()
		for _, file := range []string{".github/scripts/verify", ".github/scripts/pins"} {
			write(t, filepath.Join(copied, file), read(t, file))
		}
		write(t, filepath.Join(copied, "gitops/images/kustomization.yaml"), content)
		calls, err := runIn(t, copied, "verify", "exit 0")
		assert.Error(t, err, name)
		assert.Empty(t, calls, name)
	}
}

func TestAnImageThatCannotBeSignedFails(t *testing.T) {
	t.Parallel()
	calls, err := run(t, "sign", "exit 1")
	assert.Error(t, err)
	assert.Len(t, calls, 1, "it did not stop")
}

func pins(t *testing.T) []string {
	t.Helper()
	output, err := exec.Command(filepath.Join(root, ".github/scripts/pins")).Output()
	require.NoError(t, err)
	images := strings.Fields(string(output))
	require.NotEmpty(t, images)
	return images
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
}

func run(t *testing.T, script, then string) ([]string, error) {
	t.Helper()
	return runIn(t, root, script, then)
}

// runIn runs a script of a checkout with a fake cosign that records its calls and then runs
// the given commands. It returns the calls.
func runIn(t *testing.T, checkout, script, then string) ([]string, error) {
	t.Helper()
	folder := t.TempDir()
	notes := filepath.Join(folder, "calls")
	write(t, notes, "")
	write(t, filepath.Join(folder, "cosign"), "#!/bin/sh\necho \"$*\" >> '"+notes+"'\n"+then+"\n")
	command := exec.Command(filepath.Join(checkout, ".github/scripts", script))
	command.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "GITHUB_REPOSITORY=owner/project")
	output, err := command.CombinedOutput()
	t.Logf("%s: %s%v", script, output, err)
	noted, readErr := os.ReadFile(notes)
	require.NoError(t, readErr)
	return slices.DeleteFunc(strings.Split(string(noted), "\n"), func(call string) bool { return call == "" }), err
}
