package hosts

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/functions/local"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
	"github.com/sequential-questioning/sequential-questioning/tests/program"
)

// registryModule has the schemas of the MCP registry.
const registryModule = "github.com/modelcontextprotocol/registry@v1.5.0"

// packaged returns the folder that the command package writes for a build like
// goreleaser's, in which every program is the one of this machine.
func packaged(t *testing.T, args ...string) string {
	t.Helper()
	dist, out := t.TempDir(), t.TempDir()
	var artifacts []map[string]string
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/all"} {
		goos, goarch, _ := strings.Cut(platform, "/")
		kind := "Binary"
		if goarch == "all" {
			kind = "Universal Binary"
		}
		name := fmt.Sprintf("%s_%s_%s_%s.tar.gz", product, version.Version, goos, goarch)
		require.NoError(t, os.WriteFile(filepath.Join(dist, name), []byte(platform), 0o600))
		artifacts = append(artifacts,
			map[string]string{"name": product, "path": program.Path(t), "goos": goos, "goarch": goarch, "type": kind},
			map[string]string{"name": name, "path": filepath.Join(dist, name), "goos": goos, "goarch": goarch, "type": "Archive"})
	}
	content, err := json.Marshal(artifacts)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dist, "artifacts.json"), content, 0o600))
	command := exec.Command("go", append([]string{"run", "./functions/local/cmd/package", "--dist", dist, "--out", out}, args...)...)
	command.Dir = root
	output(t, command)
	return out
}

func digest(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

func TestTheRegistryTakesTheEntry(t *testing.T) {
	out := packaged(t)
	var downloaded struct{ Dir string }
	require.NoError(t, json.Unmarshal([]byte(output(t, exec.Command("go", "mod", "download", "-json", registryModule))), &downloaded))
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(downloaded.Dir, "internal", "validators", "schemas", "2025-12-11.json"))
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join(out, "server.json"))
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(content)))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(document))

	var entry struct {
		Schema   string `json:"$schema"`
		Packages []struct{ Identifier, FileSha256 string }
	}
	require.NoError(t, json.Unmarshal(content, &entry))
	assert.Contains(t, entry.Schema, "/2025-12-11/")
	require.Len(t, entry.Packages, 3)
	for _, p := range entry.Packages {
		assert.Contains(t, p.Identifier, "/releases/download/v"+version.Version+"/")
		assert.Equal(t, digest(t, filepath.Join(out, filepath.Base(p.Identifier))), p.FileSha256)
	}
	again := packaged(t)
	for _, p := range entry.Packages {
		assert.Equal(t, p.FileSha256, digest(t, filepath.Join(again, filepath.Base(p.Identifier))), "the same programs give the same bundle")
	}
}

