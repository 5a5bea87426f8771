package hosts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/tests/program"
)

const (
	product  = "sequential-questioning"
	examples = root + "/docs/examples/hosts"
)

func TestMain(m *testing.M) {
	if _, err := os.Stat("node_modules/.bin/claude"); err != nil {
		fmt.Fprintln(os.Stderr, "error: node_modules is missing; run `make hosts` or `npm ci --prefix tests/hosts`")
		os.Exit(2)
	}
	postgrestest.Main(program.Runner{M: m}, migrations.Up)
}

// machine is a user's machine with the program installed and nothing configured.
type machine struct {
	home string
	env  []string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	home, bin := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(program.Path(t), filepath.Join(bin, product)))
	modules, err := filepath.Abs("node_modules/.bin")
	require.NoError(t, err)
	return machine{home, []string{
		"HOME=" + home, "PATH=" + strings.Join([]string{bin, modules, os.Getenv("PATH")}, ":"),
		"XDG_DATA_HOME=" + postgrestest.Folder(t), "CODEX_HOME=" + filepath.Join(home, ".codex"),
		"GEMINI_CLI_TRUST_WORKSPACE=true", "MCP_INSPECTOR_SECRET_STORE=memory", "NO_COLOR=1", "CI=1",
	}}
}

// run runs a host's own program, and returns what it prints.
func (m machine) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join("node_modules", ".bin", name), args...)
	path, err := filepath.Abs(command.Path)
	require.NoError(t, err)
	command.Path, command.Dir, command.Env = path, m.home, m.env
	command.WaitDelay = time.Second
	var output, log bytes.Buffer
	command.Stdout, command.Stderr = &output, &log
	require.NoError(t, command.Run(), "%s%s", &output, &log)
	return output.String() + log.String()
}

// write writes a host's configuration.
func (m machine) write(t *testing.T, content []byte, path ...string) string {
	t.Helper()
	file := filepath.Join(append([]string{m.home}, path...)...)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, content, 0o600))
	return file
}

func example(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(examples, name))
	require.NoError(t, err)
	return content
}

// entry is the server's in an example.
func entry(t *testing.T, name, servers string) json.RawMessage {
	t.Helper()
	var parsed map[string]map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(example(t, name), &parsed), name)
	require.Contains(t, parsed[servers], product, name)
	return parsed[servers][product]
}

func TestClaudeCodeConnects(t *testing.T) {
	url := program.Start(t, []string{"DATABASE_URL=" + postgrestest.New(t)}).URL
	for name, server := range map[string]string{
		"by standard input and output": string(entry(t, "claude-code.json", "mcpServers")),
		"by HTTP":                      strings.ReplaceAll(string(entry(t, "claude-code-http.json", "mcpServers")), "http://127.0.0.1:8420/mcp", url),
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.run(t, "claude", "mcp", "add-json", "-s", "user", product, server)
			assert.Regexp(t, product+`: .*Connected`, m.run(t, "claude", "mcp", "list"))
		})
	}
	m := newMachine(t)
	m.run(t, "claude", readmeLine(t, "claude")...)
	assert.Regexp(t, product+`: .*Connected`, m.run(t, "claude", "mcp", "list"))
	assert.Contains(t, m.run(t, "claude", "plugin", "validate", absolute(t, root+"/functions/local/packaging/claude-plugin")), "Validation passed")
}

// readmeLine returns the arguments of the README's first command for a host.
func readmeLine(t *testing.T, name string) []string {
	t.Helper()
	readme, err := os.ReadFile(root + "/README.md")
	require.NoError(t, err)
	line := regexp.MustCompile("\\| `" + name + " (mcp add [^`]+)` \\|").FindSubmatch(readme)
	require.NotNil(t, line, "the README connects no %s", name)
	return strings.Fields(string(line[1]))
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	require.NoError(t, err)
	return abs
}

func TestGeminiConnects(t *testing.T) {
	m := newMachine(t)
	m.write(t, example(t, "gemini-cli.json"), ".gemini", "settings.json")
	assert.Regexp(t, product+`: .*Connected`, m.run(t, "gemini", "mcp", "list"))
	m = newMachine(t)
	m.run(t, "gemini", readmeLine(t, "gemini")...)
	assert.Regexp(t, product+`: .*`+product+` --stdio`, m.run(t, "gemini", "mcp", "list"))
	assert.Contains(t, m.run(t, "gemini", "extensions", "validate", absolute(t, root+"/functions/local/packaging/gemini-extension")), "successfully validated")
}

func TestCodexReadsItsConfiguration(t *testing.T) {
	m := newMachine(t)
	m.write(t, example(t, "codex.toml"), ".codex", "config.toml")
	var servers []struct {
		Name      string
		Enabled   bool
		Transport struct {
			Type, Command string
			Args          []string
		}
		Start   float64 `json:"startup_timeout_sec"`
		Timeout float64 `json:"tool_timeout_sec"`
	}
	listed := m.run(t, "codex", "mcp", "list", "--json")
	require.NoError(t, json.NewDecoder(strings.NewReader(listed[strings.Index(listed, "[\n"):])).Decode(&servers), listed)
	require.Len(t, servers, 1)
	assert.Equal(t, product, servers[0].Name)
	assert.True(t, servers[0].Enabled)
	assert.Equal(t, "stdio", servers[0].Transport.Type)
	assert.Equal(t, product, servers[0].Transport.Command)
	assert.Equal(t, []string{"--stdio"}, servers[0].Transport.Args)
	assert.Equal(t, []float64{60, 600}, []float64{servers[0].Start, servers[0].Timeout})

	m = newMachine(t)
	m.write(t, nil, ".codex", "config.toml")
	m.run(t, "codex", readmeLine(t, "codex")...)
	assert.Regexp(t, product+` +`+product+` +--stdio .*enabled`, m.run(t, "codex", "mcp", "list"))
}

