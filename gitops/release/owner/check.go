package owner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// Problem says what is wrong with a value or choice, and what to do.
type Problem struct{ What, Remedy string }

// String is one line for a person.
func (p Problem) String() string { return p.What + ": " + p.Remedy }

// Root is what an administrator applies to an empty cluster.
const Root = "gitops/platform"

// Objects builds what Argo CD deploys from the repository at root: the objects that an
// administrator applies, and of each Application that deploys from the repository its own,
// by the folder that they are built from.
// Folders that two Applications share are built once.
func Objects(root string) (map[string][]*unstructured.Unstructured, error) {
	built := map[string][]*unstructured.Unstructured{}
	for folders := []string{Root}; len(folders) > 0; folders = folders[1:] {
		folder := folders[0]
		if _, ok := built[folder]; ok {
			continue
		}
		objects, err := manifest.Build(filepath.Join(root, filepath.FromSlash(folder)))
		if err != nil {
			return nil, err
		}
		built[folder] = objects
		for _, object := range objects {
			if object.GetKind() != "Application" || object.GetLabels()[sourceLabel] != "owner" {
				continue
			}
			path, _, err := unstructured.NestedString(object.Object, "spec", "source", "path")
			if err != nil {
				return nil, fmt.Errorf("read Application %s: %w", object.GetName(), err)
			}
			folders = append(folders, path)
		}
	}
	return built, nil
}

// sourceLabel marks Applications that deploy from the owner's repository.
const sourceLabel = "sequential-questioning/source"

// Check returns what must change before the first sync. The origin is the URL of the
// repository that is pushed to, or empty if there is none. It builds all that would be
// deployed, so it also fails on a choice that does not build. A placeholder that
// nothing uses is no problem.
// Problems are in no order of weight: all must be solved.
func Check(root, origin string) ([]Problem, error) {
	mine, err := Read(root)
	if err != nil {
		return nil, err
	}
	built, err := Objects(root)
	if err != nil {
		return nil, err
	}
	var problems []Problem
	for _, name := range slices.Sorted(maps.Keys(mine.Values)) {
		value := mine.Values[name]
		if reserved.MatchString(value) && Used(value, built) {
			problems = append(problems, Problem{fmt.Sprintf("%s is %s, a placeholder", name, value), "set it in " + File})
		}
	}
	if origin != "" && location(origin) != location(mine.Repository()) {
		problems = append(problems, Problem{
			fmt.Sprintf("Argo CD would deploy from %s, and origin is %s", mine.Repository(), origin), "set repository in " + File,
		})
	}
	// The platform's images come from their projects; those of the overlays are built
	// here.
	var elsewhere []string
	for folder, objects := range built {
		for _, object := range objects {
			if strings.HasPrefix(folder, "gitops/overlays/") {
				elsewhere = append(elsewhere, manifest.Images(object.Object)...)
			}
		}
	}
	for _, registry := range strings.Fields(mine.Values["registry"]) {
		elsewhere = slices.DeleteFunc(elsewhere, func(image string) bool { return strings.HasPrefix(image, registry+"/") })
	}
	if slices.Sort(elsewhere); len(elsewhere) > 0 {
		problems = append(problems, Problem{
			fmt.Sprintf("%d images are not from %s, such as %s", len(slices.Compact(elsewhere)), mine.Registry(), elsewhere[0]),
			fmt.Sprintf("make images ARGS=\"--repository %s\", and commit gitops/images", mine.Registry()),
		})
	}
	return problems, nil
}

// reserved finds hosts that RFC 2606 reserves for examples.
var reserved = regexp.MustCompile(`(?i)(^|[/@.])example(\.(com|net|org))?\.?([:/]|$)|\.(test|invalid|localhost)\.?([:/]|$)`)

// Placeholder reports whether RFC 2606 reserves the host for examples. Nobody can own
// such a host, so a value with one was never set.
func Placeholder(host string) bool { return reserved.MatchString(host) }

// Used reports whether a value is in one of the objects, wherever in it, but not whether
// it is in encoded data such as a Secret's.
func Used(value string, built map[string][]*unstructured.Unstructured) bool {
	quoted, _ := json.Marshal(value) // a string always has an encoding
	for _, objects := range built {
		for _, object := range objects {
			if data, err := object.MarshalJSON(); err == nil && bytes.Contains(data, bytes.Trim(quoted, `"`)) {
				return true
			}
		}
	}
	return false
}

// location returns host and path of a repository's URL, for any protocol.
// The user, the port and the suffix .git do not count, since a person and Argo CD may use
// different protocols.
func location(address string) string {
	host, path := "", address
	if parsed, err := url.Parse(address); err == nil && parsed.Host != "" {
		host, path = parsed.Hostname(), parsed.Path
	} else if before, after, found := strings.Cut(address, ":"); found { // user@host:path
		host, path = before[strings.LastIndex(before, "@")+1:], after
	}
	return strings.ToLower(host + "/" + strings.TrimSuffix(strings.Trim(path, "/"), ".git"))
}
