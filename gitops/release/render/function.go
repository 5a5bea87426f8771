package render

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v2"
	"knative.dev/func/pkg/functions"
)

// readFunction reads the func.yaml of a folder. It must satisfy func's rules and ours: no
// unknown fields, and no field that rendering would lose.
// Errors name the field in func.yaml; the caller adds the file.
func readFunction(folder string) (functions.Function, error) {
	var none functions.Function
	data, err := os.ReadFile(filepath.Join(folder, functions.FunctionFile))
	if err != nil {
		return none, err
	}
	// func itself reads a file leniently and would drop a misspelled setting.
	if err := yaml.UnmarshalStrict(data, &functions.Function{}); err != nil {
		return none, fmt.Errorf("read: %w", err)
	}
	function, err := load(data)
	if err != nil {
		return none, fmt.Errorf("read: %w", err)
	}
	if err := function.Validate(); err != nil {
		return none, fmt.Errorf("validate: %w", err)
	}
	// The gateway's addresses, the images and the manifests are all named by the
	// folder.
	if name := filepath.Base(folder); function.Name != name {
		return none, fmt.Errorf("name is %q, want %q: the gateway finds a function by the name of its folder", function.Name, name)
	}
	if function.Runtime != "go" {
		return none, fmt.Errorf("runtime is %q, want \"go\": images are built from Go programs", function.Runtime)
	}
	if left := unmapped(function); len(left) > 0 {
		return none, fmt.Errorf("%s: set but not supported by rendering: remove it, or add it to gitops/release/render", strings.Join(left, ", "))
	}
	return function, nil
}

// load makes func read a copy, because func writes into the folder it reads from.
// It is read by func's own code, so migrations of older formats are its task.
func load(data []byte) (functions.Function, error) {
	folder, err := os.MkdirTemp("", "render-")
	if err != nil {
		return functions.Function{}, err
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, functions.FunctionFile), data, 0o644); err != nil {
		return functions.Function{}, err
	}
	return functions.NewFunction(folder)
}

// unmapped returns the paths of fields that serviceFor does not read, including fields
// that a later version of func adds. It clears what is read in a copy, and reports all
// that is left. So a field is refused until somebody decides what it means here.
// To support another field, read it in serviceFor and clear it here.
func unmapped(f functions.Function) []string {
	// Fields that describe the function, not its deployment.
	f.SpecVersion, f.Name, f.Runtime, f.Invoke = "", "", "", ""
	f.Created = functions.Function{}.Created
	// Fields that serviceFor reads.
	f.Run.Envs = nil
	f.Deploy.Annotations, f.Deploy.Labels = nil, nil
	f.Deploy.HealthEndpoints = functions.HealthEndpoints{}
	f.Deploy.ServiceAccountName, f.Deploy.ImagePullSecret = "", ""
	if scale := f.Deploy.Options.Scale; scale != nil {
		rest := *scale
		rest.Min, rest.Max, rest.Metric, rest.Target, rest.Utilization = nil, nil, nil, nil, nil
		f.Deploy.Options.Scale = &rest
	}
	if resources := f.Deploy.Options.Resources; resources != nil {
		rest := *resources
		if rest.Requests != nil {
			requests := *rest.Requests
			requests.CPU, requests.Memory = nil, nil
			rest.Requests = &requests
		}
		if rest.Limits != nil {
			limits := *rest.Limits
			limits.CPU, limits.Memory, limits.Concurrency = nil, nil, nil
			rest.Limits = &limits
		}
		f.Deploy.Options.Resources = &rest
	}

	// What is set is what remains in the YAML: omitempty leaves out the rest.
	data, err := yaml.Marshal(f)
	if err != nil {
		return []string{err.Error()}
	}
	var rest yaml.MapSlice
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&rest); err != nil {
		return []string{err.Error()}
	}
	left := leaves(rest, "")
	// func always writes these two.
	return slices.DeleteFunc(left, func(path string) bool { return path == "specVersion" || path == "created" })
}

// leaves are the dotted paths of what is set.
func leaves(fields yaml.MapSlice, prefix string) (paths []string) {
	for _, field := range fields {
		path := prefix + fmt.Sprint(field.Key)
		if inner, ok := field.Value.(yaml.MapSlice); ok {
			paths = append(paths, leaves(inner, path+".")...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}