// The Inspector reads the format that Claude, Cursor and Windsurf share, and starts what
// is written there.
func TestFilesOfTheSharedFormatLeadToAQuestion(t *testing.T) {
	url := program.Start(t, []string{"DATABASE_URL=" + postgrestest.New(t)}).URL
	for _, name := range []string{"claude-desktop.json", "claude-code.json", "cursor.json", "windsurf.json", "mcp-remote.json"} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			content := strings.ReplaceAll(string(example(t, name)), "http://127.0.0.1:8420/mcp", url)
			// The pinned version, instead of the newest that npx would fetch.
			content = strings.ReplaceAll(content, `"npx",`, `"mcp-remote",`)
			content = strings.ReplaceAll(content, `"-y", "mcp-remote", `, "")
			config := m.write(t, []byte(content), "mcp.json")
			answer := m.run(t, "mcp-inspector", "--cli", "--config", config, "--server", product,
				"--method", "tools/call", "--tool-name", "sequential_questioning", "--tool-arg", "context=Book a trip")
			assert.Contains(t, answer, "where you want to go")
		})
	}
}

// No program of these hosts is to be had here: their files are held to the shape that
// their documentation gives.
func TestTheOtherHostsFilesHaveTheirShape(t *testing.T) {
	type started struct {
		Type, Source, Command string
		Args                  []string
	}
	for name, c := range map[string]struct {
		servers string
		want    started
	}{
		"vscode.json": {"servers", started{Type: "stdio", Command: product, Args: []string{"--stdio"}}},
		"zed.json":    {"context_servers", started{Source: "custom", Command: product, Args: []string{"--stdio"}}},
	} {
		var got started
		require.NoError(t, json.Unmarshal(entry(t, name, c.servers), &got), name)
		assert.Equal(t, c.want, got, name)
	}
	var goose struct {
		Extensions map[string]struct {
			Name, Type, Cmd string
			Args            []string
			Enabled         bool
			Timeout         int
		}
	}
	require.NoError(t, yaml.Unmarshal(example(t, "goose.yaml"), &goose))
	extension := goose.Extensions[product]
	assert.Equal(t, []any{product, "stdio", product, true}, []any{extension.Name, extension.Type, extension.Cmd, extension.Enabled})
	assert.Equal(t, []string{"--stdio"}, extension.Args)
}

func TestEveryExampleIsListedAndTested(t *testing.T) {
	readme, err := os.ReadFile(root + "/docs/examples/hosts/README.md")
	require.NoError(t, err)
	source, err := os.ReadFile("hosts_test.go")
	require.NoError(t, err)
	files, err := os.ReadDir(examples)
	require.NoError(t, err)
	for _, file := range files {
		if file.Name() != "README.md" {
			assert.Contains(t, string(readme), "("+file.Name()+")")
			assert.Contains(t, string(source), `"`+file.Name()+`"`)
		}
	}
}

// The libraries are installed by pip into .bin, once for each list of versions.
func TestPythonsClientLibrariesHoldAConversation(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import sys, venv; sys.exit(sys.version_info < (3, 10))").Run() != nil {
		t.Skip("Skipped: there is no Python 3.10 or newer with venv on this machine.")
	}
	for requirements, libraries := range map[string][]string{
		"requirements.txt":      {"mcp", "fastmcp", "pydantic-ai", "openai-agents"},
		"requirements-mcp1.txt": {"langchain-mcp-adapters"},
	} {
		environment := virtualEnvironment(t, python, requirements)
		for _, library := range libraries {
			t.Run(library, func(t *testing.T) {
				m := newMachine(t)
				command := exec.CommandContext(t.Context(), environment, absolute(t, "python/conversation.py"), library, program.Path(t))
				command.Dir, command.Env = m.home, m.env
				out, err := command.CombinedOutput()
				require.NoError(t, err, string(out))
				assert.Contains(t, string(out), `"tools": 7`)
			})
		}
	}
}

// virtualEnvironment returns the Python of an environment with what a file lists.
func virtualEnvironment(t *testing.T, python, requirements string) string {
	t.Helper()
	list := absolute(t, filepath.Join("python", requirements))
	wanted, err := os.ReadFile(list)
	require.NoError(t, err)
	folder := absolute(t, filepath.Join(root, ".bin", "python-"+strings.TrimSuffix(requirements, ".txt")))
	installed := filepath.Join(folder, "installed.txt")
	if have, err := os.ReadFile(installed); err != nil || !bytes.Equal(have, wanted) {
		require.NoError(t, os.RemoveAll(folder))
		for _, args := range [][]string{{python, "-m", "venv", folder}, {filepath.Join(folder, "bin", "pip"), "install", "--quiet", "--requirement", list}} {
			out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
			require.NoError(t, err, string(out))
		}
		require.NoError(t, os.WriteFile(installed, wanted, 0o600))
	}
	return filepath.Join(folder, "bin", "python")
}