// Claude Desktop unpacks a bundle with the code of mcpb. The bundle brings the machine's
// PostgreSQL here, in the place of one that is made to be moved.
func TestABundleRunsOnceItIsUnpacked(t *testing.T) {
	out := packaged(t)
	name := fmt.Sprintf("%s_%s_linux_amd64.mcpb", product, version.Version)
	m := newMachine(t)
	unpacked := filepath.Join(m.home, "unpacked")
	m.run(t, "mcpb", "unpack", filepath.Join(out, name), unpacked)
	assert.Contains(t, m.run(t, "mcpb", "validate", filepath.Join(unpacked, "manifest.json")), "Manifest schema validation passes")
	var manifest struct {
		Server struct {
			Config struct {
				Command string
				Args    []string
			} `json:"mcp_config"`
		}
		Tools []struct{ Name string }
	}
	content, err := os.ReadFile(filepath.Join(unpacked, "manifest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &manifest))
	assert.Len(t, manifest.Tools, len(local.ToolFunctions))
	if runtime.GOOS+runtime.GOARCH != "linuxamd64" {
		return // the bundle is another machine's
	}
	config, err := json.Marshal(map[string]any{"mcpServers": map[string]any{product: map[string]any{
		"command": strings.ReplaceAll(manifest.Server.Config.Command, "${__dirname}", unpacked), "args": manifest.Server.Config.Args,
		"env": map[string]string{"XDG_DATA_HOME": postgrestest.Folder(t)},
	}}})
	require.NoError(t, err)
	answer := m.run(t, "mcp-inspector", "--cli", "--config", m.write(t, config, "mcp.json"), "--server", product,
		"--method", "tools/call", "--tool-name", "sequential_questioning", "--tool-arg", "context=Book a trip")
	assert.Contains(t, answer, "where you want to go")
}

func TestABundleBringsThePostgreSQLThatItIsGiven(t *testing.T) {
	installation, err := embedded.Find()
	require.NoError(t, err)
	out := packaged(t, "--postgresql", "linux/amd64="+filepath.Dir(installation.Bin))
	m := newMachine(t)
	unpacked := filepath.Join(m.home, "unpacked")
	m.run(t, "mcpb", "unpack", filepath.Join(out, fmt.Sprintf("%s_%s_linux_amd64.mcpb", product, version.Version)), unpacked)
	found := exec.Command(filepath.Join(unpacked, "server", product), "doctor", "--data", filepath.Join(m.home, "data"), "--port", "0")
	found.Env = []string{"PATH=/nowhere"}
	report, err := found.CombinedOutput()
	require.NoError(t, err, string(report))
	assert.Contains(t, string(report), filepath.Join(unpacked, "server", "postgresql", "bin"))
}

func TestTheFormulaNamesTheArchives(t *testing.T) {
	out := packaged(t)
	content, err := os.ReadFile(filepath.Join(out, product+".rb"))
	require.NoError(t, err)
	formula := string(content)
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/all"} {
		name := fmt.Sprintf("%s_%s_%s.tar.gz", product, version.Version, strings.ReplaceAll(platform, "/", "_"))
		assert.Contains(t, formula, fmt.Sprintf("/v%s/%s\"\n      sha256 \"%x\"", version.Version, name, sha256.Sum256([]byte(platform))))
	}
	assert.Contains(t, formula, `depends_on "postgresql@17"`)
}

// Ruby loads the formula as each kind of machine does, by a Formula that notes its fields.
func TestRubyLoadsTheFormula(t *testing.T) {
	ruby, err := exec.LookPath("ruby")
	if err != nil {
		t.Skip("Skipped: Ruby is not on this machine.")
	}
	out := packaged(t)
	formula := filepath.Join(out, product+".rb")
	assert.Contains(t, output(t, exec.Command(ruby, "-wc", formula)), "Syntax OK")
	for machine, platform := range map[string]string{
		"macos intel": "darwin/all", "macos arm": "darwin/all", "linux intel": "linux/amd64", "linux arm": "linux/arm64",
	} {
		var loaded struct {
			Desc, Homepage, Version, License, URL, SHA256 string
			DependsOn                                     []string `json:"depends_on"`
			Installed                                     []string
			Tested                                        string
		}
		load := exec.Command(ruby, append([]string{"-w", absolute(t, "formula.rb"), formula}, strings.Fields(machine)...)...)
		require.NoError(t, json.Unmarshal([]byte(output(t, load)), &loaded), machine)
		name := fmt.Sprintf("%s_%s_%s.tar.gz", product, version.Version, strings.ReplaceAll(platform, "/", "_"))
		assert.Equal(t, local.Identity().WebsiteURL+"/releases/download/v"+version.Version+"/"+name, loaded.URL, machine)
		assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256([]byte(platform))), loaded.SHA256, "the archive's")
		assert.Equal(t, version.Version, loaded.Version)
		assert.Equal(t, local.Identity().WebsiteURL, loaded.Homepage)
		assert.Equal(t, "Apache-2.0", loaded.License)
		assert.LessOrEqual(t, len(loaded.Desc), 80, "Homebrew's limit")
		assert.Equal(t, []string{"postgresql@17"}, loaded.DependsOn)
		assert.Equal(t, []string{product}, loaded.Installed)
		assert.Equal(t, "/bin/"+product+" --version", loaded.Tested)
	}
}

// What is written by hand says the same as the server.
func TestPluginAndExtensionAreOfThisVersion(t *testing.T) {
	for _, path := range []string{"claude-plugin/.claude-plugin/plugin.json", "gemini-extension/gemini-extension.json"} {
		content, err := os.ReadFile(filepath.Join(root, "functions", "local", "packaging", path))
		require.NoError(t, err)
		var written struct{ Name, Version, Description string }
		require.NoError(t, json.Unmarshal(content, &written))
		who := local.Identity()
		assert.Equal(t, []string{who.Name, who.Version, who.Description}, []string{written.Name, written.Version, written.Description}, path)
	}
}
