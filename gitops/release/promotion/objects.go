package promotion

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// ObjectChange is an object that is added, removed or changed. A reviewer sees by it
// what the cluster will do, and not only what a file says.
type ObjectChange struct {
	Sign   string // +, - or ~
	Object string // kind and name
	Fields []FieldChange
	// Image means that container images changed too; their digests are listed with the
	// images.
	Image bool
}

// FieldChange is a changed field. Before is empty for a new field, After for a removed
// one. Both are texts as JSON writes them, without the quotes.
type FieldChange struct {
	Path          string
	Before, After string
}

// compare lists what differs between the objects of two builds, by kind and name.
// Objects that moved within a file have not changed.
// Both builds are for one namespace, so kind and name identify an object.
func compare(before, after []*unstructured.Unstructured) []ObjectChange {
	old, now := manifest.ByName(before), manifest.ByName(after)
	names := maps.Clone(old)
	maps.Copy(names, now)
	var changes []ObjectChange
	for _, name := range slices.Sorted(maps.Keys(names)) {
		switch {
		case old[name] == nil:
			changes = append(changes, ObjectChange{Sign: "+", Object: name})
		case now[name] == nil:
			changes = append(changes, ObjectChange{Sign: "-", Object: name})
		default:
			if change := difference(old[name], now[name]); change.Image || len(change.Fields) > 0 {
				change.Sign, change.Object = "~", name
				changes = append(changes, change)
			}
		}
	}
	return changes
}

// difference compares leaves. The value of an image is left out, because its digest is
// shown with the images.
func difference(before, after *unstructured.Unstructured) ObjectChange {
	old, now := map[string]string{}, map[string]string{}
	flatten("", before.Object, old)
	flatten("", after.Object, now)
	paths := maps.Clone(old)
	maps.Copy(paths, now)
	var change ObjectChange
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		switch {
		case old[path] == now[path]:
		case strings.HasSuffix(path, ".image"):
			change.Image = true
		default:
			change.Fields = append(change.Fields, FieldChange{Path: path, Before: old[path], After: now[path]})
		}
	}
	return change
}

// flatten writes every leaf under its path. List items with names are keyed by name, so
// that an inserted item does not change the paths of all others.
// Without the quotes a string "1" and the number 1 look alike; such a change does not show.
func flatten(path string, node any, into map[string]string) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			// Keys of labels and ConfigMaps have dots; brackets keep the path readable.
			if strings.Contains(key, ".") {
				key = "[" + key + "]"
			}
			flatten(strings.TrimPrefix(path+"."+key, "."), value, into)
		}
		if len(node) == 0 {
			into[path] = "{}"
		}
	case []any:
		for i, value := range node {
			index := fmt.Sprint(i)
			if fields, ok := value.(map[string]any); ok {
				if name, ok := fields["name"].(string); ok {
					index = name
				}
			}
			flatten(path+"["+index+"]", value, into)
		}
		if len(node) == 0 {
			into[path] = "[]"
		}
	default:
		text, err := json.Marshal(node)
		if err != nil {
			text = fmt.Append(nil, node)
		}
		// Quotes of strings are left out; an empty string shows as a pair of them.
		into[path] = strings.Trim(string(text), `"`)
		if into[path] == "" {
			into[path] = `""`
		}
	}
}
