package conformance

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/tests/program"
)

// Each client starts processes of its own, several at a time, which share the database
// of one data folder, as the hosts of one user do.
func TestTheProgramServesHostsThatStartItThemselves(t *testing.T) {
	started := (&url.URL{Scheme: "stdio", Path: program.Path(t), RawQuery: url.Values{"XDG_DATA_HOME": {postgrestest.Folder(t)}}.Encode()}).String()
	t.Run("at once", func(t *testing.T) {
		for _, client := range clients {
			for name, promise := range map[string]string{
				"describes its capabilities": "discovery",
				"completes a conversation":   "whole",
			} {
				t.Run(name+"/"+client, func(t *testing.T) {
					t.Parallel()
					keep(t, promise, client, started)
				})
			}
			t.Run("elicits answers from the person/"+client, func(t *testing.T) {
				t.Parallel()
				ask(t, "whole", client, started, 1)
			})
		}
		t.Run("names the field in bad input", func(t *testing.T) {
			t.Parallel()
			keep(t, "mistakes", clients[0], started)
		})
		t.Run("continues after a form was closed", func(t *testing.T) {
			t.Parallel()
			ask(t, "cancelled", clients[1], started, 1)
		})
	})
	left := keep(t, "begin", clients[0], started)
	keep(t, "resume", clients[1], started, left)
	assert.NotEmpty(t, left, "a conversation is continued by another process and client")
}
