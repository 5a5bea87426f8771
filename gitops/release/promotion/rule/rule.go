// Package rule has the rules of a release that check a whole tree.
//
// They are outside package promotion so that it need not know functions, policies or
// databases. To add one, write a promotion.Rule and name it in All.
package rule

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/budget"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/policy"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/promotion"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/render"
)

// policies is the folder of the policies in the tree.
const policies = "policies"

// All returns all rules for an overlay.
// Their order is that of the report.
func All(overlay string) []promotion.Rule {
	return []promotion.Rule{Drift, Policies, Connections, Callers(overlay)}
}

// Drift refuses manifests that differ from func.yaml. Its error is not told apart from
// drift: a tree that cannot be rendered is not promoted either.
func Drift(ctx context.Context, tree string, _ []*unstructured.Unstructured) ([]promotion.Broken, error) {
	if err := render.Check(ctx, tree); err != nil {
		return []promotion.Broken{{Rule: "drift", What: err.Error()}}, ctx.Err()
	}
	return nil, nil
}

// Policies refuses objects that violate the tree's policies. They are those of the
// promoted commit, as a cluster will have them after it: a change of a policy and of
// what it restricts go together.
func Policies(ctx context.Context, tree string, objects []*unstructured.Unstructured) ([]promotion.Broken, error) {
	folder := filepath.Join(tree, policies)
	if _, err := os.Stat(folder); err != nil {
		return []promotion.Broken{{Rule: "policy", What: "there is no folder " + policies, Right: "restore it: without it nothing is checked"}}, nil // the rule is broken, its check did not fail
	}
	loaded, err := policy.Load(folder)
	if err != nil {
		return []promotion.Broken{{Rule: "policy", What: "the policies are not valid", Right: err.Error()}}, nil // the rule is broken, its check did not fail
	}
	violations, err := loaded.Check(ctx, objects)
	if err != nil {
		return nil, fmt.Errorf("check policies: %w", err)
	}
	var broken []promotion.Broken
	for _, violation := range violations {
		broken = append(broken, promotion.Broken{Rule: "policy", What: violation.String()})
	}
	return broken, nil
}

// Connections refuses functions that may open more connections than PostgreSQL allows.
// See package budget for how many each function may open.
func Connections(_ context.Context, _ string, objects []*unstructured.Unstructured) ([]promotion.Broken, error) {
	if _, err := budget.Check(objects); err != nil {
		return []promotion.Broken{{Rule: "connections", What: strings.TrimSpace(err.Error())}}, nil
	}
	return nil, nil
}
