package integration

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// Whatever was on its way when the program was killed is sent again; what had
// been stored is not stored twice.
func TestKilledInTheMiddleOfCallsNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	environment := []string{"DATABASE_URL=" + url}
	const slots = 60
	var names []string
	for i := range slots {
		names = append(names, fmt.Sprintf("slot %d", i))
	}
	p := start(t, environment)
	turn := callTool(t, connect(t, p.URL), "sequential_questioning", map[string]any{"context": "x", "information_needed": names})
	id := turn["conversation_id"]

	var kills atomic.Int32
	c := connect(t, p.URL)
	for i := range slots {
		if i%20 == 10 {
			time.AfterFunc(2*time.Millisecond, p.Kill)
			kills.Add(1)
		}
		arguments := map[string]any{"conversation_id": id, "answers": []map[string]any{{"slot": fmt.Sprintf("slot_%d", i), "text": fmt.Sprint("answer ", i)}}}
		for try := 0; ; try++ {
			require.Less(t, try, 10)
			if tryTool(t, c, "sequential_questioning_follow_up", arguments) == nil {
				break
			}
			p.Kill()
			p = start(t, environment)
			c = connect(t, p.URL)
		}
	}
	assert.EqualValues(t, 3, kills.Load())
	assert.Equal(t, slots, count(t, url, `SELECT count(*) FROM answers`))
	assert.Equal(t, slots, count(t, url, `SELECT count(DISTINCT words) FROM answers`))
	assert.Equal(t, slots, count(t, url, `SELECT max(number) FROM answers`))
	report := callTool(t, connect(t, p.URL), "sequential_questioning_report", map[string]any{"conversation_id": id})
	assert.Len(t, report["values"], slots)
	assert.Equal(t, true, report["valid"])
}

func tryTool(t *testing.T, c *client.Client, name string, arguments map[string]any) error {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var request mcp.CallToolRequest
	request.Params.Name, request.Params.Arguments = name, arguments
	result, err := c.CallTool(ctx, request)
	if err == nil && result.IsError {
		err = fmt.Errorf("%v", result.Content)
	}
	return err
}
