package manifest

import (
	"cmp"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/json"
)

// Validate checks each object as the API server would, without a server: kinds of
// Kubernetes and Knative with their own code, other kinds with the given schemas. An
// unknown kind is an error. The error joins those of all invalid objects.
// Objects are not compared with each other: a reference to a missing object is no error here.
func Validate(objects []*unstructured.Unstructured, schemas ...Schemas) error {
	var errs []error
	for _, object := range objects {
		if err := validate(object, schemas); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", Title(object), err))
		}
	}
	return errors.Join(errs...)
}

// Title returns an object's name for messages: kind namespace/name. The API version is
// left out, as people name objects without it.
func Title(object *unstructured.Unstructured) string {
	name := cmp.Or(object.GetName(), object.GetGenerateName())
	if namespace := object.GetNamespace(); namespace != "" {
		name = namespace + "/" + name
	}
	return object.GetKind() + " " + name
}

// validate reports what it finds first of quantities, fields and schema. A kind that is
// known in Go can have a schema as well; both then count.
// Callers add the object's title to the error.
func validate(object *unstructured.Unstructured, schemas []Schemas) error {
	kind := object.GroupVersionKind()
	if kind.Kind == "" || kind.Version == "" || object.GetName() == "" {
		return errors.New("apiVersion, kind and metadata.name must be set")
	}
	// The decoders do not report where a quantity is malformed.
	if err := quantities(object); err != nil {
		return err
	}
	data, err := object.MarshalJSON()
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	// The order is that of who knows most about a kind.
	known := true
	switch {
	case knativeKinds.Recognizes(kind):
		err = validateKnative(data)
	case kubernetesKinds.Recognizes(kind):
		err = validateKubernetes(data)
	case argoKinds.Recognizes(kind):
		err = validateArgo(data)
	default:
		known = false
	}
	if err != nil {
		return plain(err)
	}
	for _, each := range schemas {
		if schema, ok := each[kind]; ok {
			var fields map[string]any
			if err := json.Unmarshal(data, &fields); err != nil {
				return fmt.Errorf("decode: %w", err)
			}
			return schema.validate(fields)
		}
	}
	if !known {
		return fmt.Errorf("no schema for %s of %s: check the apiVersion", kind.Kind, kind.GroupVersion())
	}
	return nil
}

// plain removes the decoder's preamble, which repeats the whole object. What is left is
// one line for each fault.
func plain(err error) error {
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		return errors.Join(strict.Errors()...)
	}
	var several utilerrors.Aggregate
	if errors.As(err, &several) {
		return errors.Join(several.Errors()...)
	}
	return err
}
