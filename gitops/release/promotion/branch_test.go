package promotion

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPullRequestsAreOpenedOnGitHubOnly(t *testing.T) {
	t.Parallel()
	for remote, wanted := range map[string]string{
		"git@github.com:owner/project.git":              "owner/project",
		"https://github.com/owner/project":              "owner/project",
		"https://someone:secret@github.com/owner/p.git": "owner/p",
		"ssh://git@github.com:22/owner/p.git":           "owner/p",
		"ssh://git@git.example.com:2222/group/p.git":    "",
		"/srv/git/project.git":                          "",
		"file:///srv/git/project.git":                   "",
		"../project":                                    "",
	} {
		path, ok := onGitHub(remote)
		assert.Equal(t, wanted != "", ok, remote)
		if ok {
			assert.Equal(t, wanted, path)
		}
	}
}
