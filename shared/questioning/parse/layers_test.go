package parse_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The package doc lists every file, and each uses only what those before it declare: who
// reads the package in that order meets nothing that was not explained before.
func TestFilesUseOnlyThoseBeforeThem(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	list := regexp.MustCompile(`(?s)before it in this list:\n//\n(.*?)\n//\n`).FindStringSubmatch(string(doc))
	require.NotNil(t, list)
	layers := regexp.MustCompile(`(?m)^//   - [^:]*:|\([^)]*\)|//`).ReplaceAllString(list[1], "")
	var order []string
	for _, name := range regexp.MustCompile(`\w+`).FindAllString(layers, -1) {
		order = append(order, name+".go")
	}

	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	names = slices.DeleteFunc(names, func(name string) bool { return name == "doc.go" || strings.HasSuffix(name, "_test.go") })
	require.ElementsMatch(t, names, order)

	positions := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(positions, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	// Importing packages from source takes seconds. With empty ones in their place the check
	// reports errors, and still resolves what this package declares.
	uses := map[*ast.Ident]types.Object{}
	config := types.Config{Importer: emptyPackages{}, Error: func(error) {}}
	own, _ := config.Check("parse", positions, files, &types.Info{Uses: uses})
	between := 0
	for name, used := range uses {
		if used.Pkg() != own {
			continue
		}
		from, to := positions.Position(name.Pos()), positions.Position(used.Pos()).Filename
		if from.Filename != to {
			between++
			assert.LessOrEqual(t, slices.Index(order, to), slices.Index(order, from.Filename), "%s uses %s of %s, which comes later", from, used.Name(), to)
		}
	}
	assert.Greater(t, between, 1000)
}

// emptyPackages imports every package as one that declares nothing.
type emptyPackages struct{}

func (emptyPackages) Import(name string) (*types.Package, error) {
	empty := types.NewPackage(name, path.Base(name))
	empty.MarkComplete()
	return empty, nil
}
