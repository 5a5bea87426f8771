package documents

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Documents outside the repository link into it by this address.
const address = "https://github.com/sequential-questioning/sequential-questioning/blob/main/"

var (
	link = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	code = regexp.MustCompile("`[^`]+`")
	// A path of the repository, as prose names it; ENV and the like stand for something.
	named = regexp.MustCompile(`^(?:\.github|docs|functions|gitops|migrations|policies|shared|tests)/[a-z0-9_./*-]*$`)
)

func TestEveryLinkBetweenDocumentsResolves(t *testing.T) {
	t.Parallel()
	found := 0
	for _, document := range files(t, ".", ".md") {
		for i, line := range prose(read(t, document)) {
			for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(line, ""), -1) {
				target := strings.TrimPrefix(match[1], address)
				if !strings.Contains(target, "://") && !strings.HasPrefix(target, "mailto:") {
					found++
					assert.NoError(t, resolves(document, target, target != match[1]), "%s:%d", document, i+1)
				}
			}
		}
	}
	assert.Greater(t, found, 50)
}

func TestTheIndexOfTheDocsListsEveryPage(t *testing.T) {
	t.Parallel()
	index := read(t, "docs/README.md")
	for _, page := range files(t, "docs", ".md") {
		page = strings.TrimPrefix(page, "docs/")
		if folder := path.Dir(page); folder != "." {
			page = folder + "/README.md" // which lists what is in the folder
		}
		assert.True(t, page == "README.md" || strings.Contains(index, "]("+page+")"), "docs/README.md does not list %s", page)
	}
}

func TestABrokenLinkIsDetected(t *testing.T) {
	t.Parallel()
	require.NoError(t, resolves("docs/architecture.md", "e2e.md#running-it", false))
	require.NoError(t, resolves("docs/architecture.md", "../policies/rbac", false))
	assert.ErrorContains(t, resolves("docs/architecture.md", "nowhere.md", false), "nowhere.md")
	assert.ErrorContains(t, resolves("docs/architecture.md", "e2e.md#nowhere", false), "#nowhere")
	assert.ErrorContains(t, resolves("docs/architecture.md", "#nowhere", false), "#nowhere")
}

func TestEveryPathInAnOperatorsDocumentExists(t *testing.T) {
	t.Parallel()
	for _, document := range operators {
		for i, line := range prose(read(t, document)) {
			for _, span := range code.FindAllString(line, -1) {
				if where := strings.Trim(span, "`"); named.MatchString(where) {
					assert.True(t, exists(where), "%s:%d names %s", document, i+1, where)
				}
			}
		}
	}
}

// resolves returns an error for a broken link.
func resolves(document, target string, fromRoot bool) error {
	where, fragment, _ := strings.Cut(target, "#")
	file := document
	switch {
	case fromRoot:
		file = where
	case where != "":
		file = path.Join(path.Dir(document), where)
	}
	content, err := os.ReadFile(filepath.Join(root, file))
	if fragment == "" || err != nil {
		_, err := os.Stat(filepath.Join(root, file))
		return err
	}
	for _, s := range sections(string(content)) {
		if s.anchor == fragment {
			return nil
		}
	}
	return &os.PathError{Op: "find", Path: file + "#" + fragment, Err: os.ErrNotExist}
}

func exists(pattern string) bool {
	found, err := filepath.Glob(filepath.Join(root, pattern))
	return err == nil && len(found) > 0
}
