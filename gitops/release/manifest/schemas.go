package manifest

import (
	"context"
	"errors"
	"fmt"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/cel"
)

// Schemas maps kinds of custom resources to their schemas. They are the
// CustomResourceDefinitions that the platform installs, at the version that it pins.
// Compiling them takes long and using them does not, so read them once.
type Schemas map[runtimeschema.GroupVersionKind]schema

// schema is one version of a kind, as the API server keeps it: for defaults and unknown
// fields, for types and bounds, and for rules in CEL.
type schema struct {
	structural *structural.Structural
	openapi    validation.SchemaValidator
	rules      *schemacel.Validator
}

// Read adds all versions of the CustomResourceDefinitions in the files, one per file.
func (s Schemas) Read(files ...string) error {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	decoder := serializer.NewCodecFactory(scheme).UniversalDecoder()
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read schemas: %w", err)
		}
		definition := &apiextensions.CustomResourceDefinition{}
		if err := runtime.DecodeInto(decoder, data, definition); err != nil {
			return fmt.Errorf("read schemas: %s: %w", file, err)
		}
		for _, version := range definition.Spec.Versions {
			if err := s.add(definition, version.Name); err != nil {
				return fmt.Errorf("read schemas: %s: version %s: %w", file, version.Name, err)
			}
		}
	}
	return nil
}

func (s Schemas) add(definition *apiextensions.CustomResourceDefinition, version string) error {
	// Old definitions have one schema for all versions, new ones one for each.
	written, err := apiextensions.GetSchemaForVersion(definition, version)
	if err != nil {
		return err
	}
	shape, err := structural.NewStructural(written.OpenAPIV3Schema)
	if err != nil {
		return err
	}
	openapi, _, err := validation.NewSchemaValidator(written.OpenAPIV3Schema)
	if err != nil {
		return err
	}
	kind := runtimeschema.GroupVersionKind{Group: definition.Spec.Group, Version: version, Kind: definition.Spec.Names.Kind}
	s[kind] = schema{shape, openapi, schemacel.NewValidator(shape, true, cel.PerCallLimit)}
	return nil
}

// Default fills in an object what the API server would, and reports whether the
// object's kind has a schema. Defaults matter to whoever compares an object with the
// one in a cluster.
func (s Schemas) Default(object *unstructured.Unstructured) bool {
	schema, ok := s[object.GroupVersionKind()]
	if ok {
		defaulting.Default(object.Object, schema.structural)
	}
	return ok
}

// validate refuses unknown fields as well, which the API server would drop. Rules run
// only on an object that is otherwise right, within the API server's own cost budget.
func (s schema) validate(object map[string]any) error {
	var errs []error
	unknown := pruning.PruneWithOptions(runtime.DeepCopyJSON(object), s.structural, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range unknown {
		errs = append(errs, fmt.Errorf("unknown field %q", path))
	}
	faults := validation.ValidateCustomResource(nil, object, s.openapi)
	if s.rules != nil && len(errs)+len(faults) == 0 {
		faults, _ = s.rules.Validate(context.Background(), nil, s.structural, object, nil, cel.RuntimeCELCostBudget)
	}
	return errors.Join(append(errs, faults.ToAggregate())...)
}
