package manifest

import (
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/runtime"
)

var (
	argoKinds = func() *runtime.Scheme {
		scheme := runtime.NewScheme()
		if err := v1alpha1.AddToScheme(scheme); err != nil {
			panic(err)
		}
		return scheme
	}()
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
