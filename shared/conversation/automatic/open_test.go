package automatic_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
	"github.com/sequential-questioning/sequential-questioning/shared/tool/tooltest"
)

func TestOpenConnectsToNothing(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
	t.Setenv("REQUEST_STATE_KEYS", stateKeys)
	a, err := automatic.Open()
	require.NoError(t, err)
	a.Close()
}

func TestOpenNamesTheSettingThatIsWrong(t *testing.T) {
	for name, value := range map[string]string{"REQUEST_STATE_KEYS": "short", "DATABASE_URL": ""} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
			t.Setenv("REQUEST_STATE_KEYS", stateKeys)
			t.Setenv(name, value)
			_, err := automatic.Open()
			assert.ErrorContains(t, err, name)
			assert.NotContains(t, err.Error(), stateKeys)
		})
	}
}

func TestEveryProviderTakesWhatIsDeclared(t *testing.T) {
	t.Parallel()
	asks := tool.DefineAsking(tool.Definition{
		Name: automatic.ToolName, Title: "T", Description: "A tool.",
		Schemas: automatic.Schemas(), Refine: automatic.Refine, Declare: conversation.Declare,
	}, (&automatic.Service{}).Ask)
	assert.Empty(t, tooltest.Lint(asks.Declaration))
	for _, rounds := range []string{"0", "9"} {
		_, err := asks.Call(t.Context(), json.RawMessage(`{"context": "x", "max_rounds": `+rounds+`}`))
		var invalid *fault.Invalid
		require.ErrorAs(t, err, &invalid)
		assert.Equal(t, "max_rounds", invalid.Field)
	}
}

func TestWhatTheClientKnowsIsOnNoForm(t *testing.T) {
	t.Parallel()
	a, _ := newAsking(t)
	in := tripInput()
	in.Known = []conversation.Known{{Slot: "destination", Value: "Lisbon", Text: "to Lisbon"}, {Slot: "colour", Value: "red"}, {Slot: "budget", Value: "plenty"}}
	d := begin(t, a, in)
	require.NotNil(t, d.form)
	keys := map[string]bool{}
	for _, field := range d.fields() {
		keys[field.Name] = true
	}
	assert.False(t, keys["destination"])
	assert.True(t, keys["budget"], "what was not read is asked")
	d.respond("decline", nil)
	for name, shown := range hosts {
		assert.Contains(t, shown(t, d.result), "colour: red", "what found no slot is reported: %s", name)
	}
	report, err := a.Report(t.Context(), conversation.ReportInput{ConversationID: d.result.ConversationID})
	require.NoError(t, err)
	assert.Equal(t, "to Lisbon", report.Citations["destination"][0].Words)
}
