package render

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/func/pkg/functions"
	"knative.dev/networking/pkg/apis/networking"
	"knative.dev/pkg/ptr"
	"knative.dev/serving/pkg/apis/autoscaling"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// ImagePrefix is the part before the function's name in the manifests' image names.
// gitops/images maps these names to repositories and digests.
const ImagePrefix = "sequential-questioning/"

// unprivileged is the user and group of the images' base (gitops/release/images), which
// own nothing in it.
const (
	serviceAccount = "sequential-questioning"
	nameLabel      = "app.kubernetes.io/name"
	syncWave       = "argocd.argoproj.io/sync-wave"
	// Knative's default, written out so that tests can compare it with the functions'
	// timeouts.
	timeoutSeconds = 300
	unprivileged   = 65532
)

// serviceFor maps a function as func deploy does, with the security settings of every pod
// here. unmapped refuses the fields that it does not read.
// Everything that differs by environment is left to the overlays.
func serviceFor(f functions.Function) (*servingv1.Service, error) {
	labels, err := labelsOf(f)
	if err != nil {
		return nil, err
	}
	container, err := containerFor(f)
	if err != nil {
		return nil, err
	}
	service := &servingv1.Service{
		TypeMeta: metav1.TypeMeta{APIVersion: servingv1.SchemeGroupVersion.String(), Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{
			Name:        f.Name,
			Labels:      labels,
			Annotations: map[string]string{syncWave: wave(labels)},
		},
	}
	template := &service.Spec.Template
	template.Labels = maps.Clone(labels)
	delete(template.Labels, networking.VisibilityLabelKey) // the route's
	template.Annotations = scaleAnnotations(f.Deploy.Options.Scale)
	for key, value := range f.Deploy.Annotations {
		ofService, ofTemplate := placesOf(key)
		if ofService {
			service.Annotations[key] = value
		}
		if ofTemplate {
			template.Annotations[key] = value
		}
	}

	// It bounds a request from its first byte to its last.
	template.Spec.TimeoutSeconds = ptr.Int64(timeoutSeconds)
	if resources := f.Deploy.Options.Resources; resources != nil && resources.Limits != nil {
		template.Spec.ContainerConcurrency = resources.Limits.Concurrency
	}
	template.Spec.ServiceAccountName = serviceAccount
	if f.Deploy.ServiceAccountName != "" {
		template.Spec.ServiceAccountName = f.Deploy.ServiceAccountName
	}
	if f.Deploy.ImagePullSecret != "" {
		template.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: f.Deploy.ImagePullSecret}}
	}
	// No function calls the Kubernetes API.
	template.Spec.AutomountServiceAccountToken = ptr.Bool(false)
	// Variables for each Service in the namespace would only make pods differ.
	template.Spec.EnableServiceLinks = ptr.Bool(false)
	template.Spec.Containers = []corev1.Container{container}
	return service, nil
}

// labelsOf are the labels of func.yaml and the name's; one that would differ from
// machine to machine is refused.
func labelsOf(f functions.Function) (map[string]string, error) {
	for i, label := range f.Deploy.Labels {
		if label.Value != nil && strings.HasPrefix(*label.Value, "{{") {
			return nil, fmt.Errorf("deploy.labels[%d] %s: %s depends on the machine that renders: write the value", i, *label.Key, *label.Value)
		}
	}
	labels, err := f.LabelsMap()
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	labels[nameLabel] = f.Name
	return labels, nil
}

// wave returns the sync wave: functions that public ones call are deployed first. A
// gateway that is up before its functions would answer that they are down.
func wave(labels map[string]string) string {
	if labels[networking.VisibilityLabelKey] == serving.VisibilityClusterLocal {
		return "0"
	}
	return "1"
}

// placesOf reports where an annotation of func.yaml belongs. Like func deploy, it puts
// custom annotations on both.
func placesOf(key string) (service, template bool) {
	group, _, _ := strings.Cut(key, "/")
	switch {
	case key == serving.RolloutDurationKey, group == networking.PublicGroupName, strings.HasSuffix(group, "argoproj.io"):
		return true, false
	case strings.HasSuffix(group, "knative.dev"):
		return false, true
	}
	return true, true
}

