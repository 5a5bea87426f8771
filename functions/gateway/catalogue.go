package gateway

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/mark3labs/mcp-go/mcp"
)

// embeddedCatalogue is generated from the tools' own definitions by make generate;
// a test fails if they differ. It is part of the program, so discovery depends on
// nothing that could be down.
//
//go:embed catalogue.json
var embeddedCatalogue []byte

// catalogue is what discovery is answered from: the server's identity, the tools
// in the order in which they are listed, and the built-in playbooks.
type catalogue struct {
	server    mcp.Implementation
	tools     []catalogueTool
	playbooks []cataloguePlaybook
}

// cataloguePlaybook is a playbook as it is shown.
type cataloguePlaybook struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Text        string `json:"text"` // Markdown: what it asks
}

// catalogueTool is a tool as it is listed, and the function that serves it. The
// order of the tools is part of the catalogue: clients show them in it.
type catalogueTool struct {
	function string
	asks     bool // the person, by an elicitation
	first    bool // what a new client calls
	resumes  bool // what a client calls that returns to a conversation
	tool     mcp.Tool
}

// parseCatalogue reads a generated catalogue. It refuses whatever would not be
// served exactly as it is written.
func parseCatalogue(data []byte) (*catalogue, error) {
	var document struct {
		Server *mcp.Implementation `json:"server"`
		Tools  []struct {
			FunctionName string          `json:"function"`
			Asks         bool            `json:"asks"`
			First        bool            `json:"first"`
			Resumes      bool            `json:"resumes"`
			Tool         json.RawMessage `json:"tool"`
		} `json:"tools"`
		Playbooks []cataloguePlaybook `json:"playbooks"`
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("catalogue: something follows the document")
	}
	if document.Server == nil || document.Server.Name == "" || document.Server.Version == "" {
		return nil, errors.New("catalogue: server needs a name and a version")
	}
	parsed := &catalogue{server: *document.Server, playbooks: document.Playbooks}
	for i, p := range document.Playbooks {
		if p.Name == "" || p.Text == "" {
			return nil, fmt.Errorf("catalogue: playbook %d: needs a name and a text", i)
		}
	}
	seen := map[string]bool{}
	for i, entry := range document.Tools {
		tool, err := parseTool(entry.Tool)
		if err != nil {
			return nil, fmt.Errorf("catalogue: tool %d: %w", i, err)
		}
		switch {
		case entry.FunctionName == "":
			return nil, fmt.Errorf("catalogue: tool %s: function is missing", tool.Name)
		case seen[tool.Name]:
			return nil, fmt.Errorf("catalogue: tool %s: listed twice", tool.Name)
		}
		seen[tool.Name] = true
		parsed.tools = append(parsed.tools, catalogueTool{entry.FunctionName, entry.Asks, entry.First, entry.Resumes, tool})
	}
	return parsed, nil
}

// parseTool keeps the schemas as they are written.
func parseTool(data json.RawMessage) (mcp.Tool, error) {
	var schemas struct {
		Name   string          `json:"name"`
		Input  json.RawMessage `json:"inputSchema"`
		Output json.RawMessage `json:"outputSchema"`
	}
	var tool mcp.Tool
	if err := json.Unmarshal(data, &schemas); err != nil {
		return tool, err
	}
	if schemas.Name == "" {
		return tool, errors.New("name is missing")
	}
	if !isObject(schemas.Input) {
		return tool, fmt.Errorf("%s: inputSchema is not an object", schemas.Name)
	}
	if schemas.Output != nil && !isObject(schemas.Output) {
		return tool, fmt.Errorf("%s: outputSchema is not an object", schemas.Name)
	}
	if err := json.Unmarshal(data, &tool); err != nil {
		return tool, fmt.Errorf("%s: %w", schemas.Name, err)
	}
	tool.InputSchema, tool.RawInputSchema = mcp.ToolInputSchema{}, schemas.Input
	tool.OutputSchema, tool.RawOutputSchema = mcp.ToolOutputSchema{}, schemas.Output
	return tool, servedWhole(tool, data)
}

// servedWhole reports a member of the written tool that mcp-go would drop or change
// when it lists the tool. A new version of mcp-go that drops a member would
// otherwise change what clients see.
func servedWhole(tool mcp.Tool, written json.RawMessage) error {
	listed, err := json.Marshal(tool)
	if err != nil {
		return fmt.Errorf("%s: %w", tool.Name, err)
	}
	want, err := decodeMembers(written)
	if err != nil {
		return err
	}
	got, err := decodeMembers(listed)
	if err != nil {
		return err
	}
	for name, value := range want {
		if !reflect.DeepEqual(got[name], value) {
			return fmt.Errorf("%s: %s would not be served as written", tool.Name, name)
		}
	}
	return nil
}

// decodeMembers keeps numbers as they are written.
func decodeMembers(object []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	var decoded map[string]any
	err := decoder.Decode(&decoded)
	return decoded, err
}

// isObject reports whether a value is a JSON object. The value is valid JSON.
func isObject(value json.RawMessage) bool {
	trimmed := bytes.TrimSpace(value)
	return len(trimmed) > 0 && trimmed[0] == '{'
}
