package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

func TestEverySecretIsInTheReadme(t *testing.T) {
	t.Parallel()
	p := readPlatform(t)
	needed := set{}
	for _, object := range append(p.objects(), buildFolder(t, "gitops/platform/postgres/recovery")...) {
		for _, secret := range references(object.Object, false) {
			needed.add(namespaceOfSecrets(object) + "/" + secret)
		}
	}
	readme, err := os.ReadFile(filepath.Join(repositoryRoot, "gitops/platform/README.md"))
	require.NoError(t, err)
	listed := set{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| `([a-z-]+)` \\|").FindAllStringSubmatch(string(readme), -1) {
		listed.add(row[1] + "/" + row[2])
	}
	assert.Equal(t, needed.sorted(), listed.sorted())
}

// references returns the names of the Secrets that an object reads, without those that an
// operator writes.
func references(tree any, inside bool) (names []string) {
	switch node := tree.(type) {
	case []any:
		for _, each := range node {
			names = append(names, references(each, inside)...)
		}
	case map[string]any:
		if name, ok := node["name"].(string); ok && inside {
			return []string{name}
		}
		for key, each := range node {
			switch key {
			case "secretName":
				names = append(names, each.(string))
			case "secrets": // of the Prometheus operator
				for _, name := range each.([]any) {
					names = append(names, name.(string))
				}
			case "privateKeySecretRef", "template":
				if key == "template" {
					names = append(names, references(each, false)...)
				}
			default:
				names = append(names, references(each, secretKeys.MatchString(key))...)
			}
		}
	}
	return names
}

// Fields for a Secret's name in Kubernetes, CloudNativePG, the Barman plugin, cert-manager
// and the Prometheus operator.
var secretKeys = regexp.MustCompile(`(?i)^(secret|.*secretRef|.*secretKeyRef|passwordSecret|s3Credentials|accessKeyId|secretAccessKey|region|imagePullSecrets|credentials)$`)

func namespaceOfSecrets(object *unstructured.Unstructured) string {
	if object.GetKind() == "ClusterIssuer" {
		return "cert-manager" // cert-manager's default
	}
	return object.GetNamespace()
}

func TestNoSecretIsInGit(t *testing.T) {
	t.Parallel()
	for _, object := range readPlatform(t).objects() {
		switch object.GetKind() {
		case "Secret":
			// A configuration, which some operators want as a Secret: it names the
			// files that its own secrets are in.
			for name, encoded := range values[map[string]any](t, object.Object, "data") {
				content, err := base64.StdEncoding.DecodeString(encoded.(string))
				require.NoError(t, err)
				assert.NotRegexp(t, credentials, string(content), "%s: %s", manifest.Title(object), name)
			}
			assert.NotContains(t, object.Object, "stringData", manifest.Title(object))
		case "SealedSecret":
			_, plain, err := unstructured.NestedFieldNoCopy(object.Object, "spec", "template", "data")
			require.NoError(t, err)
			assert.False(t, plain, "%s has unsealed data", manifest.Title(object))
		}
	}
}

var credentials = regexp.MustCompile(`(?im)^[\s-]*["']?\w*(password|secret|token|credentials|api_?key|routing_key|service_key|url)["']?\s*:`)

func TestEveryImageHasAVersion(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, object := range append(readPlatform(t).objects(), buildFolder(t, "gitops/platform/postgres/recovery")...) {
		for _, image := range manifest.Images(object.Object) {
			seen++
			_, version, found := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
			assert.True(t, found, "%s: %s has neither tag nor digest", manifest.Title(object), image)
			assert.Regexp(t, `\d`, version, "%s: %s", manifest.Title(object), image)
			assert.NotContains(t, version, "latest")
			host, _, _ := strings.Cut(image, "/")
			assert.Contains(t, host, ".", "%s: %s does not name its registry", manifest.Title(object), image)
		}
	}
	assert.Positive(t, seen)
}
