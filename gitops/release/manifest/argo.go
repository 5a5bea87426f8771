package manifest

import (
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Argo CD's own types, so that a misspelled field of an Application is found here and
// not by a sync that does nothing.
var (
	argoKinds   = kinds(v1alpha1.AddToScheme)
	argoDecoder = strictDecoder(v1alpha1.AddToScheme)
)

// validateArgo decodes strictly. Of the kinds, only projects have checks of their own
// that need no cluster.
func validateArgo(data []byte) error {
	object, err := runtime.Decode(argoDecoder, data)
	if err != nil {
		return err
	}
	if project, ok := object.(*v1alpha1.AppProject); ok {
		return project.ValidateProject()
	}
	return nil
}
