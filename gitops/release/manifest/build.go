// Package manifest builds and validates the kustomizations of gitops and policies, as
// Argo CD and the API server do. A change that a cluster would refuse is found in
// review. Begin with Build and Validate.
package manifest

import (
	"fmt"

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
		data, err := resource.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("build %s: encode %s: %w", folder, resource.CurId(), err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(data); err != nil {
			return nil, fmt.Errorf("build %s: read %s: %w", folder, resource.CurId(), err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}
