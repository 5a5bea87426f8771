package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/crdserverscheme"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/resolver"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicy"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicybinding"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrole"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrolebinding"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// strategies are the API server's own checks for creation, by kind. The version of
// Kubernetes is that of go.mod, which need not be the cluster's.
var strategies = map[string]rest.RESTCreateStrategy{
	"ConfigMap":                             configmap.Strategy,
	"Namespace":                             namespace.Strategy,
	"Secret":                                secret.Strategy,
	"Service":                               service.Strategy,
	"ServiceAccount":                        serviceaccount.Strategy,
	"CronJob.batch":                         cronjob.Strategy,
	"DaemonSet.apps":                        daemonset.Strategy,
	"Deployment.apps":                       deployment.Strategy,
	"Job.batch":                             job.Strategy,
	"StatefulSet.apps":                      statefulset.Strategy,
	"NetworkPolicy.networking.k8s.io":       networkpolicy.Strategy,
	"PodDisruptionBudget.policy":            poddisruptionbudget.Strategy,
	"Role.rbac.authorization.k8s.io":        role.Strategy,
	"RoleBinding.rbac.authorization.k8s.io": rolebinding.Strategy,
	"ClusterRole.rbac.authorization.k8s.io": clusterrole.Strategy,
	"ClusterRoleBinding.rbac.authorization.k8s.io": clusterrolebinding.Strategy,
	// Without an authorizer they do not ask whether a user may read the parameters.
	"ValidatingAdmissionPolicy.admissionregistration.k8s.io":        validatingadmissionpolicy.NewStrategy(nil, nil),
	"ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io": validatingadmissionpolicybinding.NewStrategy(nil, nil, resolver.ResourceResolverFunc(nil)),
}

// definition is one version of a custom resource, as the API server keeps it.
type definition struct {
	structural *structural.Structural
	strategy   rest.RESTCreateStrategy
}

// validate checks objects as the API server does when they are created: kinds of
// Kubernetes and Knative with their own code, other kinds with their definitions. A
// reference to a missing object is no error.
func validate(t *testing.T, objects ...*unstructured.Unstructured) error {
	t.Helper()
	definitions, errs := definitions(t), []error{manifest.Validate(objects)}
	for _, object := range objects {
		if err := create(object.DeepCopy(), definitions); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", manifest.Title(object), err))
		}
	}
	return errors.Join(errs...)
}

