package policy

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/apiserver/pkg/admission/plugin/policy/matching"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// lookup is what policies are told besides the request.
type lookup struct {
	matcher    generic.PolicyMatcher
	namespaces corelisters.NamespaceLister
	parameters parameters
}

// look finds namespaces and parameters among objects; the last of a name counts.
func look(objects ...[]*unstructured.Unstructured) (*lookup, error) {
	byNamespace := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
	namespaces := cache.NewIndexer(cache.MetaNamespaceKeyFunc, byNamespace)
	configMaps := cache.NewIndexer(cache.MetaNamespaceKeyFunc, byNamespace)
	for _, object := range slices.Concat(objects...) {
		var err error
		switch object.GroupVersionKind() {
		case corev1.SchemeGroupVersion.WithKind("Namespace"):
			err = namespaces.Add(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: object.GetName(), Labels: object.GetLabels()}})
		case corev1.SchemeGroupVersion.WithKind("ConfigMap"):
			err = configMaps.Add(object)
		}
		if err != nil {
			return nil, fmt.Errorf("keep %s: %w", describe(object), err)
		}
	}
	lister := corelisters.NewNamespaceLister(namespaces)
	return &lookup{
		// The client would only be asked for a namespace that the lister lacks.
		matcher:    generic.NewPolicyMatcher(matching.NewMatcher(lister, nil)),
		namespaces: lister,
		parameters: parameters{lister: cache.NewGenericLister(configMaps, schema.GroupResource{Resource: "configmaps"})},
	}, nil
}

// parameters stand in for the informer of the API server: there is nothing to wait for.
type parameters struct {
	cache.SharedIndexInformer
	lister cache.GenericLister
}

func (p parameters) Informer() cache.SharedIndexInformer { return p }
func (p parameters) HasSynced() bool                     { return true }
func (p parameters) Lister() cache.GenericLister         { return p.lister }

var parameterScope = meta.RESTScopeNamespace
