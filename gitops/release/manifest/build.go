// Package manifest builds and validates the kustomizations of gitops and policies, as
// Argo CD and the API server do. A change that a cluster would refuse is found in
// review. Begin with Build and Validate.
package manifest

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Build returns the objects of one kustomization, in kustomize's order. It runs
// kustomize's own code with its defaults, as Argo CD does: no plugins, no Helm, and no
// files from outside the folder.
// It reads the working tree: export a commit first to build that.
func Build(folder string) ([]*unstructured.Unstructured, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", folder, err)
	}
	var objects []*unstructured.Unstructured
	for _, resource := range resources.Resources() {
		// Through JSON, so that numbers have the types of an unstructured object.
		object := &unstructured.Unstructured{}
		data, err := resource.MarshalJSON()
		if err == nil {
			err = object.UnmarshalJSON(data)
		}
		if err != nil {
			return nil, fmt.Errorf("build %s: read %s: %w", folder, resource.CurId(), err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// Images returns the images in an object of any kind: every field image or imageName.
// The order of a map's keys is random, so sort the result before you compare or print it.
func Images(node any) (images []string) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			if image, ok := value.(string); ok && (key == "image" || key == "imageName") {
				images = append(images, image)
			}
			images = append(images, Images(value)...)
		}
	case []any:
		for _, value := range node {
			images = append(images, Images(value)...)
		}
	}
	return images
}

// ByName returns objects of one namespace by kind and name, as people call them. Where
// objects of two groups would have one name, as a Service of Knative's and one of
// Kubernetes' own, the group is part of each name.
// Of two equal names the last one counts: objects of several namespaces must not be mixed.
func ByName(objects []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	named := map[string]*unstructured.Unstructured{}
	for _, object := range objects {
		kind := object.GroupVersionKind().GroupKind()
		name := kind.Kind + " " + object.GetName()
		if slices.ContainsFunc(objects, func(other *unstructured.Unstructured) bool {
			return other.GetKind() == kind.Kind && other.GetName() == object.GetName() && other.GroupVersionKind().Group != kind.Group
		}) {
			name = kind.String() + " " + object.GetName()
		}
		named[name] = object
	}
	return named
}
