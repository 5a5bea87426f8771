package manifest

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

var knativeDecoder = strictDecoder(servingv1.AddToScheme)

// validateKnative sets Knative's defaults and validates as its webhook does in an
// installation that changes no default: what needs a feature flag is refused.
func validateKnative(data []byte) error {
	object, err := runtime.Decode(knativeDecoder, data)
	if err != nil {
		return err
	}
	resource, ok := object.(interface {
		apis.Defaultable
		apis.Validatable
	})
	if !ok {
		return fmt.Errorf("%T cannot be validated", object)
	}
	ctx := apis.WithinCreate(context.Background())
	resource.SetDefaults(ctx)
	if errs := resource.Validate(ctx).Filter(apis.ErrorLevel); errs != nil {
		return errs
	}
	return nil
}

// strictDecoder refuses fields that are unknown or given twice.
func strictDecoder(add func(*runtime.Scheme) error) runtime.Decoder {
	scheme := runtime.NewScheme()
	if err := add(scheme); err != nil {
		panic(err) // two types of one kind: a programming error
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
}
