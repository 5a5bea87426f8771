package manifest

import (
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/runtime"
)

var (
	argoKinds   = kinds(v1alpha1.AddToScheme)
	argoDecoder = strictDecoder(v1alpha1.AddToScheme)
)

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
