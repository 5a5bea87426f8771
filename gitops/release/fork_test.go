package main

import (
	"testing"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner/ownertest"
)

func TestAForkPassesWithEveryChoice(t *testing.T) {
	// Pushing, following and rolling back depend on the branches, not on what is on them.
	ownertest.Rerun(t, "../..", "gitops/release", "Follow|Push|PullRequest|Roll|Status|Health|Snapshots|Valid|Object|Helm|Credential")
}