func create(object *unstructured.Unstructured, definitions map[schema.GroupVersionKind]definition) error {
	kind := object.GroupVersionKind()
	defined, isCustom := definitions[kind]
	strategy, isKubernetes := strategies[kind.GroupKind().String()]
	var typed runtime.Object = object
	switch {
	case isCustom:
		strategy = defined.strategy
		unknown := pruning.PruneWithOptions(object.DeepCopy().Object, defined.structural, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
		if len(unknown) > 0 { // which the API server would drop
			return fmt.Errorf("unknown field %q", strings.Join(unknown, ", "))
		}
	case !manifest.Scheme.Recognizes(kind):
		return fmt.Errorf("no schema for %s of %s: check the apiVersion", kind.Kind, kind.GroupVersion())
	case !isKubernetes:
		return nil // Knative's, or of a kind without checks of its own
	default:
		complete, err := manifest.Complete(object)
		if err != nil {
			return nil // reported by manifest.Validate
		}
		typed, err = manifest.Scheme.ConvertToVersion(complete, schema.GroupVersion{Group: kind.Group, Version: runtime.APIVersionInternal})
		if err != nil {
			return err
		}
	}
	accessor, err := meta.Accessor(typed)
	if err != nil {
		return err
	}
	if accessor.GetNamespace() == "" && strategy.NamespaceScoped() {
		accessor.SetNamespace("default") // overlays set the real one
	}
	if service, ok := typed.(*core.Service); ok && service.Spec.ClusterIP != "" {
		service.Spec.ClusterIPs = []string{service.Spec.ClusterIP} // as the API server does
	}
	rest.FillObjectMetaSystemFields(accessor)
	ctx := request.WithRequestInfo(context.Background(), &request.RequestInfo{APIGroup: kind.Group, APIVersion: kind.Version})
	return rest.BeforeCreate(strategy, request.WithNamespace(ctx, accessor.GetNamespace()), typed)
}

// source is where CustomResourceDefinitions are in a Go module.
type source struct{ Module, Folder, Files string }

// operators is the folder of the go.mod that decides the versions of the operators'
// modules. It stands apart, so that their dependencies do not decide those of the release
// command.
const operators = "testdata/modules"

// sources are where the definitions are, by the folder of the go.mod that decides the
// module's version.
var sources = sync.OnceValues(func() (map[string][]source, error) {
	content, err := os.ReadFile(filepath.Join(operators, "definitions.yaml"))
	if err != nil {
		return nil, err
	}
	var byApplication map[string]source
	if err := yaml.UnmarshalStrict(content, &byApplication); err != nil {
		return nil, err
	}
	return map[string][]source{
		".": {
			{Module: "github.com/argoproj/argo-cd/v2", Folder: "manifests/crds", Files: "*-crd.yaml"},
			{Module: "knative.dev/networking", Folder: "config", Files: "domain-claim.yaml"},
		},
		operators: slices.Collect(maps.Values(byApplication)),
	}, nil
})

// definitions returns the custom resources of Argo CD and of the platform's operators, at
// the versions that the platform pins. They come from Go's module proxy: no release page
// and no cluster is asked. They are read once, which takes seconds.
func definitions(t *testing.T) map[schema.GroupVersionKind]definition {
	t.Helper()
	all, err := readDefinitions()
	require.NoError(t, err)
	return all
}

// module returns the folder of one of the sources in Go's module cache.
func module(t *testing.T, path string) string {
	t.Helper()
	found, err := modules()
	require.NoError(t, err)
	require.Contains(t, found, path)
	return found[path]
}

var readDefinitions = sync.OnceValues(func() (map[schema.GroupVersionKind]definition, error) {
	found, err := modules()
	if err != nil {
		return nil, err
	}
	from, err := sources()
	if err != nil {
		return nil, err
	}
	scheme, all := runtime.NewScheme(), map[schema.GroupVersionKind]definition{}
	install.Install(scheme)
	decoder := serializer.NewCodecFactory(scheme).UniversalDecoder()
	for _, group := range from {
		for _, source := range group {
			files, err := filepath.Glob(filepath.Join(found[source.Module], source.Folder, cmp.Or(source.Files, "*.yaml")))
			if err != nil || len(files) == 0 {
				return nil, fmt.Errorf("no definitions in %s of %s: %w", source.Folder, source.Module, err)
			}
			for _, file := range files {
				data, err := os.ReadFile(file)
				if err != nil {
					return nil, err
				}
				read := &apiextensions.CustomResourceDefinition{}
				if err := runtime.DecodeInto(decoder, data, read); err != nil {
					return nil, fmt.Errorf("%s: %w", file, err)
				}
				for _, version := range read.Spec.Versions {
					kind := schema.GroupVersionKind{Group: read.Spec.Group, Version: version.Name, Kind: read.Spec.Names.Kind}
					if all[kind], err = define(read, kind); err != nil {
						return nil, fmt.Errorf("%s: %w", file, err)
					}
				}
			}
		}
	}
	return all, nil
})

func define(read *apiextensions.CustomResourceDefinition, kind schema.GroupVersionKind) (definition, error) {
	written, err := apiextensions.GetSchemaForVersion(read, kind.Version)
	if err != nil {
		return definition{}, err
	}
	shape, err := structural.NewStructural(written.OpenAPIV3Schema)
	if err != nil {
		return definition{}, err
	}
	validator, _, err := validation.NewSchemaValidator(written.OpenAPIV3Schema)
	return definition{shape, customresource.NewStrategy(crdserverscheme.NewUnstructuredObjectTyper(), read.Spec.Scope == apiextensions.NamespaceScoped,
		kind, validator, nil, shape, nil, nil, nil)}, err
}

var modules = sync.OnceValues(func() (map[string]string, error) {
	from, err := sources()
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for folder, group := range from {
		list := exec.Command("sh", "-c", `go mod download "$@" && go list -m -f '{{.Path}} {{.Dir}}' "$@"`, "sh")
		for _, source := range group {
			list.Args = append(list.Args, source.Module)
		}
		list.Dir, list.Stderr = folder, os.Stderr
		output, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("download the modules of %s: %w", folder, err)
		}
		for line := range strings.Lines(string(output)) {
			path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
			found[path] = dir
		}
	}
	return found, nil
})
