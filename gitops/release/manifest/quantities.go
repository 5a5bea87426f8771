package manifest

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// quantities checks the requests and limits of every container. They must be in canonical
// form: the API server stores that form, and Argo CD would report a difference that no
// sync removes. A request above its limit is refused here because Knative would only
// report it when no instance starts.
func quantities(object *unstructured.Unstructured) error {
	return errors.Join(quantitiesIn(object.Object, "")...)
}

// quantitiesIn looks for resources at any depth, like Images. All that is wrong is
// reported, with its path.
func quantitiesIn(value any, path string) (errs []error) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			at := path + "." + key
			if path == "" {
				at = key
			}
			if list, ok := value[key].(map[string]any); ok && key == "resources" {
				errs = append(errs, quantityList(list["requests"], at+".requests")...)
				errs = append(errs, quantityList(list["limits"], at+".limits")...)
				errs = append(errs, requestedWithinLimits(list, at)...)
				continue
			}
			errs = append(errs, quantitiesIn(value[key], at)...)
		}
	case []any:
		for i, element := range value {
			errs = append(errs, quantitiesIn(element, fmt.Sprintf("%s[%d]", path, i))...)
		}
	}
	return errs
}

// quantityList checks a map from resource to quantity. Numbers are compared as they are
// printed: 1 and "1" are stored alike.
func quantityList(value any, path string) (errs []error) {
	list, ok := value.(map[string]any)
	if !ok {
		return nil // absent, or refused by the decoder
	}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		text := fmt.Sprint(list[name])
		quantity, err := resource.ParseQuantity(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.%s: %q is not a quantity: want one like 500m, 1 or 128Mi", path, name, text))
		} else if canonical := quantity.String(); canonical != text {
			errs = append(errs, fmt.Errorf("%s.%s: %q is stored as %q: write that, or Argo CD always reports a difference", path, name, text, canonical))
		}
	}
	return errs
}

// requestedWithinLimits compares each request with its limit; one without a limit may
// be any.
func requestedWithinLimits(resources map[string]any, path string) (errs []error) {
	requests, _ := resources["requests"].(map[string]any)
	limits, _ := resources["limits"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		// Malformed ones are reported by quantityList.
		limit, err := resource.ParseQuantity(fmt.Sprint(limits[name]))
		requested, requestErr := resource.ParseQuantity(fmt.Sprint(requests[name]))
		if err == nil && requestErr == nil && requested.Cmp(limit) > 0 {
			errs = append(errs, fmt.Errorf("%s.limits.%s: %q is less than the request, %q", path, name, limit.String(), requested.String()))
		}
	}
	return errs
}