// scaleAnnotations sets only what func.yaml sets; Knative's configuration decides the
// rest.
func scaleAnnotations(scale *functions.ScaleOptions) map[string]string {
	annotations := map[string]string{}
	if scale == nil {
		return annotations
	}
	if scale.Min != nil {
		annotations[autoscaling.MinScaleAnnotationKey] = strconv.FormatInt(*scale.Min, 10)
	}
	if scale.Max != nil {
		annotations[autoscaling.MaxScaleAnnotationKey] = strconv.FormatInt(*scale.Max, 10)
	}
	if scale.Metric != nil {
		annotations[autoscaling.MetricAnnotationKey] = *scale.Metric
	}
	if scale.Target != nil {
		annotations[autoscaling.TargetAnnotationKey] = decimal(*scale.Target)
	}
	if scale.Utilization != nil {
		annotations[autoscaling.TargetUtilizationPercentageKey] = decimal(*scale.Utilization)
	}
	return annotations
}

// decimal writes a number as a person would, without an exponent.
func decimal(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

// containerFor gives every function the restricted profile of Kubernetes' Pod Security
// Standards, which the policies also demand.
func containerFor(f functions.Function) (corev1.Container, error) {
	variables, sources, err := environment(f.Run.Envs)
	if err != nil {
		return corev1.Container{}, err
	}
	resources, err := resourcesOf(f.Deploy.Options.Resources)
	if err != nil {
		return corev1.Container{}, err
	}
	return corev1.Container{
		Name:           "user-container", // Knative's default, so that patches can name it
		Image:          ImagePrefix + f.Name,
		Env:            variables,
		EnvFrom:        sources,
		Resources:      resources,
		ReadinessProbe: probe(f.Deploy.HealthEndpoints.Readiness),
		LivenessProbe:  probe(f.Deploy.HealthEndpoints.Liveness),
		SecurityContext: &corev1.SecurityContext{
			RunAsNonRoot:             ptr.Bool(true),
			RunAsUser:                ptr.Int64(unprivileged),
			RunAsGroup:               ptr.Int64(unprivileged),
			ReadOnlyRootFilesystem:   ptr.Bool(true),
			AllowPrivilegeEscalation: ptr.Bool(false),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}, nil
}

// probe leaves out the port, which defaults to the container's, and the period: without
// one Knative probes readiness every 50 ms while an instance starts.
func probe(path string) *corev1.Probe {
	if path == "" {
		return nil
	}
	return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path}}}
}

// resourcesOf reads requests and limits; what is left out has none. Whether all pods
// must have some is for the policies.
func resourcesOf(options *functions.ResourcesOptions) (corev1.ResourceRequirements, error) {
	var resources corev1.ResourceRequirements
	if options == nil {
		return resources, nil
	}
	var err error
	if requests := options.Requests; requests != nil {
		if resources.Requests, err = quantities(requests.CPU, requests.Memory); err != nil {
			return resources, fmt.Errorf("deploy.options.resources.requests.%w", err)
		}
	}
	if limits := options.Limits; limits != nil {
		if resources.Limits, err = quantities(limits.CPU, limits.Memory); err != nil {
			return resources, fmt.Errorf("deploy.options.resources.limits.%w", err)
		}
	}
	return resources, nil
}

// quantities reads CPU and memory; nil is one that is not set.
func quantities(cpu, memory *string) (corev1.ResourceList, error) {
	list := corev1.ResourceList{}
	// The order does not matter: the result is a map.
	for name, text := range map[corev1.ResourceName]*string{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory} {
		if text == nil {
			continue
		}
		quantity, err := resource.ParseQuantity(*text)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a quantity: %w", name, *text, err)
		}
		// Build a new one: a parsed quantity is encoded as it was written.
		list[name] = *resource.NewDecimalQuantity(*quantity.AsDec(), quantity.Format)
	}
	return list, nil
}
