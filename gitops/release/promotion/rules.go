package promotion

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/budget"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/policy"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/render"
)

// Rule checks the exported tree of the promoted commit and the objects that its overlay
// builds. It returns what is broken, each with a remedy. A rule that cannot be checked
// is broken.
type Rule func(ctx context.Context, tree string, objects []*unstructured.Unstructured) []string

// Rules are those of a release.
var Rules = []Rule{Drift, Policies, Connections, Callers}

// Drift refuses manifests that differ from func.yaml.
func Drift(ctx context.Context, tree string, _ []*unstructured.Unstructured) []string {
	return broken("drift", render.Check(ctx, tree))
}

// Policies refuses objects that violate the tree's policies. They are those of the
// promoted commit, as a cluster will have them after it: a change of a policy and of
// what it restricts go together.
func Policies(ctx context.Context, tree string, objects []*unstructured.Unstructured) (found []string) {
	loaded, err := policy.Load(filepath.Join(tree, "policies"))
	if err != nil {
		return broken("policy", err)
	}
	violations, err := loaded.Check(ctx, objects)
	for _, violation := range violations {
		found = append(found, "policy: "+violation.String())
	}
	return append(found, broken("policy", err)...)
}

// Connections refuses functions that may open more connections than PostgreSQL allows.
func Connections(_ context.Context, _ string, objects []*unstructured.Unstructured) []string {
	_, err := budget.Check(objects)
	return broken("connections", err)
}

func broken(rule string, err error) []string {
	if err == nil {
		return nil
	}
	return []string{rule + ": " + err.Error()}
}

// Callers refuses an overlay whose functions do not say who may call them, say it with a
// placeholder, or differ from each other: the gateway forwards a caller's token, so all
// functions must accept the same tokens. Functions of the component eventing are exempt:
// only the broker calls them.
func Callers(_ context.Context, _ string, objects []*unstructured.Unstructured) (found []string) {
	said, faults := map[string][]string{}, map[string]string{} // by the settings
	for _, object := range objects {
		if object.GroupVersionKind() != servingv1.SchemeGroupVersion.WithKind("Service") || object.GetLabels()["app.kubernetes.io/component"] == "eventing" {
			continue
		}
		var service servingv1.Service
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &service); err != nil {
			return broken("callers", fmt.Errorf("read Service %s: %w", object.GetName(), err))
		}
		values := map[string]string{}
		for _, container := range service.Spec.Template.Spec.Containers {
			for _, variable := range container.Env { // of equal names the last counts
				if slices.Contains([]string{"OAUTH_ISSUER", "OAUTH_RESOURCE", "OAUTH_SCOPE", "ALLOW_UNAUTHENTICATED"}, variable.Name) {
					values[variable.Name] = variable.Value
				}
			}
		}
		settings := strings.TrimPrefix(fmt.Sprint(values), "map")
		said[settings] = append(said[settings], object.GetName())
		faults[settings] = fault(values)
	}
	var differ []string
	for settings, functions := range said {
		names := strings.Join(functions, ", ")
		differ = append(differ, fmt.Sprintf("%s (%s)", settings, names))
		if fault := faults[settings]; fault != "" {
			found = append(found, fmt.Sprintf("callers: %s (%s): in %s set issuer to the https address of your authorization server and domain to the gateway's name, or choose callers/open if everybody may call; an overlay of your own has them in identity.yaml", fault, names, owner.File))
		}
	}
	if len(said) > 1 {
		slices.Sort(differ)
		found = append(found, "callers: functions differ in who may call them: "+strings.Join(differ, "; ")+": set the same for all of them")
	}
	slices.Sort(found)
	return found
}

// fault says what is wrong with the settings (docs/configuration.md); it is empty if
// nothing is. One that comes from a Secret or ConfigMap is not seen. Without a scope any
// token of the issuer for this resource will do.
func fault(values map[string]string) string {
	issuer, allow := values["OAUTH_ISSUER"], values["ALLOW_UNAUTHENTICATED"]
	open, err := strconv.ParseBool(allow)
	switch {
	case allow != "" && err != nil:
		return fmt.Sprintf("ALLOW_UNAUTHENTICATED is %q, neither true nor false", allow)
	case issuer == "" && !open:
		return "no setting for who may call: neither OAUTH_ISSUER nor ALLOW_UNAUTHENTICATED=true is set"
	case issuer == "": // everybody may call, in so many words
		return ""
	// Which of the two holds should not have to be looked up.
	case open:
		return "OAUTH_ISSUER and ALLOW_UNAUTHENTICATED=true contradict each other"
	}
	return cmp.Or(address("OAUTH_ISSUER", issuer), address("OAUTH_RESOURCE", values["OAUTH_RESOURCE"]))
}

// address says what is wrong with an address that the check of tokens relies on. Keys
// fetched without TLS prove nothing.
func address(setting, value string) string {
	parsed, err := url.Parse(value)
	switch {
	case err != nil || parsed.Scheme != "https" || parsed.Hostname() == "":
		return fmt.Sprintf("%s is %q, not an https address", setting, value)
	case owner.Placeholder(parsed.Hostname()):
		return fmt.Sprintf("%s is %q, a placeholder", setting, value)
	}
	return ""
}
