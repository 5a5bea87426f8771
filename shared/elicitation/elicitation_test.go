package elicitation

import (
	"encoding/json"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var one, nine = 1.0, 9.0

var every = Schema{Fields: []Field{
	{Name: "zeta", Type: "string", Title: "Class", Enum: []string{"Economy", "Business"}, Default: "Economy"},
	{Name: "alpha", Type: "integer", Minimum: &one, Maximum: &nine, Default: 2.0},
	{Name: "extras", Type: "array", Items: &Items{"string", []string{"Wifi"}}, Default: []any{"Wifi"}},
	{Name: "insured", Type: "string", Enum: []string{"Yes", "No"}},
	{Name: "mail", Type: "string", Format: "email"},
}}

func TestAFormKeepsItsOrder(t *testing.T) {
	encoded, err := json.Marshal(every)
	require.NoError(t, err)
	assert.Equal(t, `{"type":"object","properties":{`+
		`"zeta":{"type":"string","title":"Class","enum":["Economy","Business"],"default":"Economy"},`+
		`"alpha":{"type":"integer","minimum":1,"maximum":9,"default":2},`+
		`"extras":{"type":"array","items":{"type":"string","enum":["Wifi"]},"default":["Wifi"]},`+
		`"insured":{"type":"string","enum":["Yes","No"]},`+
		`"mail":{"type":"string","format":"email"}}}`, string(encoded))
	var decoded Schema
	require.NoError(t, json.Unmarshal(encoded, &decoded))
	assert.Equal(t, every, decoded)
}

func TestAnOlderRevisionGetsAFormItKnows(t *testing.T) {
	assert.Equal(t, every, every.For("2025-11-25", ""))
	encoded, err := json.Marshal(every.For("2025-06-18", ""))
	require.NoError(t, err)
	assert.Equal(t, `{"type":"object","properties":{`+
		`"zeta":{"type":"string","title":"Class","description":"Suggested: \"Economy\".","enum":["Economy","Business"]},`+
		`"alpha":{"type":"integer","description":"Suggested: 2.","minimum":1,"maximum":9},`+
		`"extras":{"type":"string","description":"Suggested: \"Wifi\". Any of these, separated by commas: Wifi."},`+
		`"insured":{"type":"string","enum":["Yes","No"]},`+
		`"mail":{"type":"string","format":"email"}}}`, string(encoded))
}

func TestWhoNamesNoModeShowsForms(t *testing.T) {
	for declared, want := range map[string]bool{
		`null`: false, `{}`: true, `{"form":{}}`: true, `{"form":{"applyDefaults":true}}`: true, `{"url":{}}`: false, `{"url":{},"form":{}}`: true,
	} {
		var capability *mcp.ElicitationCapability
		require.NoError(t, json.Unmarshal([]byte(declared), &capability))
		assert.Equal(t, want, Supported(capability), declared)
	}
	assert.False(t, Known("2025-03-26"))
	assert.False(t, Known(""))
	assert.True(t, Known("2025-06-18"))
}

func TestWhatIsNoFormIsRefused(t *testing.T) {
	for _, broken := range []string{`{}`, `{"properties":[]}`, `{"properties":{"a":5}}`, `5`} {
		assert.Error(t, json.Unmarshal([]byte(broken), new(Schema)), broken)
	}
}

func TestWhatAnOlderRevisionLosesIsSaidInTheFormsLanguage(t *testing.T) {
	schema := Schema{Fields: []Field{{Name: "extras", Type: "array", Default: []any{"WLAN"}, Items: &Items{Type: "string", Enum: []string{"WLAN", "Frühstück"}}}}}
	plain := schema.For("2025-06-18", "de")
	assert.Equal(t, `Vorschlag: "WLAN". Eines oder mehrere davon, durch Kommas getrennt: WLAN, Frühstück.`, plain.Fields[0].Description)
}
