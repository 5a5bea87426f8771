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

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// lookup provides the namespaces and parameters that policies read. It stands in for
// the informers of an API server. Nothing is watched: a check is of one moment.
type lookup struct {
	matcher    generic.PolicyMatcher
	namespaces corelisters.NamespaceLister
	parameters parameters
}

// look collects namespaces and parameters among objects; of equal names the last counts.
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
			return nil, fmt.Errorf("index %s: %w", manifest.Title(object), err)
		}
	}
	lister := corelisters.NewNamespaceLister(namespaces)
	return &lookup{
		// The client is only asked for namespaces that the lister lacks.
		matcher:    generic.NewPolicyMatcher(matching.NewMatcher(lister, nil)),
		namespaces: lister,
		parameters: parameters{lister: cache.NewGenericLister(configMaps, schema.GroupResource{Resource: "configmaps"})},
	}, nil
}

// parameters replaces the API server's informer and is always synced. Its embedded
// interface is nil: a method that the plugin begins to use in a later version panics in
// the tests, and does not go wrong unseen.
type parameters struct {
	cache.SharedIndexInformer
	lister cache.GenericLister
}

// Informer, HasSynced and Lister are what the plugin calls; all answers are there from the
// start.
func (p parameters) Informer() cache.SharedIndexInformer { return p }
func (p parameters) HasSynced() bool                     { return true }
func (p parameters) Lister() cache.GenericLister         { return p.lister }

// parameterScope says that parameters are in a namespace; Load refuses any but
// ConfigMaps.
var parameterScope = meta.RESTScopeNamespace
