package manifest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// Schemas maps kinds of custom resources to their schemas. They are the
// CustomResourceDefinitions that the platform installs, at the version that it pins. A
// kind that is not among them, and that no Go type describes, cannot be checked.
type Schemas map[runtimeschema.GroupVersionKind]*schema

// schema is one version of a kind, as the API server keeps it: for defaults and unknown
// fields, for types and bounds, and for rules in CEL.
// Compiling one takes long and using one does not, so read them once.
type schema struct {
	structural *structural.Structural
	openapi    validation.SchemaValidator
	rules      *schemacel.Validator
}

// ReadSchemas reads the CustomResourceDefinitions of a folder, one per file. Other
// objects of the folder are passed over; a folder without any definition is an error,
// because it would check nothing.
// A definition that cannot be compiled is an error that names its file.
func ReadSchemas(folder string) (Schemas, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read schemas: %w", err)
	}
	schemas := Schemas{}
	for _, file := range files {
		if err := schemas.read(file); err != nil {
			return nil, fmt.Errorf("read schemas: %s: %w", file, err)
		}
	}
	if len(schemas) == 0 {
		return nil, fmt.Errorf("read schemas: no CustomResourceDefinition in %s", folder)
	}
	return schemas, nil
}

// read adds the versions that a definition has, also those that are no longer stored.
func (s Schemas) read(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var external apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(data, &external); err != nil {
		return err
	}
	if external.Kind != "CustomResourceDefinition" {
		return nil
	}
	var definition apiextensions.CustomResourceDefinition
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&external, &definition, nil); err != nil {
		return err
	}
	for _, version := range definition.Spec.Versions {
		// Old definitions have one schema for all versions, new ones one for each.
		crd, err := apiextensions.GetSchemaForVersion(&definition, version.Name)
		if err != nil {
			return err
		}
		if crd == nil || crd.OpenAPIV3Schema == nil {
			return fmt.Errorf("version %s has no schema", version.Name)
		}
		shape, err := structural.NewStructural(crd.OpenAPIV3Schema)
		if err != nil {
			return err
		}
		openapi, _, err := validation.NewSchemaValidator(crd.OpenAPIV3Schema)
		if err != nil {
			return err
		}
		kind := runtimeschema.GroupVersionKind{Group: definition.Spec.Group, Version: version.Name, Kind: definition.Spec.Names.Kind}
		s[kind] = &schema{
			structural: shape,
			openapi:    openapi,
			rules:      schemacel.NewValidator(shape, true, cel.PerCallLimit),
		}
	}
	return nil
}

// Default fills in an object what the API server would, and reports whether the
// object's kind has a schema. Defaults matter to whoever compares an object with the
// one in a cluster.
// The object is changed in place. Without a schema it stays as it is.
func (s Schemas) Default(object *unstructured.Unstructured) bool {
	schema, ok := s[object.GroupVersionKind()]
	if ok {
		defaulting.Default(object.Object, schema.structural)
	}
	return ok
}

// validate expects an object unmarshalled from JSON, whose numbers are int64 or
// float64. Rules run only on an object that is otherwise right, within the API server's
// own cost budget.
func (s *schema) validate(object map[string]any) error {
	var errs []error
	// A copy is pruned: the object itself stays as it is written.
	unknown := pruning.PruneWithOptions(runtime.DeepCopyJSON(object), s.structural, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range unknown {
		errs = append(errs, fmt.Errorf("unknown field %q", path))
	}
	for _, err := range validation.ValidateCustomResource(nil, object, s.openapi) {
		errs = append(errs, err)
	}
	if s.rules != nil && len(errs) == 0 {
		found, _ := s.rules.Validate(context.Background(), nil, s.structural, object, nil, cel.RuntimeCELCostBudget)
		for _, err := range found {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
