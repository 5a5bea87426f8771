package promotion

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/diff"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// digest is a pinned one.
var digest = regexp.MustCompile(`@sha256:[0-9a-f]{64}`)

// unbuilt is the digest that a new function is committed with before its first build.
var unbuilt = "@sha256:" + strings.Repeat("0", 64)

// images lists the images that change, by name, with 12 digits of each digest as docker
// shows them. That every image has a digest is the policies' rule.
func (p *Promotion) images(before, after []*unstructured.Unstructured) {
	old, now := pins(before), pins(after)
	var lines []string
	for _, name := range union(old, now) {
		if strings.HasSuffix(now[name], unbuilt) {
			p.breaks("image: %s was never built: its digest is all zeros: build and pin it with `release images`", name)
		}
		// The same digest in another registry is the same content.
		if was, is := argocd.Digest(old[name]), argocd.Digest(now[name]); was != is {
			lines = append(lines, fmt.Sprintf("%-12s %s -> %s", name, cmp.Or(was, "(none)"), cmp.Or(is, "(none)")))
		}
	}
	p.section("Images", lines)
}

// pins returns the images of all containers by their names, without registry and tag.
func pins(objects []*unstructured.Unstructured) map[string]string {
	pins := map[string]string{}
	for _, object := range objects {
		for _, image := range manifest.Images(object.Object) {
			name, _, _ := strings.Cut(image, "@")
			name, _, _ = strings.Cut(path.Base(name), ":")
			pins[name] = image
		}
	}
	return pins
}

// differences lists what differs between the objects of two builds, by kind and name, so
// that a reviewer sees what the cluster will do, and not only what a file says. Digests
// are left out: the images are listed by themselves.
func differences(before, after []*unstructured.Unstructured) (lines []string) {
	old, now := manifest.ByName(before), manifest.ByName(after)
	for _, name := range union(old, now) {
		switch {
		case old[name] == nil:
			lines = append(lines, "+ "+name)
		case now[name] == nil:
			lines = append(lines, "- "+name)
		default:
			if changed := diff.Diff(unpinned(old[name]), unpinned(now[name])); changed != "" {
				lines = append(lines, "~ "+name+"\n"+strings.TrimSpace(changed))
			}
		}
	}
	return lines
}

// unpinned is an object as JSON, whose quotes tell "1" from 1.
func unpinned(object *unstructured.Unstructured) json.RawMessage {
	text, _ := object.MarshalJSON() // it was built from JSON
	return digest.ReplaceAll(text, nil)
}

// union returns the keys of both maps in order.
func union[V any](a, b map[string]V) []string {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return slices.Sorted(maps.Keys(both))
}
