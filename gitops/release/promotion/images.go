package promotion

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// digest is the form of a pinned digest, and unset stands for an image that was never
// built, as a new function has it.
var (
	digest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	unset  = "sha256:" + strings.Repeat("0", 64)
)

// ImageChange is a changed digest. Before is empty for a new image, After for a removed
// one.
type ImageChange struct {
	Name          string
	Before, After string
}

// images compares the pins of both commits and refuses what is not a digest: a tag can
// be moved after it was reviewed.
// What is wrong with a pin is a broken rule and not an error, so that all are listed at once.
func (p *Promotion) images(ctx context.Context) error {
	before, err := p.pins(ctx, p.Seen)
	if err != nil {
		// Errors in the target's pins do not block a promotion, which replaces them.
		p.Notes = append(p.Notes, err.Error())
	}
	after, err := p.pins(ctx, p.Commit)
	if err != nil {
		p.breaks("image", err.Error(), "write it with `release images`")
		return nil
	}
	// A digest of zeros is how a new function is committed before its first build.
	for _, image := range after {
		name := shortName(image.Name)
		switch {
		case image.NewTag != "":
			p.breaks("image", fmt.Sprintf("%s has a tag, %s, instead of a digest", name, image.NewTag), "pin its digest with `release images`")
		case image.Digest == "":
			p.breaks("image", name+" has no digest", "pin it with `release images`")
		case image.Digest == unset:
			p.breaks("image", name+" was never built: its digest is all zeros", "build and pin it with `release images`")
		case !digest.MatchString(image.Digest):
			p.breaks("image", fmt.Sprintf("%s has digest %s", name, image.Digest), "pin a sha256 digest with `release images`")
		}
	}
	p.Images = changed(before, after)
	return nil
}

// pins reads the images of a commit. A commit without the file pins nothing; that is no
// error, since containers are checked by themselves (pinned).
func (p *Promotion) pins(ctx context.Context, commit string) ([]types.Image, error) {
	content, found, err := p.repository.Show(ctx, commit, imagesFile)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, nil
	}
	var component struct {
		Images []types.Image `json:"images"`
	}
	if err := yaml.Unmarshal(content, &component); err != nil {
		return nil, fmt.Errorf("%s of %s cannot be read: %w", imagesFile, commit[:8], err)
	}
	return component.Images, nil
}

// changed lists the images whose pin differs, by name.
// The same digest in another registry is no change: it is the same content.
func changed(before, after []types.Image) []ImageChange {
	old := map[string]string{}
	for _, image := range before {
		old[image.Name] = pin(image)
	}
	var changes []ImageChange
	for _, image := range after {
		if old[image.Name] != pin(image) {
			changes = append(changes, ImageChange{Name: shortName(image.Name), Before: old[image.Name], After: pin(image)})
		}
		// What is left in old afterwards was removed.
		delete(old, image.Name)
	}
	for name, was := range old {
		changes = append(changes, ImageChange{Name: shortName(name), Before: was})
	}
	slices.SortFunc(changes, func(a, b ImageChange) int { return strings.Compare(a.Name, b.Name) })
	return changes
}

// pin is what an image is compared and shown by. A tag is shown where there is one, so
// that a person sees what is refused.
func pin(image types.Image) string { return cmp.Or(image.Digest, image.NewTag, "no digest") }

// shortName is the image's name without its registry, which is the same for all of
// them.
func shortName(name string) string {
	_, last, _ := strings.Cut(name, "/")
	return cmp.Or(last, name)
}

// pinned refuses containers whose image is not pinned and not reported yet.
// Images of platform components, which their upstream's manifests pin by tag, are no part of
// an overlay and are not checked here.
func (p *Promotion) pinned(objects []*unstructured.Unstructured) {
	for _, object := range objects {
		for _, image := range slices.Sorted(slices.Values(manifest.Images(object.Object))) {
			// An overlay may set an image that gitops/images does not know.
			_, pinned, _ := strings.Cut(image, "@")
			if digest.MatchString(pinned) || p.named(image) {
				continue
			}
			p.breaks("image", fmt.Sprintf("%s %s runs %s", object.GetKind(), object.GetName(), image), "pin its digest in "+imagesFile)
		}
	}
}

// named reports that a pin of the image was refused already. One fault is reported
// once, where it can be mended.
func (p *Promotion) named(image string) bool {
	name, _, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	name, _, _ = strings.Cut(name, "@")
	return slices.ContainsFunc(p.Broken, func(b Broken) bool {
		return b.Rule == "image" && strings.HasPrefix(b.What, name+" ")
	})
}
