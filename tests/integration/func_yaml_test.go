package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/shared/schema"
)

// knativeFunc is the release whose schema func.yaml has to satisfy. It is read
// from the module rather than required: what it drags in does not resolve.
const knativeFunc = "knative.dev/func@v0.50.1"

func TestEveryFunctionIsAKnativeFunction(t *testing.T) {
	t.Parallel()
	knative := funcSchema(t)
	files, err := filepath.Glob("../../functions/*/func.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 4)
	for _, file := range files {
		folder := filepath.Base(filepath.Dir(file))
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var document map[string]any
		require.NoError(t, yaml.Unmarshal(data, &document), file)
		normalised, err := json.Marshal(document)
		require.NoError(t, err)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(normalised))
		require.NoError(t, err)
		assert.NoError(t, knative.Validate(value), file)
		assert.Equal(t, folder, document["name"], "the gateway finds a function by its folder's name")
		assert.FileExists(t, filepath.Join("../../functions", folder, "cmd", folder, "main.go"))
		assert.FileExists(t, filepath.Join("../../functions", folder, "function.go"))
	}
}

func funcSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	download := exec.Command("go", "mod", "download", "-json", knativeFunc)
	download.Dir = t.TempDir()
	output, err := download.Output()
	require.NoError(t, err, "%s", output)
	var module struct{ Dir string }
	require.NoError(t, json.Unmarshal(output, &module))
	raw, err := os.ReadFile(filepath.Join(module.Dir, "schema", "func_yaml-schema.json"))
	require.NoError(t, err)
	compiled, err := schema.Compile(t.Context(), raw)
	require.NoError(t, err)
	return compiled
}
