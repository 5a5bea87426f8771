package main

import (
	"testing"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner/ownertest"
)

func TestAForkPassesWithEveryChoice(t *testing.T) { ownertest.Rerun(t, "../..", "gitops/release") }
