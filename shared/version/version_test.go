package version

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheVersionIsSemantic(t *testing.T) {
	assert.Regexp(t, `^\d+\.\d+\.\d+$`, Version)
}

func TestTheCatalogueNamesTheVersion(t *testing.T) {
	data, err := os.ReadFile("../../functions/gateway/catalogue.json")
	require.NoError(t, err)
	var catalogue struct{ Server struct{ Version string } }
	require.NoError(t, json.Unmarshal(data, &catalogue))
	assert.Equal(t, Version, catalogue.Server.Version, "run make generate")
}

// Before the first release there is nothing but what is unreleased.
func TestTheChangelogsNewestReleaseIsTheVersion(t *testing.T) {
	file, err := os.Open("../../CHANGELOG.md")
	require.NoError(t, err)
	defer file.Close()
	heading := regexp.MustCompile(`^## \[?(\d+\.\d+\.\d+)`)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if found := heading.FindStringSubmatch(lines.Text()); found != nil {
			assert.Equal(t, Version, found[1])
			return
		}
	}
}

func TestTheReleaseChecksItsTagAgainstTheVersion(t *testing.T) {
	workflow, err := os.ReadFile("../../.github/workflows/release.yaml")
	require.NoError(t, err)
	assert.Contains(t, string(workflow), "shared/version/VERSION")
}
