package policy

import (
	"testing"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner/ownertest"
)

func TestAForkPassesWithEveryChoice(t *testing.T) {
	ownertest.Rerun(t, "../../..", "gitops/release/policy", "Case|Cost|Kind|Parameters|Namespaces|Unknown|Violating|Exempt|Dispatcher|Invalid|Failing|Expensive|Limits|Privileges")
}
