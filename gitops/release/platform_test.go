package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
)

const platformProject = "sequential-questioning-platform"

var repositoryRoot = filepath.Join("..", "..")

// platform is gitops/platform as Argo CD sees it.
type platform struct {
	root         []*unstructured.Unstructured // applied by an administrator
	project      v1alpha1.AppProject
	applications []v1alpha1.Application // the root Application and its children
	functions    []v1alpha1.Application // its children of the functions' projects
	own          map[string][]*unstructured.Unstructured
}

func readPlatform(t *testing.T) platform {
	t.Helper()
	p := platform{root: buildFolder(t, "gitops/platform"), own: map[string][]*unstructured.Unstructured{}}
	for _, object := range p.root {
		switch object.GetKind() {
		case "AppProject":
			if object.GetName() == platformProject {
				decodeInto(t, object, &p.project)
			}
		case "Application":
			p.applications = append(p.applications, application(t, object))
		}
	}
	require.Len(t, p.applications, 1)
	for _, object := range buildFolder(t, p.applications[0].Spec.Source.Path) {
		child := application(t, object)
		if child.Spec.Project == platformProject {
			p.applications = append(p.applications, child)
		} else {
			p.functions = append(p.functions, child)
		}
	}
	for _, each := range p.applications {
		if source := each.Spec.Source; source.RepoURL == ownRepository(t) {
			p.own[each.Name] = buildFolder(t, source.Path)
		}
	}
	// With managed PostgreSQL nothing deploys it, and it must be right nevertheless.
	p.own["platform-postgres"] = buildFolder(t, "gitops/platform/postgres")
	return p
}

func ownRepository(t *testing.T) string {
	t.Helper()
	mine, err := owner.Read(repositoryRoot)
	require.NoError(t, err)
	return mine.Repository()
}

// chosen reports whether the owner made the choice.
func chosen(t *testing.T, choice string) bool {
	t.Helper()
	mine, err := owner.Read(repositoryRoot)
	require.NoError(t, err)
	return slices.Contains(mine.Choices, choice)
}

// objects returns all platform objects of this repository.
func (p platform) objects() (all []*unstructured.Unstructured) {
	all = slices.Clone(p.root)
	for _, objects := range p.own {
		all = append(all, objects...)
	}
	return all
}

func (p platform) object(t *testing.T, application, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range p.own[application] {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	require.Failf(t, "missing", "%s brings no %s %s", application, kind, name)
	return nil
}

// buildFolder builds a folder once for all tests; the result must not be changed.
func buildFolder(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	build, _ := builds.LoadOrStore(folder, sync.OnceValues(func() ([]*unstructured.Unstructured, error) {
		return manifest.Build(filepath.Join(repositoryRoot, filepath.FromSlash(folder)))
	}))
	objects, err := build.(func() ([]*unstructured.Unstructured, error))()
	require.NoError(t, err)
	return objects
}

var builds sync.Map

func application(t *testing.T, object *unstructured.Unstructured) (application v1alpha1.Application) {
	t.Helper()
	decodeInto(t, object, &application)
	return application
}

func decodeInto(t *testing.T, object *unstructured.Unstructured, into any) {
	t.Helper()
	data, err := object.MarshalJSON()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

func readDocuments(t *testing.T, file string) (objects []*unstructured.Unstructured) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
		object := &unstructured.Unstructured{}
		if decoder.Decode(object) != nil {
			require.NotEmpty(t, objects, file)
			return objects
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

func values[T any](t *testing.T, object map[string]any, path ...string) T {
	t.Helper()
	value, found, err := unstructured.NestedFieldNoCopy(object, path...)
	require.NoError(t, err)
	require.True(t, found, "%v", path)
	typed, ok := value.(T)
	require.True(t, ok, "%v is a %T", path, value)
	return typed
}
