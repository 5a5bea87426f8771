package infrastructure

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

func TestEveryImageIsSignedAndItsBillsOfMaterialsAreAttested(t *testing.T) {
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

func TestVerifyingTrustsNobodyButTheWorkflowOnMain(t *testing.T) {
	t.Parallel()
	calls, err := run(t, "verify", "exit 0")
	require.NoError(t, err)
	assert.Len(t, calls, 2*len(pins(t)))
	for _, call := range calls {
		assert.Contains(t, call, "--certificate-oidc-issuer https://token.actions.githubusercontent.com")
		assert.Contains(t, call, "--certificate-identity https://github.com/owner/project/.github/workflows/images.yaml@refs/heads/main")
	}
}

func TestAnImageWithoutASignatureOrABillOfMaterialsFails(t *testing.T) {
	t.Parallel()
	last := pins(t)[len(pins(t))-1]
	for _, missing := range []string{"verify", "verify-attestation"} {
		calls, err := run(t, "verify", `case "$*" in "`+missing+` "*`+last+`) exit 1 ;; esac`)
		assert.Error(t, err, missing)
		assert.Contains(t, calls[len(calls)-1], last)
	}
}

func TestAnImageThatCannotBeSignedFails(t *testing.T) {
	t.Parallel()
	calls, err := run(t, "sign", "exit 1")
	assert.Error(t, err)
	assert.Len(t, calls, 1, "it went on")
}

func pins(t *testing.T) []string {
	t.Helper()
	output, err := exec.Command(filepath.Join(root, ".github/scripts/pins")).Output()
	require.NoError(t, err)
	images := strings.Fields(string(output))
	require.NotEmpty(t, images)
	return images
}

// run runs a script with a cosign that notes how it is called and then does what is
// said. It returns the calls.
func run(t *testing.T, script, then string) ([]string, error) {
	t.Helper()
	folder := t.TempDir()
	notes := filepath.Join(folder, "calls")
	cosign := "#!/bin/sh\necho \"$*\" >> '" + notes + "'\n" + then + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cosign"), []byte(cosign), 0o755))
	command := exec.Command(filepath.Join(root, ".github/scripts", script))
	command.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "GITHUB_REPOSITORY=owner/project")
	output, err := command.CombinedOutput()
	t.Logf("%s: %s%v", script, output, err)
	noted, readErr := os.ReadFile(notes)
	require.NoError(t, readErr)
	return strings.Split(strings.TrimSpace(string(noted)), "\n"), err
}
