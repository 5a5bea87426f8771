// Package documents checks that the documents are correct: links resolve, alerts and
// runbook sections correspond, and commands exist.
package documents

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	root    = "../.."
	runbook = "docs/operational_runbook.md"
)

// operators are the documents whose commands are checked.
var operators = []string{
	"docs/deployment_plan.md",
	"docs/disaster_recovery.md",
	"docs/infrastructure.md",
	"docs/monitoring.md",
	"docs/operating.md",
	"docs/operational_runbook.md",
	"docs/production_deployment_guide.md",
	"docs/upgrading.md",
}

var (
	fence   = regexp.MustCompile("^ *```")
	heading = regexp.MustCompile(`^(#+) +(.*?) *$`)
)

// prose returns a document's lines with fenced ones blanked, so that line numbers stay.
func prose(text string) []string {
	lines := strings.Split(text, "\n")
	fenced := false
	for i, line := range lines {
		if fence.MatchString(line) {
			fenced = !fenced
			lines[i] = ""
		} else if fenced {
			lines[i] = ""
		}
	}
	return lines
}

type section struct {
	level         int
	title, anchor string
	body          string
}

// sections maps a document's headings to the text up to the next heading.
func sections(text string) []section {
	var all []section
	seen := map[string]int{}
	lines := prose(text)
	for i, raw := range strings.Split(text, "\n") {
		if match := heading.FindStringSubmatch(lines[i]); match != nil {
			name := anchor(match[2])
			if n := seen[name]; n > 0 {
				seen[name]++
				name += "-" + string(rune('0'+n))
			} else {
				seen[name] = 1
			}
			all = append(all, section{len(match[1]), match[2], name, ""})
		} else if len(all) > 0 {
			all[len(all)-1].body += raw + "\n"
		}
	}
	return all
}

var dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchor returns GitHub's anchor of a heading.
func anchor(title string) string {
	return strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(content)
}

// files returns the repository's files with one of the suffixes, relative to its root.
func files(t *testing.T, folder string, suffixes ...string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed by a concurrent test of another package
			return nil
		case err != nil:
			return err
		case entry.IsDir():
			if name := entry.Name(); name == "node_modules" || name == "testdata" || name == ".bin" || name == ".git" || name == ".data" {
				return filepath.SkipDir
			}
			return nil
		}
		for _, suffix := range suffixes {
			if strings.HasSuffix(path, suffix) {
				relative, err := filepath.Rel(root, path)
				found = append(found, filepath.ToSlash(relative))
				return err
			}
		}
		return nil
	}))
	return found
}

// object has the fields of a manifest that the tests read.
type object struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	Spec     yaml.Node
}

// objects returns all objects in the YAML files of a folder, without patches and the like.
func objects(t *testing.T, folder string) []object {
	t.Helper()
	var all []object
	for _, file := range files(t, folder, ".yaml") {
		for document := range strings.SplitSeq(read(t, file), "\n---") {
			var o object
			if yaml.Unmarshal([]byte(document), &o) == nil && o.Kind != "" {
				all = append(all, o)
			}
		}
	}
	return all
}
