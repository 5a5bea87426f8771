package automatic_test

import (
	"context"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/conversationtest"
	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, postgrestest.Migrated) }

var stateKeys = keyring.Generate()

var (
	defaults         = conversationtest.Defaults
	trip, tripValues = conversationtest.Trip, conversationtest.TripValues
)

// asking is an Automatic whose forms a person may decline at once.
func asking(t testing.TB, url string, adjust ...func(*automatic.Config)) *automatic.Service {
	t.Helper()
	config := automatic.Config{FormSize: 3, ShownAfter: time.Nanosecond, RequestStateKeys: stateKeys}
	for _, change := range adjust {
		change(&config)
	}
	a, err := automatic.New(conversationtest.On(t, url, 4), config)
	require.NoError(t, err)
	t.Cleanup(a.Close)
	return a
}

func newAsking(t testing.TB, adjust ...func(*automatic.Config)) (*automatic.Service, string) {
	url := postgrestest.New(t)
	return asking(t, url, adjust...), url
}

// dialogue is a client that shows forms, call by call.
type dialogue struct {
	t        testing.TB
	on       *automatic.Service
	in       automatic.Input
	exchange elicitation.Exchange
	result   automatic.Result
	form     *elicitation.Ask // nil once there is a result
}

func begin(t testing.TB, on *automatic.Service, in automatic.Input) *dialogue {
	t.Helper()
	d := &dialogue{t: t, on: on, in: in, exchange: elicitation.Exchange{Elicits: true}}
	d.call(t.Context())
	return d
}

func (d *dialogue) call(ctx context.Context) {
	d.t.Helper()
	var err error
	d.result, d.form, err = d.on.Ask(ctx, d.in, d.exchange)
	require.NoError(d.t, err)
}

func (d *dialogue) respond(action mcp.ElicitationResponseAction, content map[string]any) {
	d.t.Helper()
	require.NotNil(d.t, d.form, "the call has ended: %s", d.result.Next)
	d.exchange = elicitation.Exchange{Elicits: true, State: d.form.State,
		Response: &mcp.ElicitationResponse{Action: action, Content: content}}
	d.call(d.t.Context())
}

func accepted(content map[string]any) *mcp.ElicitationResponse {
	return &mcp.ElicitationResponse{Action: mcp.ElicitationResponseActionAccept, Content: content}
}

func (d *dialogue) accept(content map[string]any) { d.t.Helper(); d.respond("accept", content) }

// ownWords is the form's field for them.
const ownWords = "in_your_own_words"

// fields of the form, without the one for own words.
func (d *dialogue) fields() []elicitation.Field {
	d.t.Helper()
	require.NotNil(d.t, d.form, "the call has ended: %s", d.result.Next)
	fields := d.form.Form.Schema.Fields
	last := len(fields) - 1
	require.Equal(d.t, ownWords, fields[last].Name)
	return fields[:last]
}

// answer fills in every question of the form from values by slot.
func (d *dialogue) answer(values map[string]any) {
	d.t.Helper()
	content := map[string]any{}
	for _, f := range d.fields() {
		if value, ok := values[f.Name]; ok {
			content[f.Name] = value
		}
	}
	d.accept(content)
}

func tripInput() automatic.Input {
	return automatic.Input{Context: "Book a trip", InformationNeeded: trip}
}

// These read the database as its administrator, all principals included.
var count, stored, conversationOf = storetest.Count, storetest.Rows, storetest.OnlyConversation
