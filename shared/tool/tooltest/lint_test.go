package tooltest

import (
	"encoding/json"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
)

func TestTheLintFindsWhatAProviderRefuses(t *testing.T) {
	good := `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}`
	with := func(property string) string { return `{"type":"object","properties":{"a":` + property + `}}` }
	for input, says := range map[string]string{
		good: "",
		with(`{"type":"array","items":{"type":"object","properties":{"b":{"type":"boolean"}}}}`): "",
		with(`{"type":["object","array"]}`):                                                  "single type",
		with(`{"description":"anything"}`):                                                   "single type",
		with(`true`):                                                                         "bare true",
		with(`{"type":"array"}`):                                                             "without items",
		with(`{"type":"array","items":true}`):                                                "without items",
		with(`{"type":"array","items":{}}`):                                                  "single type",
		with(`{"type":"object"}`):                                                            "without properties",
		with(`{"type":"object","properties":{}}`):                                            "without properties",
		with(`{"type":"string","properties":{"b":{"type":"string"}}}`):                       "not for the type string",
		with(`{"$ref":"#/$defs/x"}`):                                                         "$ref",
		with(`{"anyOf":[{"type":"string"},{"type":"number"}]}`):                              "anyOf",
		with(`{"type":"integer","enum":[1,2]}`):                                              "enum",
		with(`{"type":"string","enum":[]}`):                                                  "enum",
		with(`{"type":"integer","minimum":1}`):                                               "minimum",
		with(`{"type":"string","default":"x"}`):                                              "default",
		`{"anyOf":[{"type":"object"}]}`:                                                      "no object with properties",
		`{"type":"object","properties":{"a":{"type":"string"}},"required":["b"]}`:            "requires b",
		`{"type":"object","properties":{"a b":{"type":"string"}}}`:                           "no name",
		`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":true}`: "additionalProperties",
	} {
		problems := Lint(mcp.Tool{Name: "t", Description: "d", RawInputSchema: json.RawMessage(input), RawOutputSchema: json.RawMessage(`{"type":"object"}`)})
		if says == "" {
			assert.Empty(t, problems, input)
			continue
		}
		if assert.NotEmpty(t, problems, input) {
			assert.Contains(t, problems[0]+problems[len(problems)-1], says, input)
		}
	}
	for output, says := range map[string]string{
		`{"type":"object","properties":{"a":{"type":"array","items":{"type":"object"}}}}`:    "",
		`{"type":"object","properties":{"a":true}}`:                                          "output.a: is a bare true",
		`{"type":"object","properties":{"a":{}}}`:                                            "output.a: has no single type",
		`{"type":"object","properties":{"a":{"type":"array","items":true}}}`:                 "output.a[]: is a bare true",
		`{"type":"object","properties":{"a":{"type":"object","additionalProperties":true}}}`: "output.a.*: is a bare true",
		`{"type":"object","properties":{"a":{"type":["string","null"]}}}`:                    "output.a: has no single type",
		`{"type":"array"}`: "output: is no object",
	} {
		problems := Lint(mcp.Tool{Name: "t", Description: "d", RawInputSchema: json.RawMessage(good), RawOutputSchema: json.RawMessage(output)})
		if says == "" {
			assert.Empty(t, problems, output)
			continue
		}
		if assert.NotEmpty(t, problems, output) {
			assert.Contains(t, problems[0], says, output)
		}
	}
	assert.NotEmpty(t, Lint(mcp.Tool{Name: "a b", Description: "", RawInputSchema: json.RawMessage(good), RawOutputSchema: json.RawMessage(`{"type":"object"}`)}))
}
