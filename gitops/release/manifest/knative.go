package manifest

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"knative.dev/eventing/pkg/apis/config"
	"knative.dev/eventing/pkg/apis/eventing"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	"knative.dev/eventing/pkg/apis/feature"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	servingv1beta1 "knative.dev/serving/pkg/apis/serving/v1beta1"
)

// Knative Serving and Eventing as one scheme, with the features that are on by default.
var (
	knative = runtime.NewSchemeBuilder(
		servingv1.AddToScheme,
		servingv1beta1.AddToScheme,
		eventingv1.AddToScheme,
		sourcesv1.AddToScheme,
	)
	knativeKinds   = kinds(knative.AddToScheme)
	knativeDecoder = strictDecoder(knative.AddToScheme)
	// Eventing's shipped default for brokers without a class.
	brokerDefaults = &config.Config{Defaults: &config.Defaults{
		ClusterDefaultConfig: &config.DefaultConfig{DefaultBrokerClass: eventing.MTChannelBrokerClassValue},
	}}
	eventingFeatures = func() feature.Flags {
		defaults, err := feature.NewFlagsConfigFromMap(nil)
		if err != nil {
			panic(err) // Eventing's own defaults
		}
		return defaults
	}()
)

// validateKnative sets Knative's defaults and validates as its webhook does in a default
// installation: it refuses what needs a feature flag.
// Warnings, such as those about deprecated fields, are no errors.
func validateKnative(data []byte) error {
	object, err := runtime.Decode(knativeDecoder, data)
	if err != nil {
		return err
	}
	// Every kind of Knative has both; another one would be a new dependency.
	resource, ok := object.(interface {
		metav1.Object
		apis.Defaultable
		apis.Validatable
	})
	if !ok {
		return fmt.Errorf("%T cannot be validated", object)
	}
	if resource.GetNamespace() == "" {
		resource.SetNamespace(metav1.NamespaceDefault) // overlays set the real one
	}
	ctx := feature.ToContext(config.ToContext(context.Background(), brokerDefaults), eventingFeatures)
	ctx = apis.WithinCreate(ctx)
	resource.SetDefaults(ctx)
	if errs := resource.Validate(ctx).Filter(apis.ErrorLevel); errs != nil {
		return errs
	}
	return nil
}

// kinds is a scheme with the types of a package.
// It recognizes exactly the group's registered versions.
func kinds(add func(*runtime.Scheme) error) *runtime.Scheme {
	scheme := runtime.NewScheme()
	if err := add(scheme); err != nil {
		panic(err) // two types of one kind: a programming error
	}
	return scheme
}

// strictDecoder refuses unknown and duplicate fields. The API server would only warn of
// an unknown field, and drop it.
func strictDecoder(add func(*runtime.Scheme) error) runtime.Decoder {
	return serializer.NewCodecFactory(kinds(add), serializer.EnableStrict).UniversalDeserializer()
}
