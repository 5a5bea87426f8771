package render

import (
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/func/pkg/functions"
)

// reference matches a value in func.yaml that refers to a Secret, ConfigMap or variable.
// Functions.Validate has checked the form.
var reference = regexp.MustCompile(`^{{\s*(secret|configMap|env):([^:\s]+)(?::([^:\s]+))?\s*}}$`)

// environment translates run.envs. An entry without a name takes all keys of a Secret
// or ConfigMap. Order is kept: in Kubernetes a later variable may refer to an earlier
// one.
// Whether a Secret exists is not known here; a pod that lacks one does not start.
func environment(envs functions.Envs) ([]corev1.EnvVar, []corev1.EnvFromSource, error) {
	var variables []corev1.EnvVar
	var sources []corev1.EnvFromSource
	for i, env := range envs {
		value := *env.Value
		parts := reference.FindStringSubmatch(value)
		// Functions.Validate admits only references without a name.
		if env.Name == nil {
			name := corev1.LocalObjectReference{Name: parts[2]}
			if parts[1] == "secret" {
				sources = append(sources, corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: name}})
			} else {
				sources = append(sources, corev1.EnvFromSource{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: name}})
			}
			continue
		}
		variable := corev1.EnvVar{Name: *env.Name}
		switch {
		case parts == nil:
			variable.Value = value
		// A manifest has to be the same on every machine.
		case parts[1] == "env":
			return nil, nil, fmt.Errorf("run.envs[%d] %s: %s depends on the machine that renders: write the value, or refer to a Secret or ConfigMap", i, *env.Name, value)
		case parts[1] == "secret":
			variable.ValueFrom = &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: parts[2]}, Key: parts[3]}}
		default:
			variable.ValueFrom = &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: parts[2]}, Key: parts[3]}}
		}
		variables = append(variables, variable)
	}
	return variables, sources, nil
}
