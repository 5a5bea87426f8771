package documents

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryCommandIsCheckedOrMarked(t *testing.T) {
	t.Parallel()
	for _, document := range operators {
		t.Run(document, func(t *testing.T) {
			t.Parallel()
			for _, c := range fenced(document, read(t, document)) {
				known, err := check(c.words, true)
				assert.NoError(t, err, c.String())
				assert.True(t, known || c.marked, "%s\nis not checked: mark it, or its fence's first line, with %q", c, notRun)
			}
		})
	}
}

func TestEveryCommandInProseExists(t *testing.T) {
	t.Parallel()
	for _, document := range operators {
		for _, c := range inline(document, read(t, document)) {
			_, err := check(c.words, false)
			assert.NoError(t, err, c.String())
		}
	}
}

func TestACommandThatDoesNotExistIsRefused(t *testing.T) {
	t.Parallel()
	for line, why := range map[string]string{
		"operate nonsense":                        "unknown command",
		"operate database nonsense prod":          "no subcommand nonsense",
		"operate database":                        "want a subcommand",
		"operate database backup prod --nonsense": "unknown flag",
		"operate database backup prod dev":        "has 2 arguments",
		"operate database backup":                 "has 0 arguments",
		"operate database backup production":      "no environment production",
		"release nonsense":                        "unknown command",
		"release rollback --nonsense":             "unknown flag",
		"release rollback 1 2":                    "has 2 arguments",
		"make nonsense":                           "no target nonsense",
		"kubectl apply -k gitops/nowhere":         "gitops/nowhere",
		"go test ./tests/nowhere/...":             "tests/nowhere",
		"gitops/nowhere":                          "gitops/nowhere",
		"ls docs/nowhere.md":                      "docs/nowhere.md",
	} {
		known, err := check(simple(line)[0], true)
		assert.True(t, known, line)
		assert.ErrorContains(t, err, why, line)
	}
	for _, line := range []string{"operate database backup prod --keep 30d", "release rollback 12 --yes", `make images ARGS="--repository host/path"`, "kubectl apply --server-side -k policies"} {
		known, err := check(simple(line)[0], true)
		assert.True(t, known, line)
		assert.NoError(t, err, line)
	}
	for _, line := range []string{"kubectl get pods", "tofu apply", "psql", "git push"} {
		known, err := check(simple(line)[0], true)
		assert.False(t, known, line)
		assert.NoError(t, err, line)
	}
}

func TestCommandsAreParsedLikeAShell(t *testing.T) {
	t.Parallel()
	text := "```sh\n" +
		"A=1 make test > file   # a comment\n" +
		"git fetch && git switch prod | tee 'a b'; ls \"c d\"\n" +
		"psql -c \\\n  'SELECT 1 | 2'   " + notRun + "\n" +
		"```\n```yaml\nno: command\n```\n```sh\n" + notRun + "\nkubectl get pods\n```\n"
	var lines []string
	for _, c := range fenced("d", text) {
		lines = append(lines, strings.Join(c.words, "_")+map[bool]string{true: " marked"}[c.marked])
	}
	assert.Equal(t, []string{"make_test", "git_fetch", "git_switch_prod", "tee_a b", "ls_c d", "psql_-c_SELECT 1 | 2 marked", "kubectl_get_pods marked"}, lines)
}

func TestEveryTestNamedForACommandExists(t *testing.T) {
	t.Parallel()
	for line, test := range ran {
		file, name, _ := strings.Cut(test, " ")
		assert.Regexp(t, `(?m)^func `+regexp.QuoteMeta(name)+`\(`, read(t, file), line)
	}
}

func TestEveryObjectInACommandIsInTheManifests(t *testing.T) {
	t.Parallel()
	w := theInventory(t)
	named := 0
	for _, document := range operators {
		text := read(t, document)
		for _, c := range append(fenced(document, text), inline(document, text)...) {
			for _, r := range references(c.words) {
				named++
				assert.NoError(t, w.knows(r), c.String())
			}
		}
	}
	assert.Greater(t, named, 20)
	for _, line := range []string{"kubectl -n nowhere get pods", "kubectl -n databases get cluster/nowhere", "kubectl get ksvc nowhere", "argocd app sync nowhere"} {
		var all error
		for _, r := range references(strings.Fields(line)) {
			all = errors.Join(all, w.knows(r))
		}
		assert.ErrorContains(t, all, "nowhere", line)
	}
}
