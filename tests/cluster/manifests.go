package cluster

import (
	"embed"
	"fmt"
	"os"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed manifests
var ownManifests embed.FS

var (
	separator      = regexp.MustCompile(`(?m)^---.*$`)
	imageReference = regexp.MustCompile(`ko://[A-Za-z0-9._/-]+`)
)

// ownManifest reads one of this package's manifests.
func ownManifest(name string) (string, error) {
	content, err := ownManifests.ReadFile("manifests/" + name)
	return string(content), err
}

// builtManifest reads a manifest gathered from a module, inserts the images' names and
// edits every object. If edit returns false, the object is left out.
// The images are those pushed so far: call it after push.
func (c *cluster) builtManifest(name string, edit func(object) bool) (string, error) {
	content, err := os.ReadFile(c.binary("manifests", name))
	if err != nil {
		return "", err
	}
	return editManifests(replaceImages(string(content), c.saved.Images), edit)
}

// replaceImages replaces packages by the images built from them. Packages without an image
// get a name that cannot be pulled.
// Such packages are optional parts; a pod that needs one fails visibly instead of pulling
// something else.
func replaceImages(manifests string, images map[string]string) string {
	return imageReference.ReplaceAllStringFunc(manifests, func(reference string) string {
		name := strings.TrimPrefix(reference, "ko://")
		if image := images[name]; image != "" {
			return image
		}
		return "not-built.invalid/" + name
	})
}

// editManifests rewrites each document of a stream.
// Comments and the order of fields are lost. Empty documents are dropped.
func editManifests(manifests string, edit func(object) bool) (string, error) {
	var edited strings.Builder
	for _, document := range separator.Split(manifests, -1) {
		var parsed object
		if err := yaml.Unmarshal([]byte(document), &parsed); err != nil {
			return "", fmt.Errorf("reading a manifest: %w\n%s", err, document)
		}
		if len(parsed) == 0 || !edit(parsed) {
			continue
		}
		encoded, err := yaml.Marshal(parsed)
		if err != nil {
			return "", err
		}
		edited.WriteString("---\n" + string(encoded))
	}
	return edited.String(), nil
}

// nameOf is an object's metadata.name.
func nameOf(manifest object) string {
	metadata, _ := manifest["metadata"].(object)
	name, _ := metadata["name"].(string)
	return name
}

func unedited(object) bool { return true }
