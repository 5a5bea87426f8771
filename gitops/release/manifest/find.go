package manifest

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Images returns the images of all containers in an object of any kind. It looks for
// lists of containers at any depth, so that it finds those of custom resources, whose
// place it does not know. Order and repetitions are those of the object.
// The order of a map's keys is random, so sort the result before you compare or print it.
func Images(node any) (images []string) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			if key == "containers" || key == "initContainers" || key == "ephemeralContainers" {
				list, _ := value.([]any)
				for _, container := range list {
					fields, _ := container.(map[string]any)
					if image, ok := fields["image"].(string); ok {
						images = append(images, image)
					}
				}
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

// Contains reports whether a string or key in an object contains the text. It does not
// look into values that are encoded, such as a Secret's data.
func Contains(node any, text string) bool {
	switch node := node.(type) {
	case string:
		return strings.Contains(node, text)
	case map[string]any:
		for key, value := range node {
			if strings.Contains(key, text) || Contains(value, text) {
				return true
			}
		}
	case []any:
		for _, value := range node {
			if Contains(value, text) {
				return true
			}
		}
	}
	return false
}

// ByName returns objects of one namespace by kind and name, as people call them. Where
// objects of two groups would have one name, as a Service of Knative's and one of
// Kubernetes' own, the group is part of each name.
// Of two equal names the last one counts: objects of several namespaces must not be mixed.
func ByName(objects []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	named, groups := map[string]*unstructured.Unstructured{}, map[string]string{}
	ambiguous := map[string]bool{}
	for _, object := range objects {
		name, group := object.GetKind()+" "+object.GetName(), object.GroupVersionKind().Group
		if other, found := groups[name]; found && other != group {
			ambiguous[name] = true
		}
		groups[name] = group
	}
	for _, object := range objects {
		name := object.GetKind() + " " + object.GetName()
		if ambiguous[name] {
			name = object.GroupVersionKind().GroupKind().String() + " " + object.GetName()
		}
		named[name] = object
	}
	return named
}
