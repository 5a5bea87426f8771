package render

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	yamlv2 "gopkg.in/yaml.v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"knative.dev/func/pkg/functions"
	"knative.dev/networking/pkg/apis/networking"
	"knative.dev/serving/pkg/apis/serving"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

// supported are the fields of func.yaml that service.yaml.tmpl reads, and those that describe the
// function and not its deployment. All others are refused until somebody decides what they
// mean here, also those that a later version of func adds.
var supported = []string{
	"specVersion", "name", "runtime", "invoke", "created",
	"run.envs",
	"deploy.annotations", "deploy.labels", "deploy.healthEndpoints.liveness", "deploy.healthEndpoints.readiness",
	"deploy.options.scale.min", "deploy.options.scale.max", "deploy.options.scale.metric",
	"deploy.options.scale.target", "deploy.options.scale.utilization",
	"deploy.options.resources.requests.cpu", "deploy.options.resources.requests.memory",
	"deploy.options.resources.limits.cpu", "deploy.options.resources.limits.memory",
	"deploy.options.resources.limits.concurrency",
}

// What a value in func.yaml can refer to: a key of a Secret or ConfigMap, and a variable of the
// machine. Validate has checked the form.
var (
	reference = regexp.MustCompile(`^{{\s*(secret|configMap):([^:\s]+):([^:\s]+)\s*}}$`)
	ofMachine = regexp.MustCompile(`{{\s*env:.*}}`)
)

//go:embed service.yaml.tmpl
var serviceText string

var service = template.Must(template.New("service").Funcs(template.FuncMap{
	"json": func(value any) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	},
	"ofService": ofService,
	// The canonical form, or Argo CD would always see a difference. Validate has read it.
	"quantity":  func(text string) string { q := resource.MustParse(text); return q.String() },
	"reference": func(value *string) []string { return reference.FindStringSubmatch(*value) },
}).Parse(serviceText))

// ofService reports which annotations belong to the Service and not to its revisions: Argo
// CD's, and those that Knative reads only there.
func ofService(key string) bool {
	group, _, _ := strings.Cut(key, "/")
	return key == serving.RolloutDurationKey || group == networking.PublicGroupName || strings.HasSuffix(group, "argoproj.io")
}

// render returns the Service of the function in a folder. func.yaml must satisfy func's rules
// and ours, and the Service Knative's, as its webhook will check them.
// Errors name the field in func.yaml; the caller adds the file.
func render(folder string) (*unstructured.Unstructured, error) {
	data, err := os.ReadFile(filepath.Join(folder, functions.FunctionFile))
	if err != nil {
		return nil, err
	}
	function := functions.Function{Root: folder}
	var fields map[string]any
	// func itself reads a file leniently and would drop a misspelled setting.
	if err := errors.Join(yamlv2.UnmarshalStrict(data, &function), yaml.Unmarshal(data, &fields)); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if left := unsupported(fields, ""); len(left) > 0 {
		return nil, fmt.Errorf("%s: set but not supported by rendering: remove it, or add it to gitops/release/render", strings.Join(left, ", "))
	}
	if err := function.Validate(); err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	// The gateway's addresses, the images and the manifests are all named by the folder.
	if name := filepath.Base(folder); function.Name != name {
		return nil, fmt.Errorf("name is %q, want %q: the gateway finds a function by the name of its folder", function.Name, name)
	}
	for _, env := range function.Run.Envs {
		if env.Name == nil {
			return nil, fmt.Errorf("run.envs: %s takes all keys: name each variable, and refer to its key as {{ secret:NAME:KEY }}", *env.Value)
		}
	}
	// A manifest has to be the same on every machine.
	if machine := ofMachine.Find(data); machine != nil {
		return nil, fmt.Errorf("%s depends on the machine that renders: write the value, or refer to a Secret or ConfigMap", machine)
	}
	labels, err := function.LabelsMap()
	if err != nil {
		return nil, fmt.Errorf("deploy.labels: %w", err)
	}
	labels["app.kubernetes.io/name"] = function.Name
	var text bytes.Buffer
	if err := service.Execute(&text, struct {
		functions.Function
		Labels map[string]string
	}{function, labels}); err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict(text.Bytes(), &object.Object); err != nil {
		return nil, err
	}
	return object, manifest.Validate([]*unstructured.Unstructured{object})
}

// unsupported returns the dotted paths of what is set and not supported.
func unsupported(fields map[string]any, prefix string) (paths []string) {
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		path := prefix + key
		if slices.Contains(supported, path) {
			continue
		}
		if inner, ok := fields[key].(map[string]any); ok {
			paths = append(paths, unsupported(inner, path+".")...)
		} else {
			paths = append(paths, path)
		}
	}
	return paths
}
