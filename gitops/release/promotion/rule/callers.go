package rule

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/promotion"
)

// The settings that decide who may call, as docs/configuration.md has them.
const (
	issuerSetting   = "OAUTH_ISSUER"
	resourceSetting = "OAUTH_RESOURCE"
	scopeSetting    = "OAUTH_SCOPE"
	openSetting     = "ALLOW_UNAUTHENTICATED"
)

// callers holds a function's settings for who may call it.
// An empty field is a setting that is absent.
type callers struct{ issuer, resource, scope, open string }

// Callers refuses an overlay whose functions have no setting for who may call them, have
// a placeholder, or differ from each other: the gateway forwards a caller's token, so all
// functions must accept the same tokens. Functions of the component eventing are exempt:
// only the broker calls them.
func Callers(overlay string) promotion.Rule {
	return func(_ context.Context, tree string, objects []*unstructured.Unstructured) ([]promotion.Broken, error) {
		file, right := remedy(tree, overlay)
		// Functions with the same fault are named together: it is usually one setting
		// of an overlay.
		functions := map[string][]string{} // settings or their fault, to the functions that have them
		said := map[string][]string{}
		for _, object := range objects {
			if object.GroupVersionKind() != servingv1.SchemeGroupVersion.WithKind("Service") || object.GetLabels()["app.kubernetes.io/component"] == "eventing" {
				continue
			}
			who, err := callersOf(object)
			if err != nil {
				return nil, err
			}
			if fault := who.fault(); fault != "" {
				functions[fault] = append(functions[fault], object.GetName())
			}
			said[who.String()] = append(said[who.String()], object.GetName())
		}
		var broken []promotion.Broken
		for _, fault := range slices.Sorted(maps.Keys(functions)) {
			broken = append(broken, promotion.Broken{Rule: "callers", What: fault + " (" + names(functions[fault]) + ")", Right: right})
		}
		if len(said) > 1 {
			var differ []string
			for _, who := range slices.Sorted(maps.Keys(said)) {
				differ = append(differ, who+" ("+names(said[who])+")")
			}
			broken = append(broken, promotion.Broken{
				Rule: "callers", What: "functions differ in who may call them: " + strings.Join(differ, "; "),
				Right: "set the same for all of them in " + file,
			})
		}
		return broken, nil
	}
}

// remedy returns the file that has the overlay's settings, and what to set there.
// An overlay with a file identity.yaml has its own settings; others have the owner's.
func remedy(tree, overlay string) (file, right string) {
	file = overlay + "/identity.yaml"
	if _, err := os.Stat(filepath.Join(tree, filepath.FromSlash(file))); err == nil {
		return file, fmt.Sprintf("in %s set %s to the https address of your authorization server and %s to the gateway's public URL, or %s to \"true\" if everybody may call",
			file, issuerSetting, resourceSetting, openSetting)
	}
	return owner.File, fmt.Sprintf("in %s set issuer to the https address of your authorization server and domain to the gateway's name, or choose callers/open if everybody may call", owner.File)
}

// names lists functions in an order of its own, so that a report can be compared with
// the one before.
func names(functions []string) string {
	slices.Sort(functions)
	return strings.Join(functions, ", ")
}

// fromElsewhere replaces a value that is not in git.
const fromElsewhere = "(from a Secret or ConfigMap)"

// callersOf reads the settings from the rendered Service, as Kubernetes will: patches
// of the overlay are in it.
// Settings that come as a whole ConfigMap or Secret (envFrom) are not seen.
func callersOf(object *unstructured.Unstructured) (callers, error) {
	service := &servingv1.Service{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, service); err != nil {
		return callers{}, fmt.Errorf("read Service %s: %w", object.GetName(), err)
	}
	values := map[string]string{}
	for _, container := range service.Spec.Template.Spec.Containers {
		for _, variable := range container.Env { // of equal names the last counts
			values[variable.Name] = valueOf(variable)
		}
	}
	return callers{values[issuerSetting], values[resourceSetting], values[scopeSetting], values[openSetting]}, nil
}

// valueOf is a variable's value. One that comes from a Secret is set, but cannot be
// checked here.
func valueOf(variable corev1.EnvVar) string {
	if variable.ValueFrom != nil {
		return fromElsewhere
	}
	return variable.Value
}

// String writes the settings as they are compared and shown; none of them is a secret.
func (c callers) String() string {
	var settings []string
	for _, setting := range [][2]string{{issuerSetting, c.issuer}, {resourceSetting, c.resource}, {scopeSetting, c.scope}, {openSetting, c.open}} {
		if setting[1] != "" {
			settings = append(settings, setting[0]+"="+setting[1])
		}
	}
	if len(settings) == 0 {
		return "nothing"
	}
	return strings.Join(settings, " ")
}

// fault describes what is wrong with the settings; empty if nothing is.
// The scope may be absent: then any token of the issuer for this resource will do.
func (c callers) fault() string {
	open, err := strconv.ParseBool(c.open)
	switch {
	case c.open != "" && err != nil:
		return fmt.Sprintf("%s is %q, neither true nor false", openSetting, c.open)
	case c.issuer == "" && !open:
		return fmt.Sprintf("no setting for who may call: neither %s nor %s=true is set", issuerSetting, openSetting)
	// Everybody may call, in so many words.
	case c.issuer == "":
		return ""
	// Which of the two holds should not have to be looked up.
	case open:
		return fmt.Sprintf("%s and %s=true contradict each other", issuerSetting, openSetting)
	}
	if wrong := address(issuerSetting, c.issuer); wrong != "" {
		return wrong
	}
	return address(resourceSetting, c.resource)
}

// address describes what is wrong with an address that token verification relies on;
// empty if nothing is. Keys fetched without TLS prove nothing.
func address(setting, value string) string {
	parsed, err := url.Parse(value)
	switch {
	case value == fromElsewhere:
		return setting + " is not in git and cannot be checked"
	case err != nil || parsed.Scheme != "https" || parsed.Hostname() == "":
		return fmt.Sprintf("%s is %q, not an https address", setting, value)
	case owner.Placeholder(parsed.Hostname()):
		return fmt.Sprintf("%s is %q, a placeholder", setting, value)
	}
	return ""
}
