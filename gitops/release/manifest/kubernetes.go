package manifest

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	podapi "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/admissionregistration"
	admissionvalidation "k8s.io/kubernetes/pkg/apis/admissionregistration/validation"
	"k8s.io/kubernetes/pkg/apis/apps"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
	"k8s.io/kubernetes/pkg/apis/rbac"
	rbacvalidation "k8s.io/kubernetes/pkg/apis/rbac/validation"

	// They register kinds, defaults and conversions in legacyscheme.Scheme.
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
)

var (
	kubernetesKinds = legacyscheme.Scheme
	// Decode strictly, set defaults and convert to the internal version, which Kubernetes
	// validates.
	kubernetesDecoder = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDecoder()
)

// validateKubernetes checks an object as the API server does when it is created. It
// needs no cluster, so what only a cluster knows, such as whether a class exists, is
// not checked.
// The version of Kubernetes is that of go.mod, which need not be the cluster's.
func validateKubernetes(data []byte) error {
	object, err := runtime.Decode(kubernetesDecoder, data)
	if err != nil {
		return err
	}
	accessor, err := meta.Accessor(object)
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	if !clusterScoped(object) && accessor.GetNamespace() == "" {
		accessor.SetNamespace(metav1.NamespaceDefault) // overlays set the real one
	}
	return validateInternal(object).ToAggregate()
}

// clusterScoped lists the kinds without a namespace that manifests here have. One that
// is missing here would be refused for its namespace, which shows at once.
func clusterScoped(object runtime.Object) bool {
	switch object.(type) {
	case *core.Namespace, *rbac.ClusterRole, *rbac.ClusterRoleBinding,
		*admissionregistration.ValidatingAdmissionPolicy, *admissionregistration.ValidatingAdmissionPolicyBinding:
		return true
	}
	return false
}

// validateInternal runs the API server's checks for creation. Kinds that are not listed
// here are only decoded.
// A new kind in the manifests therefore deserves a case here.
func validateInternal(object runtime.Object) field.ErrorList {
	switch object := object.(type) {
	case *core.ConfigMap:
		return corevalidation.ValidateConfigMap(object)
	case *core.Secret:
		return corevalidation.ValidateSecret(object)
	case *core.ServiceAccount:
		return corevalidation.ValidateServiceAccount(object)
	case *core.Namespace:
		return corevalidation.ValidateNamespace(object)
	case *core.Service:
		if object.Spec.ClusterIP != "" && len(object.Spec.ClusterIPs) == 0 {
			object.Spec.ClusterIPs = []string{object.Spec.ClusterIP} // as the API server does
		}
		return corevalidation.ValidateServiceCreate(object)
	case *core.ResourceQuota:
		return corevalidation.ValidateResourceQuota(object)
	case *core.LimitRange:
		return corevalidation.ValidateLimitRange(object)
	case *batch.Job:
		// The API server would set the selector.
		errs := corevalidation.ValidateObjectMeta(&object.ObjectMeta, true, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
		template := batch.JobTemplateSpec{ObjectMeta: object.ObjectMeta, Spec: object.Spec}
		return append(errs, batchvalidation.ValidateJobTemplateSpec(&template, nil, podOptions(&object.Spec.Template))...)
	case *batch.CronJob:
		return batchvalidation.ValidateCronJobCreate(object, podOptions(&object.Spec.JobTemplate.Spec.Template))
	case *apps.Deployment:
		return appsvalidation.ValidateDeployment(object, podOptions(&object.Spec.Template))
	case *apps.StatefulSet:
		return appsvalidation.ValidateStatefulSet(object, podOptions(&object.Spec.Template))
	case *apps.DaemonSet:
		return appsvalidation.ValidateDaemonSet(object, podOptions(&object.Spec.Template))
	case *networking.NetworkPolicy:
		return networkingvalidation.ValidateNetworkPolicy(object, networkingvalidation.NetworkPolicyValidationOptions{})
	case *policy.PodDisruptionBudget:
		return policyvalidation.ValidatePodDisruptionBudget(object, policyvalidation.PodDisruptionBudgetValidationOptions{})
	case *rbac.Role:
		return rbacvalidation.ValidateRole(object)
	case *rbac.RoleBinding:
		return rbacvalidation.ValidateRoleBinding(object)
	case *rbac.ClusterRole:
		return rbacvalidation.ValidateClusterRole(object, rbacvalidation.ClusterRoleValidationOptions{})
	case *rbac.ClusterRoleBinding:
		return rbacvalidation.ValidateClusterRoleBinding(object)
	case *admissionregistration.ValidatingAdmissionPolicy:
		return admissionvalidation.ValidateValidatingAdmissionPolicy(object)
	case *admissionregistration.ValidatingAdmissionPolicyBinding:
		return admissionvalidation.ValidateValidatingAdmissionPolicyBinding(object)
	}
	return nil
}

// podOptions are the features that a pod may use by default in this version. There is
// no earlier pod whose features would stay allowed.
func podOptions(template *core.PodTemplateSpec) corevalidation.PodValidationOptions {
	return podapi.GetValidationOptionsFromPodTemplate(template, nil)
}
