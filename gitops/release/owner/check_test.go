package owner_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner/ownertest"
)

const root = "../../.."

func TestAForkWithItsOwnValuesIsReady(t *testing.T) {
	t.Parallel()
	fork := ownertest.Fork(t, root, "own values")
	for _, origin := range []string{"", "ssh://git@git.acme.dev:2222/platform/questions.git", "git@git.acme.dev:platform/questions", "https://git.acme.dev/platform/questions.git"} {
		problems, err := owner.Check(fork, origin)
		require.NoError(t, err)
		assert.Empty(t, problems, origin)
	}
}

func TestTheCheckNamesWhatIsMissingAndWhatToDo(t *testing.T) {
	t.Parallel()
	fork := ownertest.Fork(t, root, "own values")
	file := filepath.Join(fork, owner.File)
	ownertest.Edit(t, file, file,
		[2]string{`(issuer)=\S+`, "$1=https://issuer.example.com"},
		[2]string{`(contact)=\S+`, "$1=ops@example.org"},
		[2]string{`(registry)=\S+`, "$1=registry.acme.dev/other"})
	problems, err := owner.Check(fork, "git@git.acme.dev:other/questions.git")
	require.NoError(t, err)
	var said []string
	for _, problem := range problems {
		said = append(said, problem.String())
	}
	require.Len(t, said, 4)
	assert.Equal(t, "contact is ops@example.org, a placeholder: set it in gitops/owner/kustomization.yaml", said[0])
	assert.Equal(t, "issuer is https://issuer.example.com, a placeholder: set it in gitops/owner/kustomization.yaml", said[1])
	assert.Equal(t, "Argo CD would deploy from ssh://git@git.acme.dev:2222/platform/questions.git, and origin is git@git.acme.dev:other/questions.git: set repository in gitops/owner/kustomization.yaml", said[2])
	assert.Contains(t, said[3], "11 images are not from registry.acme.dev/other, such as registry.acme.dev:5000/platform/ask@sha256:")
	assert.Contains(t, said[3], `make images ARGS="--repository registry.acme.dev/other"`)
}

func TestAPlaceholderOfAChoiceThatWasNotMadeIsIgnored(t *testing.T) {
	t.Parallel()
	fork := ownertest.Fork(t, root, "own values")
	file := filepath.Join(fork, owner.File)
	ownertest.Edit(t, file, file, [2]string{`# (- object-store )`, "$1"})
	problems, err := owner.Check(fork, "")
	require.NoError(t, err)
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0].What, "object-store is https://s3.example.com")
}

func TestAnInvalidFileIsRefusedWithItsFault(t *testing.T) {
	t.Parallel()
	for fault, edit := range map[string][2]string{
		"registry is missing: add registry=VALUE": {`- registry=\S+`, "- other=x"},
		`"domain=": want NAME=VALUE`:              {`- domain=\S+`, "- domain="},
		"unknown field":                           {`^components:`, "component:"},
	} {
		fork := ownertest.Fork(t, root, "own values")
		file := filepath.Join(fork, owner.File)
		ownertest.Edit(t, file, file, edit)
		_, err := owner.Check(fork, "")
		assert.ErrorContains(t, err, fault)
		assert.ErrorContains(t, err, owner.File)
	}
}

// Everything that the owner's file can change is a value from it: no manifest names what
// belongs to somebody.
func TestEveryValueReachesTheObjects(t *testing.T) {
	t.Parallel()
	for choice, values := range map[string][]string{
		"own values":                {"repository", "runbook", "registry", "domain", "issuer", "contact", "backups", "snapshots"},
		"DNS of Google":             {"dns-project"},
		"the provider's PostgreSQL": {"database-addresses"},
		"another object store":      {"object-store"},
		"a storage class":           {"storage-class"},
	} {
		fork := ownertest.Fork(t, root, choice)
		mine, err := owner.Read(fork)
		require.NoError(t, err)
		built, err := owner.Objects(fork)
		require.NoError(t, err)
		for _, name := range values {
			assert.True(t, owner.Used(mine.Values[name], built), "%s: %s", choice, name)
		}
		assert.False(t, owner.Used("of gitops/owner", built), choice)
	}
}
